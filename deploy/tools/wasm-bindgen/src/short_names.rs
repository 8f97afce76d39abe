//! Short names for what a module and its JavaScript give each other. wasm-bindgen makes them unique by a hash of 16
//! digits, which no compression makes smaller: 6 KiB of Chatr's, half in each of the two files.

use crate::module::{self, Reader, Rewritten, kind, write_bytes, write_number};
use std::collections::HashMap;
use std::{fs, path::Path};

/// A function among the imports; wasm-bindgen makes no others.
const FUNCTION: u8 = 0;

/// Gives both files of a finished module short names.
pub fn shorten(folder: &Path, name: &str) -> Result<(), String> {
    let (code, script) = (
        folder.join(format!("{name}_bg.wasm")),
        folder.join(format!("{name}.js")),
    );
    let problem = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let module = fs::read(&code).map_err(|why| problem(&code, &why))?;
    let text = fs::read_to_string(&script).map_err(|why| problem(&script, &why))?;
    let mut names = Names::default();
    let module = names
        .rename(&module)
        .ok_or_else(|| problem(&code, &"not as wasm-bindgen writes it"))?;
    fs::write(&code, module).map_err(|why| problem(&code, &why))?;
    fs::write(&script, names.rename_in(&text)).map_err(|why| problem(&script, &why))
}

/// Old names and their new ones.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn short(&mut self, name: &str) -> &str {
        let next = self.0.len();
        self.0
            .entry(name.to_owned())
            .or_insert_with(|| format!("_{next}"))
    }

    /// The module with short names.
    fn rename(&mut self, module: &[u8]) -> Option<Vec<u8>> {
        module::rewrite(module, |kind, content| match kind {
            kind::IMPORT => self.imports(content).map(Rewritten::New),
            kind::EXPORT => self.exports(content).map(Rewritten::New),
            _ => Some(Rewritten::Same),
        })
    }

    fn imports(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        let (mut read, mut out) = (Reader::new(content), Vec::new());
        let count = read.number()?;
        write_number(&mut out, count);
        for _ in 0..count {
            let (from, name) = (read.text()?, read.text()?);
            write_bytes(&mut out, from.as_bytes());
            write_bytes(&mut out, self.short(name).as_bytes());
            if read.byte()? != FUNCTION {
                return None;
            }
            out.push(FUNCTION);
            write_number(&mut out, read.number()?);
        }
        Some(out)
    }

    /// Only what carries a hash: the rest is for others to call by its name.
    fn exports(&mut self, content: &[u8]) -> Option<Vec<u8>> {
        let (mut read, mut out) = (Reader::new(content), Vec::new());
        let count = read.number()?;
        write_number(&mut out, count);
        for _ in 0..count {
            let name = read.text()?;
            let name = if has_hash(name) {
                self.short(name)
            } else {
                name
            };
            write_bytes(&mut out, name.as_bytes());
            out.push(read.byte()?);
            write_number(&mut out, read.number()?);
        }
        Some(out)
    }

    /// The same words in JavaScript.
    fn rename_in(&self, script: &str) -> String {
        let mut out = String::with_capacity(script.len());
        let mut rest = script;
        while !rest.is_empty() {
            let word = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(word);
            out.push_str(self.0.get(word).map_or(word, String::as_str));
            let next = after.find(is_of_word).unwrap_or(after.len());
            let (between, after) = after.split_at(next);
            out.push_str(between);
            rest = after;
        }
        out
    }
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// Whether a name has the sixteen digits behind an `h`, with which the compiler makes names unique.
fn has_hash(name: &str) -> bool {
    let mut parts = name.rsplit("__h");
    let hash = parts.next().unwrap_or_default();
    let digits = hash.split('_').next().unwrap_or_default();
    digits.len() == 16 && digits.bytes().all(|b| b.is_ascii_hexdigit()) && parts.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `(import "./m.js" "__wbg_a_0123…" (func (type 0)))` and three exports.
    fn module() -> Vec<u8> {
        let mut imports = vec![1];
        write_bytes(&mut imports, b"./m.js");
        write_bytes(&mut imports, b"__wbg_log_0123456789abcdef");
        imports.extend([FUNCTION, 0]);
        let mut exports = vec![2];
        write_bytes(&mut exports, b"memory");
        exports.extend([2, 0]);
        write_bytes(&mut exports, b"invoke__h0123456789abcdef");
        exports.extend([0, 1]);
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        for (kind, content) in [(kind::IMPORT, imports), (kind::EXPORT, exports)] {
            module.push(kind);
            write_bytes(&mut module, &content);
        }
        module
    }

    #[test]
    fn names_are_short_and_the_same_in_both_files() {
        let mut names = Names::default();
        let renamed = names.rename(&module()).expect("a module");
        let text = String::from_utf8_lossy(&renamed).into_owned();
        assert!(!text.contains("0123456789abcdef"), "{text}");
        assert!(text.contains("memory") && text.contains("./m.js"), "{text}");
        let script = "x = {__wbg_log_0123456789abcdef: (a$) => wasm.invoke__h0123456789abcdef(a$)}; wasm.memory";
        assert_eq!(
            names.rename_in(script),
            "x = {_0: (a$) => wasm._1(a$)}; wasm.memory"
        );
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert_eq!(Names::default().rename(b"\0asm"), None);
        assert_eq!(Names::default().rename(b"\0asm\x01\0\0\0\x02\x05"), None);
    }
}
