//! `wasm-opt`, as far as Chatr needs it: takes the names of functions out of a module, and leaves the rest alone.
//!
//! cargo-leptos calls a program of this name in every release build. Binaryen's own would make our module smaller and
//! its compressed form larger, which is what travels: 500 KiB against 471 when it was measured, and 40 seconds.

use std::{env, fs, process::ExitCode};

/// Magic number and version.
const PREAMBLE: usize = 8;
const CUSTOM: u8 = 0;
const NAMES: &[u8] = b"name";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("wasm-opt: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Understands what cargo-leptos passes: options, `IN -o OUT`.
fn run(arguments: &[String]) -> Result<(), String> {
    if arguments.iter().any(|argument| argument == "--version") {
        println!("wasm-opt of Chatr, which only takes names out");
        return Ok(());
    }
    let at = arguments.iter().position(|argument| argument == "-o");
    let output = at
        .and_then(|at| arguments.get(at + 1))
        .ok_or("where to? give -o FILE")?;
    let input = arguments
        .iter()
        .find(|argument| !argument.starts_with('-'))
        .ok_or("which module? give a .wasm file")?;
    let module = fs::read(input).map_err(|why| format!("{input}: {why}"))?;
    let smaller = without_names(&module).ok_or_else(|| format!("{input} is no WASM module"))?;
    fs::write(output, smaller).map_err(|why| format!("{output}: {why}"))
}

/// The same module without the section that holds names.
fn without_names(module: &[u8]) -> Option<Vec<u8>> {
    let mut kept = module.get(..PREAMBLE)?.to_vec();
    let mut rest = &module[PREAMBLE..];
    while let Some(kind) = rest.first() {
        let (length, from) = number(rest, 1)?;
        let content = rest.get(from..from + length)?;
        if !(*kind == CUSTOM && is_called(content, NAMES)?) {
            kept.extend_from_slice(&rest[..from + length]);
        }
        rest = &rest[from + length..];
    }
    Some(kept)
}

fn is_called(content: &[u8], name: &[u8]) -> Option<bool> {
    let (length, from) = number(content, 0)?;
    Some(content.get(from..from + length)? == name)
}

/// A number in LEB128, and where what follows begins.
fn number(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte < 0x80 {
            return Some((number, at));
        }
    }
}
