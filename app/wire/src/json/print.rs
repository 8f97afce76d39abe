//! Printing, into a text that grows. Refuses to know what is printed.

use super::reader::unmarked;

/// Appends a text in quotes.
pub fn quote(into: &mut String, text: &str) {
    into.push('"');
    let mut rest = text;
    loop {
        let (plain, marked) = rest.split_at(unmarked(rest.as_bytes()));
        into.push_str(plain);
        let Some(&byte) = marked.as_bytes().first() else {
            break;
        };
        into.push('\\');
        match byte {
            0x08 => into.push('b'),
            0x09 => into.push('t'),
            0x0a => into.push('n'),
            0x0c => into.push('f'),
            0x0d => into.push('r'),
            0..0x20 => {
                into.push_str(if byte < 0x10 { "u000" } else { "u001" });
                into.push(char::from(b"0123456789abcdef"[usize::from(byte % 16)]));
            }
            _ => into.push(char::from(byte)),
        }
        rest = &marked[1..];
    }
    into.push('"');
}

/// Appends the name of a member, behind a comma unless it is the first of its object.
pub fn name(into: &mut String, name: &str) {
    if !into.ends_with('{') {
        into.push(',');
    }
    quote(into, name);
    into.push(':');
}
