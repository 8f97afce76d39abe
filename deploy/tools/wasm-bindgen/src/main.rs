//! `wasm-bindgen`: turns the compiled frontend into a module and the JavaScript that loads it.
//!
//! It understands the options that cargo-leptos and `deploy/tools/site.sh` pass, and refuses every other one: an option
//! that is silently ignored would give a page that differs from what was asked for.

mod idle;
mod module;
mod order;
mod split;

use std::path::Path;
use std::{env, fs, process::ExitCode};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("wasm-bindgen: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let mut bindgen = Bindgen::new();
    let mut module = None;
    let mut folder = None;
    let mut out_name = String::new();
    for argument in arguments {
        match argument.split_once('=').unwrap_or((&argument, "")) {
            ("--version" | "-V", _) => {
                println!("wasm-bindgen {}", env!("CARGO_PKG_VERSION"));
                return Ok(());
            }
            ("--target", "web") => {
                bindgen.web(true).map_err(|error| error.to_string())?;
            }
            ("--out-name", name) => {
                bindgen.out_name(name);
                name.clone_into(&mut out_name);
            }
            ("--out-dir", path) => folder = Some(path.to_owned()),
            ("--keep-lld-exports", _) => {
                bindgen.keep_lld_exports(true);
            }
            ("--no-demangle", _) => {
                bindgen.demangle(false);
            }
            ("--debug", _) => {
                bindgen.debug(true);
            }
            ("--keep-debug", _) => {
                bindgen.keep_debug(true);
            }
            ("--remove-name-section", _) => {
                bindgen.remove_name_section(true);
            }
            (option, _) if option.starts_with('-') => {
                return Err(format!("unknown option {argument}"));
            }
            _ => module = Some(argument),
        }
    }
    let module = module.ok_or("which module? give a .wasm file")?;
    let folder = folder.ok_or("where to? give --out-dir=FOLDER")?;
    let split = split::split(Path::new(&module))?;
    let module = match &split {
        Some(split) => {
            bindgen.keep_lld_exports(true);
            split.main.clone()
        }
        None => module.into(),
    };
    let bytes = fs::read(&module).map_err(|why| format!("{}: {why}", module.display()))?;
    let bytes = idle::without_idle(&bytes).ok_or("this is no WASM module")?;
    bindgen.input_bytes(&out_name, bytes);
    bindgen
        .generate(&folder)
        .map_err(|error| format!("{error:#}"))?;
    match split {
        Some(split) => split.finish(Path::new(&folder), &out_name),
        None => Ok(()),
    }
}
