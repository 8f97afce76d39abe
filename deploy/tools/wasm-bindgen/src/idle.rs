//! Takes out what a library exports and no page calls: `wasm_streams` makes classes for JavaScript, which every program
//! with server functions carries, with all that they lead to, though only those functions use them that stream. 3 KiB
//! of what travels.

use crate::module::{CUSTOM, Reader, Writer, sections};

const EXPORT: u8 = 7;
/// What wasm-bindgen's macro wrote down for this program: for each piece of source the version and what is in it.
const NOTES: &str = "__wasm_bindgen_unstable";
/// In the names of all that is taken out.
const CLASS: &str = "intounderlying";

/// The module without them; what only they led to goes with wasm-bindgen's own cleaning. `None`: this is no module.
pub fn without_idle(module: &[u8]) -> Option<Vec<u8>> {
    let mut out = Writer::module();
    for section in sections(module)? {
        let content = match section.kind {
            EXPORT => Some(exports(section.content)?),
            CUSTOM => notes(section.content)?,
            _ => None,
        };
        out.section(section.kind, content.as_deref().unwrap_or(section.content));
    }
    Some(out.0)
}

fn exports(content: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader(content);
    let (mut count, mut kept) = (0, Writer(Vec::new()));
    for _ in 0..reader.number()? {
        let (name, kind, index) = (reader.text()?, reader.byte()?, reader.number()?);
        if !name.contains(CLASS) {
            count += 1;
            kept.bytes(name.as_bytes());
            kept.0.push(kind);
            kept.number(index);
        }
    }
    let mut out = Writer(Vec::new());
    out.number(count);
    out.0.extend(kept.0);
    Some(out.0)
}

/// `None` within: another section.
fn notes(content: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut reader = Reader(content);
    if reader.text() != Some(NOTES) {
        return Some(None);
    }
    let mut out = Writer(Vec::new());
    out.bytes(NOTES.as_bytes());
    let mut rest = reader.0;
    while !rest.is_empty() {
        let (version, note) = (blob(&mut rest)?, blob(&mut rest)?);
        if !mentions(note) {
            for blob in [version, note] {
                out.0.extend(u32::try_from(blob.len()).ok()?.to_le_bytes());
                out.0.extend(blob);
            }
        }
    }
    Some(Some(out.0))
}

fn mentions(note: &[u8]) -> bool {
    let note = note.to_ascii_lowercase();
    note.windows(CLASS.len())
        .any(|part| part == CLASS.as_bytes())
}

/// Its length comes first, in four bytes.
fn blob<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (blob, after) = after.split_at_checked(length)?;
    *rest = after;
    Some(blob)
}
