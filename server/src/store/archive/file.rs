//! Entries as a file: one JSON object in each line, each with a sum over itself and all lines before it. A changed,
//! missing or moved line is found at that line; each section ends with its own digest, and the file with one over
//! everything. Holds one line in memory. Refuses to know where the bytes are.
//!
//! ```text
//! {"sum":"9c1f…","begin":{"format":"chatr","version":1}}
//! {"sum":"03be…","entry":{"defaultChat":"…"}}
//! {"sum":"77a0…","end":{"section":"start","entries":1,"sha256":"…"}}
//! …
//! {"sum":"5d12…","whole":{"entries":34,"sha256":"…"}}
//! ```
//!
//! `sum` is the beginning of SHA-256 over the previous line's whole sum and this line's object without `sum`; the
//! digest of a section is SHA-256 over its entries' objects, each with a line feed behind it; that of the whole file
//! is the sum before its last line, unshortened. No time, no place and no random number is in it: equal stores
//! make equal files.

use super::{Disorder, Entry, Order, Section};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{self, BufRead, Read, Write};

const FORMAT: &str = "chatr";

/// Raised when older programs would misread the file.
const VERSION: u32 = 1;

/// Hexadecimal digits of a sum that a line shows.
const SHOWN: usize = 16;

/// Bytes of a line: the longest message, and room.
const MAX_LINE: u64 = 1024 * 1024;

/// What a line says, besides its sum.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Begin(Begin),
    Entry(Entry),
    End(End),
    Whole(Whole),
}

#[derive(Serialize, Deserialize)]
struct Begin {
    format: String,
    version: u32,
}

/// A section, as its last line tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub section: Section,
    pub entries: u64,
    pub sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Whole {
    entries: u64,
    sha256: String,
}

/// What a file holds: equal for stores that keep the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub sections: Vec<End>,
    pub sha256: String,
}

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("line {line}: {why}")]
    Line { line: u64, why: String },
    #[error(
        "it ends behind line {line} without saying that it is complete: copy or export it again"
    )]
    Short { line: u64 },
}

/// What all lines so far come to.
struct Sums {
    chain: [u8; 32],
    section: Sha256,
    in_section: u64,
    entries: u64,
    ended: Vec<End>,
    order: Order,
}

impl Sums {
    fn new() -> Sums {
        Sums {
            chain: [0; 32],
            section: Sha256::new(),
            in_section: 0,
            entries: 0,
            ended: Vec::new(),
            order: Order::default(),
        }
    }

    /// The sum of the next line, of which this is the object.
    fn link(&mut self, object: &[u8]) -> String {
        let sum = Sha256::new().chain_update(self.chain).chain_update(object);
        self.chain = sum.finalize().into();
        let mut shown = hexadecimal(&self.chain);
        shown.truncate(SHOWN);
        shown
    }

    fn count(&mut self, entry: &Entry, object: &[u8]) -> Result<(), Disorder> {
        self.order.next(entry)?;
        self.section.update(object);
        self.section.update(b"\n");
        self.in_section += 1;
        self.entries += 1;
        Ok(())
    }

    fn current(&self) -> Option<Section> {
        Section::ALL.get(self.ended.len()).copied()
    }

    /// Ends the section that is not ended yet.
    fn end(&mut self, section: Section) -> End {
        let end = End {
            section,
            entries: std::mem::take(&mut self.in_section),
            sha256: hexadecimal(&self.section.finalize_reset()),
        };
        self.ended.push(end.clone());
        end
    }

    fn whole(&self) -> Whole {
        Whole {
            entries: self.entries,
            sha256: hexadecimal(&self.chain),
        }
    }
}

/// Writes entries as a file.
pub struct Writer<W> {
    out: W,
    sums: Sums,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Writer {
            out,
            sums: Sums::new(),
        };
        writer.put(&Line::Begin(Begin {
            format: FORMAT.into(),
            version: VERSION,
        }))?;
        Ok(writer)
    }

    /// Fails with what is wrong in the store if the entry does not follow the one before.
    pub fn write(&mut self, entry: Entry) -> io::Result<()> {
        while let Some(section) = self.sums.current().filter(|now| *now < entry.section()) {
            let end = self.sums.end(section);
            self.put(&Line::End(end))?;
        }
        let line = Line::Entry(entry);
        let object = object(&line);
        let Line::Entry(entry) = &line else {
            return Ok(());
        };
        self.sums
            .count(entry, object.as_bytes())
            .map_err(io::Error::other)?;
        self.put_object(&object)
    }

    /// Says that this was all.
    pub fn finish(mut self) -> io::Result<(W, Summary)> {
        self.sums.order.end().map_err(io::Error::other)?;
        while let Some(section) = self.sums.current() {
            let end = self.sums.end(section);
            self.put(&Line::End(end))?;
        }
        let whole = self.sums.whole();
        self.put(&Line::Whole(whole.clone()))?;
        self.out.flush()?;
        let summary = Summary {
            sections: self.sums.ended,
            sha256: whole.sha256,
        };
        Ok((self.out, summary))
    }

    fn put(&mut self, line: &Line) -> io::Result<()> {
        self.put_object(&object(line))
    }

    fn put_object(&mut self, object: &str) -> io::Result<()> {
        let sum = self.sums.link(object.as_bytes());
        let rest = &object[1..];
        writeln!(self.out, "{{\"sum\":\"{sum}\",{rest}")
    }
}

/// Reads a file, and believes no line of it that does not fit its sum.
pub struct Reader<R> {
    input: R,
    sums: Sums,
    line: u64,
    summary: Option<Summary>,
}

impl<R: BufRead> Reader<R> {
    pub fn new(input: R) -> Result<Self, Unsound> {
        let mut reader = Reader {
            input,
            sums: Sums::new(),
            line: 0,
            summary: None,
        };
        match reader.line()? {
            Some((Line::Begin(begin), _)) if begin.format == FORMAT && begin.version == VERSION => {
                Ok(reader)
            }
            Some((Line::Begin(begin), _)) if begin.format == FORMAT => {
                reader.unsound(format_args!(
                    "this file is of version {}, and this program reads version {VERSION}",
                    begin.version
                ))
            }
            Some(_) | None => reader.unsound("this is no file that `chatr export` made"),
        }
    }

    /// The next entry; `None` when the file was complete and sound to its end.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Unsound> {
        loop {
            if self.summary.is_some() {
                return Ok(None);
            }
            let Some((line, object)) = self.line()? else {
                return Err(Unsound::Short { line: self.line });
            };
            match line {
                Line::Entry(entry) => {
                    if self.sums.current() != Some(entry.section()) {
                        return self.unsound(format_args!(
                            "an entry of {} outside of its section",
                            entry.section().name()
                        ));
                    }
                    let counted = self.sums.count(&entry, object.as_bytes());
                    return match counted {
                        Ok(()) => Ok(Some(entry)),
                        Err(disorder) => self.unsound(disorder),
                    };
                }
                Line::End(end) => {
                    if self.sums.current() != Some(end.section) {
                        return self.unsound("a section ends that is not open");
                    }
                    if self.sums.end(end.section) != end {
                        return self.unsound(format_args!(
                            "the section {} is not what its digest says",
                            end.section.name()
                        ));
                    }
                }
                Line::Whole(whole) => self.complete(&whole)?,
                Line::Begin(_) => return self.unsound("the file begins a second time"),
            }
        }
    }

    /// What the file held, once `next_entry` has said that this was all.
    pub fn summary(self) -> Option<Summary> {
        self.summary
    }

    fn complete(&mut self, whole: &Whole) -> Result<(), Unsound> {
        if let Err(disorder) = self.sums.order.end() {
            return self.unsound(disorder);
        }
        if self.sums.current().is_some() || self.sums.entries != whole.entries {
            return self.unsound("the file is not what its last line says");
        }
        let mut rest = [0; 1];
        if self.input.read(&mut rest)? > 0 {
            self.line += 1;
            return self.unsound("something follows the last line");
        }
        self.summary = Some(Summary {
            sections: std::mem::take(&mut self.sums.ended),
            sha256: whole.sha256.clone(),
        });
        Ok(())
    }

    /// The next line, if its sum fits, and its object.
    fn line(&mut self) -> Result<Option<(Line, String)>, Unsound> {
        let mut bytes = Vec::new();
        let read = self
            .input
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let Some(object) = bytes.strip_suffix(b"\n").and_then(split) else {
            return match bytes.ends_with(b"\n") || read as u64 == MAX_LINE {
                true => self.unsound("this is no line that `chatr export` wrote"),
                false => Err(Unsound::Short { line: self.line }),
            };
        };
        let (shown, object) = object;
        let before = hexadecimal(&self.sums.chain);
        let sum = self.sums.link(object.as_bytes());
        if sum != shown {
            return self.unsound(
                "it does not fit its sum: it was changed, or lines before it are missing",
            );
        }
        match serde_json::from_str(&object) {
            // The digest of all lines before.
            Ok(Line::Whole(whole)) if whole.sha256 != before => {
                self.unsound("the file is not what its digest says")
            }
            Ok(line) => Ok(Some((line, object))),
            Err(why) => self.unsound(format_args!("it cannot be understood: {why}")),
        }
    }

    fn unsound<T>(&self, why: impl fmt::Display) -> Result<T, Unsound> {
        Err(Unsound::Line {
            line: self.line,
            why: why.to_string(),
        })
    }
}

/// A line's sum, and its object without it.
fn split(line: &[u8]) -> Option<(String, String)> {
    let line = std::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("{\"sum\":\"")?;
    let (sum, rest) = rest.split_at_checked(SHOWN)?;
    let rest = rest.strip_prefix("\",")?;
    Some((sum.to_owned(), format!("{{{rest}")))
}

fn object(line: &Line) -> String {
    serde_json::to_string(line).expect("plain values print as JSON")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for Summary {
    /// A line for each section, and one for all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for end in &self.sections {
            let (name, entries) = (end.section.name(), end.entries);
            writeln!(f, "{name:>10} {entries:>10}  {}", end.sha256)?;
        }
        write!(f, "{:>10} {:>10}  {}", "all", "", self.sha256)
    }
}

#[cfg(test)]
mod tests;
