//! The way through a JSON text. Refuses to keep what it passes, and to limit how deep it goes: whoever enters lists
//! and objects does that.

use super::NotJson;
use std::borrow::Cow;
use std::mem::take;

/// A place in a text.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// A list or an object was entered, and nothing of it was read yet.
    fresh: bool,
}

/// A value, or the beginning of one.
#[derive(Debug)]
pub enum Token<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// A whole number that is not negative.
    Count(u64),
    /// Any other number.
    Odd,
    /// A whole text.
    Text(Quoted<'a>),
    /// A list was entered: [`Reader::item`] goes on.
    List,
    /// An object was entered: [`Reader::member`] goes on.
    Object,
}

/// A text as it is written, without its quotes.
#[derive(Debug)]
pub struct Quoted<'a>(&'a str);

impl<'a> Reader<'a> {
    /// Stands before a text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            fresh: false,
        }
    }

    /// Reads the next value, or enters it.
    pub fn value(&mut self) -> Result<Token<'a>, NotJson> {
        match self.peek() {
            Some(b'"') => self.quoted().map(Token::Text),
            Some(b'{') => Ok(self.enter(Token::Object)),
            Some(b'[') => Ok(self.enter(Token::List)),
            Some(b'n') => self.word("null", Token::Null),
            Some(b't') => self.word("true", Token::Flag(true)),
            Some(b'f') => self.word("false", Token::Flag(false)),
            _ => self.number(),
        }
    }

    /// Whether the list that was entered goes on; if not, it is left.
    pub fn item(&mut self) -> Result<bool, NotJson> {
        self.more(b']')
    }

    /// The name of the next member of the object that was entered; `None`: there is none, and the object is left.
    pub fn member(&mut self) -> Result<Option<Cow<'a, str>>, NotJson> {
        match self.more(b'}')? {
            true => self.name()?.text().map(Some),
            false => Ok(None),
        }
    }

    /// Passes over a value, however deep, and says how it is written. Of texts within only the form is looked at.
    pub fn span(&mut self) -> Result<&'a str, NotJson> {
        self.peek();
        let start = self.at;
        let mut open = Vec::new();
        loop {
            match self.value()? {
                Token::List => open.push(b']'),
                Token::Object => open.push(b'}'),
                _ => {}
            }
            loop {
                let Some(&close) = open.last() else {
                    return self.since(start);
                };
                if self.more(close)? {
                    if close == b'}' {
                        self.name()?;
                    }
                    break;
                }
                open.pop();
            }
        }
    }

    /// Nothing but white space may follow.
    pub fn end(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(NotJson),
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn since(&self, start: usize) -> Result<&'a str, NotJson> {
        self.text.get(start..self.at).ok_or(NotJson)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let next = self.rest().first() == Some(&byte);
        self.at += usize::from(next);
        next
    }

    fn enter(&mut self, token: Token<'a>) -> Token<'a> {
        self.at += 1;
        self.fresh = true;
        token
    }

    fn more(&mut self, close: u8) -> Result<bool, NotJson> {
        let fresh = take(&mut self.fresh);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if fresh || self.eat(b',') => Ok(true),
            _ => Err(NotJson),
        }
    }

    fn name(&mut self) -> Result<Quoted<'a>, NotJson> {
        let name = match self.peek() {
            Some(b'"') => self.quoted()?,
            _ => return Err(NotJson),
        };
        match self.peek() {
            Some(b':') => self.at += 1,
            _ => return Err(NotJson),
        }
        Ok(name)
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, NotJson> {
        match self.rest().starts_with(word.as_bytes()) {
            true => {
                self.at += word.len();
                Ok(token)
            }
            false => Err(NotJson),
        }
    }

    fn number(&mut self) -> Result<Token<'a>, NotJson> {
        let mut odd = self.eat(b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(NotJson);
        }
        if self.eat(b'.') {
            odd = true;
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            odd = true;
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        Ok(match whole.parse() {
            Ok(count) if !odd => Token::Count(count),
            _ => Token::Odd,
        })
    }

    /// One digit at least.
    fn digits(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        let rest = self.rest();
        self.at += rest
            .iter()
            .position(|byte| !byte.is_ascii_digit())
            .unwrap_or(rest.len());
        match self.at > start {
            true => self.since(start),
            false => Err(NotJson),
        }
    }

    fn quoted(&mut self) -> Result<Quoted<'a>, NotJson> {
        self.at += 1;
        let start = self.at;
        loop {
            self.at += unmarked(self.rest());
            match self.rest() {
                [b'"', ..] => {
                    let quoted = self.since(start)?;
                    self.at += 1;
                    return Ok(Quoted(quoted));
                }
                [b'\\', rest @ ..] => self.at += 1 + unit(rest)?.1,
                _ => return Err(NotJson),
            }
        }
    }
}

impl<'a> Quoted<'a> {
    /// The text that is meant. Fails on half of a pair of surrogates.
    pub fn text(self) -> Result<Cow<'a, str>, NotJson> {
        let mut rest = self.0;
        if !rest.contains('\\') {
            return Ok(Cow::Borrowed(rest));
        }
        let mut text = String::with_capacity(rest.len());
        while let Some((plain, escaped)) = rest.split_once('\\') {
            text.push_str(plain);
            let (high, mut length) = unit(escaped.as_bytes())?;
            let mut code = u32::from(high);
            if let 0xd800..0xdc00 = code {
                let [b'\\', low @ ..] = &escaped.as_bytes()[length..] else {
                    return Err(NotJson);
                };
                let (low, more) = unit(low)?;
                let low = u32::from(low).wrapping_sub(0xdc00);
                if low >= 0x400 {
                    return Err(NotJson);
                }
                code = 0x1_0000 + ((code - 0xd800) << 10) + low;
                length += 1 + more;
            }
            text.push(char::from_u32(code).ok_or(NotJson)?);
            rest = &escaped[length..];
        }
        text.push_str(rest);
        Ok(Cow::Owned(text))
    }
}

/// What an escape stands for, in UTF-16, and its length behind the backslash.
fn unit(escape: &[u8]) -> Result<(u16, usize), NotJson> {
    let short = match escape {
        [b'u', digits @ ..] => {
            let digits = digits.first_chunk::<4>().ok_or(NotJson)?;
            let mut unit = 0;
            for digit in digits {
                let digit = char::from(*digit).to_digit(16).ok_or(NotJson)?;
                unit = unit << 4 | digit as u16;
            }
            return Ok((unit, 5));
        }
        [b'b', ..] => 0x08,
        [b't', ..] => 0x09,
        [b'n', ..] => 0x0a,
        [b'f', ..] => 0x0c,
        [b'r', ..] => 0x0d,
        [itself @ (b'"' | b'\\' | b'/'), ..] => u16::from(*itself),
        _ => return Err(NotJson),
    };
    Ok((short, 1))
}

/// How many bytes stand before the first quote, backslash or control character.
pub(super) fn unmarked(bytes: &[u8]) -> usize {
    // Not `||`, and all of a chunk is looked at, so that processors do it at once: most bytes stand in long texts.
    let marked = |byte: &u8| (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\');
    let plain = |chunk: &&[u8; 16]| !chunk.iter().fold(false, |found, b| found | marked(b));
    let (chunks, _) = bytes.as_chunks();
    let start = chunks.iter().take_while(plain).count() * 16;
    let rest = &bytes[start..];
    start + rest.iter().position(marked).unwrap_or(rest.len())
}
