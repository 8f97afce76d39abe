//! `wasm-opt`, as far as Chatr needs it: takes out of a module what no browser reads, and leaves the rest alone.
//!
//! cargo-leptos calls a program of this name in every release build. Binaryen's own would make our module smaller and
//! its compressed form larger, which is what travels: 500 KiB against 471 when it was measured, and 40 seconds.

use std::{env, fs, process::ExitCode};
use wasm_bindgen_program::module::{Reader, Rewritten, kind, rewrite};

/// What no browser reads: names of functions, and who made the module with what.
const IDLE: [&str; 3] = ["name", "producers", "target_features"];

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
        println!("wasm-opt of Chatr, which only takes out what no browser reads");
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
    let smaller = without_idle(&module).ok_or_else(|| format!("{input} is no WASM module"))?;
    fs::write(output, smaller).map_err(|why| format!("{output}: {why}"))
}

/// The same module without its idle sections.
fn without_idle(module: &[u8]) -> Option<Vec<u8>> {
    rewrite(module, |kind, content| {
        let idle = kind == kind::CUSTOM && IDLE.contains(&Reader::new(content).text()?);
        Some(if idle {
            Rewritten::Gone
        } else {
            Rewritten::Same
        })
    })
}
