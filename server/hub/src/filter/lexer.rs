//! A filter's text as words. Refuses to know what they mean together.

use super::BadFilter;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Text(String),
    Number(i64),
    Open,
    Close,
    Comma,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Word(word) => f.write_str(word),
            Token::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Token::Number(number) => write!(f, "{number}"),
            Token::Open => f.write_str("("),
            Token::Close => f.write_str(")"),
            Token::Comma => f.write_str(","),
        }
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, BadFilter> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '\'' => quoted(rest)?,
            '-' | '0'..='9' => number(rest)?,
            c if c.is_ascii_alphabetic() => {
                let length = rest
                    .find(|c: char| !c.is_ascii_alphanumeric())
                    .unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            other => return Err(BadFilter::Unexpected(other.to_string())),
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

/// A text in single quotes; a doubled quote stands for one.
fn quoted(rest: &str) -> Result<(Token, usize), BadFilter> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        let end = rest[at..].find('\'').ok_or(BadFilter::OpenText)?;
        text.push_str(&rest[at..at + end]);
        at += end + 1;
        if !rest[at..].starts_with('\'') {
            return Ok((Token::Text(text), at));
        }
        text.push('\'');
        at += 1;
    }
}

fn number(rest: &str) -> Result<(Token, usize), BadFilter> {
    let length = rest
        .char_indices()
        .find(|(at, c)| *at > 0 && !c.is_ascii_digit())
        .map_or(rest.len(), |(at, _)| at);
    let digits = &rest[..length];
    if digits == "-" {
        return Err(BadFilter::Unexpected(digits.to_owned()));
    }
    let number = digits
        .parse()
        .map_err(|_| BadFilter::Number(digits.to_owned()))?;
    Ok((Token::Number(number), length))
}
