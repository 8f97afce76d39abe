//! Splits the program: what only one function of it leads to (`#[wasm_split]` in the source marks it) becomes a module
//! of its own, which the page fetches when it wants it.
//!
//! The work is that of `wasm_split_cli_support`, as in `cargo leptos build --split`. Different here: the JavaScript
//! that fetches is part of the main module's and not one more file to wait for; and the other module's name is made of
//! the content of both, so that a page never joins its own program to a part of another build.

use crate::module::{CUSTOM, Reader, Section, sections, without_custom};
use crate::order::in_order;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, process};
use wasm_split_cli_support::{Options, transform};

/// In a module whose linker wrote down where each function stands (`frontend/build.rs`): it is to be split.
const MARK: &str = "reloc.CODE";
/// Where the main module takes its loader from.
const LINK: &str = "./__wasm_split.js";
const LOADER: &str = "__wasm_split_load_";
const SCRIPT: &str = include_str!("later.js");

/// A split program: what wasm-bindgen is to read, and what is beside it.
pub struct Split {
    scratch: PathBuf,
    /// The main module.
    pub main: PathBuf,
    part: PathBuf,
}

/// `None`: this module is to stay whole.
pub fn split(module: &Path) -> Result<Option<Split>, String> {
    let bytes = fs::read(module).map_err(|why| format!("{}: {why}", module.display()))?;
    let marked = sections(&bytes).ok_or("this is no WASM module")?;
    if !marked.iter().any(|section| name(section) == Some(MARK)) {
        return Ok(None);
    }
    let scratch = env::temp_dir().join(format!("wasm-split-{}", process::id()));
    let main = scratch.join("main.wasm");
    let mut options = Options::new(&bytes);
    options.output_dir = &scratch;
    options.main_out_path = &main;
    options.link_name = LINK;
    let parts = transform(options).map_err(|error| format!("{error:#}"))?;
    let [part] = &parts.split_modules[..] else {
        return Err("more than one name in wasm_split: each would be a file of its own".into());
    };
    let part = part.clone();
    Ok(Some(Split {
        scratch,
        main,
        part,
    }))
}

impl Split {
    /// Puts the other module into the folder, and the way to it into the JavaScript that wasm-bindgen wrote there.
    pub fn finish(self, folder: &Path, out_name: &str) -> Result<(), String> {
        let read = |path: &Path| fs::read(path).map_err(|why| format!("{}: {why}", path.display()));
        let (main, part) = (read(&self.main)?, read(&self.part)?);
        let title = self.part.file_stem().and_then(|stem| stem.to_str());
        let title = title
            .and_then(|stem| stem.strip_prefix("split_"))
            .ok_or("a part without a name")?;
        let mut hasher = DefaultHasher::new();
        hasher.write(&main);
        hasher.write(&part);
        let file = format!("{title}.{:016x}.wasm", hasher.finish());
        let part = without_custom(&part).ok_or("the part is no WASM module")?;
        let part = in_order(&part)?;
        fs::write(folder.join(&file), part).map_err(|why| format!("{file}: {why}"))?;

        let path = folder.join(format!("{out_name}.js"));
        let script =
            fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let (import, rest) = script
            .split_once('\n')
            .filter(|(first, _)| first.contains(LINK))
            .ok_or("wasm-bindgen's JavaScript does not begin with the import of the loader")?;
        let object = import
            .split_whitespace()
            .nth(3)
            .filter(|_| import.starts_with("import * as "))
            .ok_or("the import of the loader has no name")?;
        let loader = SCRIPT
            .replace("LINK", object)
            .replace("LOADER", &format!("{LOADER}{title}"))
            .replace("FILE", &file);
        fs::write(&path, format!("{rest}{loader}"))
            .map_err(|why| format!("{}: {why}", path.display()))?;
        fs::remove_dir_all(&self.scratch)
            .map_err(|why| format!("{}: {why}", self.scratch.display()))
    }
}

/// The name of a custom section.
fn name<'a>(section: &Section<'a>) -> Option<&'a str> {
    match section.kind {
        CUSTOM => Reader(section.content).text(),
        _ => None,
    }
}
