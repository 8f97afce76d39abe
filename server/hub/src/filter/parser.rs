//! A filter's words as a tree, checked for kinds: what is compared can be compared, what is asked is a question.
//! Binding, tightest first: `not`; `eq ne gt ge lt le in`; `and`; `or`. Refuses to know connections.

use super::lexer::{Token, tokens};
use super::{BadFilter, Comparison, Function, MAX_CLAUSES, MAX_DEPTH, Node};
use std::vec::IntoIter;

/// What a node's value is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Flag,
    Null,
    Groups,
}

type Typed = (Node, Kind);

struct Parser {
    rest: std::iter::Peekable<IntoIter<Token>>,
    depth: usize,
    clauses: usize,
}

pub(super) fn parse(text: &str) -> Result<Node, BadFilter> {
    let mut parser = Parser {
        rest: tokens(text)?.into_iter().peekable(),
        depth: 0,
        clauses: 1,
    };
    let (node, kind) = parser.any_of()?;
    if let Some(token) = parser.rest.next() {
        return Err(BadFilter::Unexpected(token.to_string()));
    }
    flag((node, kind), "filter")
}

impl Parser {
    fn any_of(&mut self) -> Result<Typed, BadFilter> {
        let mut left = self.all_of()?;
        while self.takes_word("or") {
            self.clause()?;
            let right = self.all_of()?;
            let both = (flag(left, "or")?, flag(right, "or")?);
            left = (Node::Or(both.0.into(), both.1.into()), Kind::Flag);
        }
        Ok(left)
    }

    fn all_of(&mut self) -> Result<Typed, BadFilter> {
        let mut left = self.comparison()?;
        while self.takes_word("and") {
            self.clause()?;
            let right = self.comparison()?;
            let both = (flag(left, "and")?, flag(right, "and")?);
            left = (Node::And(both.0.into(), both.1.into()), Kind::Flag);
        }
        Ok(left)
    }

    fn clause(&mut self) -> Result<(), BadFilter> {
        self.clauses += 1;
        if self.clauses > MAX_CLAUSES {
            return Err(BadFilter::TooLong);
        }
        Ok(())
    }

    fn comparison(&mut self) -> Result<Typed, BadFilter> {
        let left = self.negation()?;
        for (word, how) in [
            ("eq", Comparison::Eq),
            ("ne", Comparison::Ne),
            ("gt", Comparison::Gt),
            ("ge", Comparison::Ge),
            ("lt", Comparison::Lt),
            ("le", Comparison::Le),
        ] {
            if self.takes_word(word) {
                let right = self.negation()?;
                if !are_comparable(how, left.1, right.1) {
                    return Err(BadFilter::Type(word.to_owned()));
                }
                let node = Node::Compare(how, left.0.into(), right.0.into());
                return Ok((node, Kind::Flag));
            }
        }
        if self.takes_word("in") {
            return self.membership(left);
        }
        Ok(left)
    }

    fn membership(&mut self, (left, kind): Typed) -> Result<Typed, BadFilter> {
        let wrong = || BadFilter::Type("in".to_owned());
        match self.next()? {
            Token::Word(word) if word.eq_ignore_ascii_case("groups") => {
                if !matches!(kind, Kind::Text | Kind::Null) {
                    return Err(wrong());
                }
                Ok((Node::In(left.into(), vec![Node::Groups]), Kind::Flag))
            }
            Token::Open => {
                let list = self.arguments()?;
                let fits = list
                    .iter()
                    .all(|(_, each)| are_comparable(Comparison::Eq, kind, *each));
                if list.is_empty() || !fits {
                    return Err(wrong());
                }
                let list = list.into_iter().map(|(node, _)| node).collect();
                Ok((Node::In(left.into(), list), Kind::Flag))
            }
            other => Err(BadFilter::Unexpected(other.to_string())),
        }
    }

    fn negation(&mut self) -> Result<Typed, BadFilter> {
        if !self.takes_word("not") {
            return self.value();
        }
        let inner = self.deeper(Self::negation)?;
        Ok((Node::Not(flag(inner, "not")?.into()), Kind::Flag))
    }

    fn value(&mut self) -> Result<Typed, BadFilter> {
        Ok(match self.next()? {
            Token::Text(text) => (Node::Text(text), Kind::Text),
            Token::Number(number) => (Node::Number(number), Kind::Number),
            Token::Open => {
                let inner = self.deeper(Self::any_of)?;
                self.expect(Token::Close)?;
                inner
            }
            Token::Word(word) => return self.named(word),
            other @ (Token::Close | Token::Comma) => {
                return Err(BadFilter::Unexpected(other.to_string()));
            }
        })
    }

    fn named(&mut self, word: String) -> Result<Typed, BadFilter> {
        Ok(match word.to_ascii_lowercase().as_str() {
            "true" => (Node::Flag(true), Kind::Flag),
            "false" => (Node::Flag(false), Kind::Flag),
            "null" => (Node::Null, Kind::Null),
            "userid" => (Node::User, Kind::Text),
            "connectionid" => (Node::Connection, Kind::Text),
            "protocol" => (Node::Protocol, Kind::Text),
            "groups" => (Node::Groups, Kind::Groups),
            name => {
                let function = function(name).ok_or(BadFilter::Unknown(word))?;
                self.expect(Token::Open)?;
                let arguments = self.deeper(Self::arguments)?;
                let kinds: Vec<Kind> = arguments.iter().map(|(_, kind)| *kind).collect();
                let kind =
                    result(function, &kinds).ok_or_else(|| BadFilter::Type(name.to_owned()))?;
                let arguments = arguments.into_iter().map(|(node, _)| node).collect();
                (Node::Apply(function, arguments), kind)
            }
        })
    }

    /// Values up to the closing bracket, which is taken too.
    fn arguments(&mut self) -> Result<Vec<Typed>, BadFilter> {
        let mut found = Vec::new();
        loop {
            found.push(self.negation()?);
            if found.len() > MAX_CLAUSES {
                return Err(BadFilter::TooLong);
            }
            match self.next()? {
                Token::Comma => {}
                Token::Close => return Ok(found),
                other => return Err(BadFilter::Unexpected(other.to_string())),
            }
        }
    }

    fn deeper<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, BadFilter>,
    ) -> Result<T, BadFilter> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(BadFilter::TooLong);
        }
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn next(&mut self) -> Result<Token, BadFilter> {
        self.rest.next().ok_or(BadFilter::End)
    }

    fn expect(&mut self, wanted: Token) -> Result<(), BadFilter> {
        match self.next()? {
            token if token == wanted => Ok(()),
            other => Err(BadFilter::Unexpected(other.to_string())),
        }
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        self.rest
            .next_if(|token| matches!(token, Token::Word(word) if word == wanted))
            .is_some()
    }
}

fn flag((node, kind): Typed, place: &str) -> Result<Node, BadFilter> {
    match kind {
        Kind::Flag => Ok(node),
        _ => Err(BadFilter::Type(place.to_owned())),
    }
}

fn are_comparable(how: Comparison, left: Kind, right: Kind) -> bool {
    let ordered = !matches!(how, Comparison::Eq | Comparison::Ne);
    match (left, right) {
        (Kind::Groups, _) | (_, Kind::Groups) => false,
        (Kind::Flag, Kind::Flag) => !ordered,
        (Kind::Null, _) | (_, Kind::Null) => true,
        (left, right) => left == right,
    }
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "tolower" => Function::ToLower,
        "toupper" => Function::ToUpper,
        "trim" => Function::Trim,
        "substring" => Function::Substring,
        "endswith" => Function::EndsWith,
        "startswith" => Function::StartsWith,
        "contains" => Function::Contains,
        "indexof" => Function::IndexOf,
        "concat" => Function::Concat,
        "length" => Function::Length,
        _ => return None,
    })
}

/// What a function gives for arguments of these kinds; `None` if it does not take them.
fn result(function: Function, arguments: &[Kind]) -> Option<Kind> {
    use Kind::{Flag, Groups, Number, Text};
    match (function, arguments) {
        (Function::ToLower | Function::ToUpper | Function::Trim, [Text]) => Some(Text),
        (Function::Substring, [Text, Number] | [Text, Number, Number]) => Some(Text),
        (Function::EndsWith | Function::StartsWith | Function::Contains, [Text, Text]) => {
            Some(Flag)
        }
        (Function::IndexOf, [Text, Text]) => Some(Number),
        (Function::Concat, [Text, Text]) => Some(Text),
        (Function::Length, [Text | Groups]) => Some(Number),
        _ => None,
    }
}
