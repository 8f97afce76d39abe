//! A WASM module as its sections, and what stands in them.

/// Magic number and version.
const PREAMBLE: usize = 8;

/// What a section is.
pub mod kind {
    pub const CUSTOM: u8 = 0;
    pub const IMPORT: u8 = 2;
    pub const EXPORT: u8 = 7;
}

/// The module with each section as `rewrite` wants it: its kind and content go in, the new content comes out, or
/// nothing. `None` if this is no module, or `rewrite` cannot read it.
pub fn rewrite(
    module: &[u8],
    mut rewrite: impl FnMut(u8, &[u8]) -> Option<Rewritten>,
) -> Option<Vec<u8>> {
    let mut out = module.get(..PREAMBLE)?.to_vec();
    let mut rest = Reader::new(&module[PREAMBLE..]);
    while !rest.is_at_end() {
        let kind = rest.byte()?;
        let content = rest.bytes()?;
        match rewrite(kind, content)? {
            Rewritten::Gone => continue,
            Rewritten::Same => section(&mut out, kind, content),
            Rewritten::New(content) => section(&mut out, kind, &content),
        }
    }
    Some(out)
}

fn section(out: &mut Vec<u8>, kind: u8, content: &[u8]) {
    out.push(kind);
    write_bytes(out, content);
}

/// What becomes of a section.
pub enum Rewritten {
    Same,
    Gone,
    New(Vec<u8>),
}

/// Reads what modules are made of; `None` where the bytes end too early.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A number in LEB128.
    pub fn number(&mut self) -> Option<usize> {
        let (mut number, mut shift) = (0_usize, 0);
        loop {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte < 0x80 {
                return Some(number);
            }
        }
    }

    /// So many bytes as the number before them says.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

pub fn write_number(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_number(out, bytes.len());
    out.extend_from_slice(bytes);
}
