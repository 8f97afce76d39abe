//! A WASM module as a row of sections. Knows how names and numbers are written in it, and no instruction.

/// Magic number and version.
const PREAMBLE: usize = 8;

/// What a section holds, by the number that it begins with.
pub const CUSTOM: u8 = 0;

pub struct Section<'a> {
    pub kind: u8,
    pub content: &'a [u8],
}

/// `None`: this is no module.
pub fn sections(module: &[u8]) -> Option<Vec<Section<'_>>> {
    if !module.starts_with(b"\0asm") {
        return None;
    }
    let mut reader = Reader(module.get(PREAMBLE..)?);
    let mut sections = Vec::new();
    while let Some(kind) = reader.byte() {
        let content = reader.bytes()?;
        sections.push(Section { kind, content });
    }
    Some(sections)
}

/// The same module without the sections that no browser reads.
pub fn without_custom(module: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Writer::module();
    for section in sections(module)?.iter().filter(|one| one.kind != CUSTOM) {
        kept.section(section.kind, section.content);
    }
    Some(kept.0)
}

/// What stays to be read.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// In LEB128.
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

    /// Their number comes first.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

/// A module that is being written.
pub struct Writer(pub Vec<u8>);

impl Writer {
    pub fn module() -> Writer {
        Writer(b"\0asm\x01\0\0\0".to_vec())
    }

    pub fn section(&mut self, kind: u8, content: &[u8]) {
        self.0.push(kind);
        self.bytes(content);
    }

    pub fn number(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.extend_from_slice(bytes);
    }
}
