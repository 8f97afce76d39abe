//! `wasm-opt`, as far as Chatr needs it: makes what travels of a module smaller, and leaves every instruction alone.
//!
//! cargo-leptos calls a program of this name in every release build, after wasm-bindgen and before it makes the
//! JavaScript small. Binaryen's own would make our module smaller and its compressed form larger, which is what
//! travels: 288 KiB against 279 when it was last measured, and 50 seconds. What helps instead: no names that only people
//! read, short ones between module and JavaScript (theirs end in a hash, which nothing compresses), and functions in an
//! order that compresses well (`order`): 258 KiB then, and 3 of 10 less of JavaScript.

mod module;
mod order;
mod short;

use std::{env, fs, path::Path, process::ExitCode};

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
        println!("wasm-opt of Chatr, which takes names out and sorts");
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
    let no_module = || format!("{input} is no WASM module");
    let module = module::without_custom(&module).ok_or_else(no_module)?;
    let module = order::in_order(&module)?;
    // The JavaScript that loads this module is beside it.
    let script = Path::new(output).with_extension("js");
    let module = match fs::read_to_string(&script) {
        Err(_) => module,
        Ok(text) => {
            let (module, text) = short::names(&module, &text).ok_or_else(no_module)?;
            fs::write(&script, text).map_err(|why| format!("{}: {why}", script.display()))?;
            module
        }
    };
    fs::write(output, module).map_err(|why| format!("{output}: {why}"))
}
