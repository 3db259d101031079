//! Text to a query.

use super::Node;
use kdo_value::{Value, json};

/// Queries nested deeper are refused.
const MAX_DEPTH: usize = 100;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Quoted(String),
    Literal(Value),
    Number(i64),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 24] = [
    "[?", "[]", "&&", "||", "==", "!=", "<=", ">=", ".", "[", "]", "*", "|", "<", ">", "!", "(", ")", "{",
    "}", ",", ":", "@", "&",
];

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut rest = query.trim_start();
    while let Some(c) = rest.chars().next() {
        let digit = rest
            .trim_start_matches('-')
            .starts_with(|c: char| c.is_ascii_digit());
        if c.is_ascii_alphabetic() || c == '_' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            out.push(Token::Name(name.to_owned()));
            rest = after;
        } else if c.is_ascii_digit() || c == '-' && digit {
            let end = rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| !c.is_ascii_digit())
                .map_or(rest.len(), |(i, _)| i);
            let (number, after) = rest.split_at(end);
            out.push(Token::Number(
                number.parse().map_err(|_| format!("bad number {number}"))?,
            ));
            rest = after;
        } else if matches!(c, '"' | '\'' | '`') {
            let mut escaped = false;
            let end = rest
                .char_indices()
                .skip(1)
                .find(|(_, d)| {
                    let ends = *d == c && !escaped;
                    escaped = *d == '\\' && !escaped;
                    ends
                })
                .map(|(i, _)| i)
                .ok_or_else(|| format!("Bad jmespath expression: unclosed {c} delimiter"))?;
            let inner = rest.get(1..end).unwrap_or("");
            out.push(match c {
                '"' => match json::read(&format!("\"{inner}\""))?.as_str() {
                    Some(s) => Token::Quoted(s.to_owned()),
                    None => return Err("bad quoted name".into()),
                },
                '\'' => Token::Literal(Value::str(inner.replace("\\'", "'"))),
                _ => {
                    let inner = inner.replace("\\`", "`");
                    // old queries leave the quotes of texts out
                    Token::Literal(match json::read(inner.trim()) {
                        Ok(v) => v,
                        Err(_) if !inner.trim().starts_with(['{', '[', '"']) => Value::str(inner.trim()),
                        Err(e) => return Err(format!("bad literal: {e}")),
                    })
                }
            });
            rest = rest.get(end + 1..).unwrap_or("");
        } else {
            let symbol = SYMBOLS
                .iter()
                .find(|s| rest.starts_with(**s))
                .ok_or_else(|| format!("Unknown token {c}"))?;
            out.push(Token::Symbol(symbol));
            rest = rest.get(symbol.len()..).unwrap_or("");
        }
        rest = rest.trim_start();
    }
    Ok(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Reads a whole query.
pub(super) fn parse(query: &str) -> Result<Node, String> {
    let mut parser = Parser {
        tokens: tokens(query)?,
        at: 0,
        depth: 0,
    };
    let node = parser.expression(0)?;
    match parser.peek() {
        None => Ok(node),
        Some(t) => Err(format!("Invalid jmespath expression: unexpected {t:?}")),
    }
}

/// How strongly an operator binds.
fn power(symbol: &str) -> usize {
    match symbol {
        "|" => 1,
        "||" => 2,
        "&&" => 3,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => 5,
        "[]" => 9,
        "*" => 20,
        "[?" => 21,
        "." => 40,
        "[" => 55,
        _ => 0,
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(s)) if *s == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let there = self.is(symbol);
        self.at += usize::from(there);
        there
    }

    fn need(&mut self, symbol: &str) -> Result<(), String> {
        if self.take(symbol) {
            Ok(())
        } else {
            Err(format!("Invalid jmespath expression: expected {symbol}"))
        }
    }

    fn expression(&mut self, binding: usize) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the query is nested too deeply".into());
        }
        let mut left = self.prefix()?;
        while let Some(Token::Symbol(symbol)) = self.peek().cloned() {
            if power(symbol) <= binding {
                break;
            }
            self.at += 1;
            left = self.infix(left, symbol)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Node, String> {
        let current = || Box::new(Node::Current);
        Ok(match self.next().ok_or("Incomplete jmespath expression")? {
            Token::Name(name) if self.is("(") => {
                self.at += 1;
                Node::Function(name, self.list(")")?)
            }
            Token::Name(name) | Token::Quoted(name) => Node::Field(name),
            Token::Literal(v) => Node::Literal(v),
            Token::Number(n) => return Err(format!("Invalid jmespath expression: unexpected {n}")),
            Token::Symbol(symbol) => match symbol {
                "@" => Node::Current,
                "&" => Node::Reference(Box::new(self.expression(0)?)),
                "!" => Node::Not(Box::new(self.expression(45)?)),
                "(" => {
                    let inner = self.expression(0)?;
                    self.need(")")?;
                    inner
                }
                "*" => Node::Values(current(), Box::new(self.projected(20)?)),
                "[]" => Node::Each(Box::new(Node::Flatten(current())), Box::new(self.projected(9)?)),
                "[?" => self.filter(Node::Current)?,
                "{" => self.hash()?,
                "[" => {
                    if matches!(self.peek(), Some(Token::Number(_))) || self.is(":") {
                        self.index(Node::Current)?
                    } else if self.is("*") && self.tokens.get(self.at + 1) == Some(&Token::Symbol("]")) {
                        self.at += 2;
                        Node::Each(current(), Box::new(self.projected(20)?))
                    } else {
                        Node::List(self.list("]")?)
                    }
                }
                other => return Err(format!("Invalid jmespath expression: unexpected {other}")),
            },
        })
    }

    fn infix(&mut self, left: Node, symbol: &'static str) -> Result<Node, String> {
        let left = Box::new(left);
        Ok(match symbol {
            "." if self.take("*") => Node::Values(left, Box::new(self.projected(20)?)),
            "." => Node::Then(left, Box::new(self.member(40)?)),
            "|" => Node::Then(left, Box::new(self.expression(1)?)),
            "||" => Node::Or(left, Box::new(self.expression(2)?)),
            "&&" => Node::And(left, Box::new(self.expression(3)?)),
            "[]" => Node::Each(Box::new(Node::Flatten(left)), Box::new(self.projected(9)?)),
            "[?" => self.filter(*left)?,
            "[" => {
                if self.is("*") && self.tokens.get(self.at + 1) == Some(&Token::Symbol("]")) {
                    self.at += 2;
                    Node::Each(left, Box::new(self.projected(20)?))
                } else {
                    self.index(*left)?
                }
            }
            comparator => Node::Compare(comparator, left, Box::new(self.expression(5)?)),
        })
    }

    /// What may follow a dot.
    fn member(&mut self, binding: usize) -> Result<Node, String> {
        match self.peek() {
            Some(Token::Name(_) | Token::Quoted(_)) => self.expression(binding),
            Some(Token::Symbol("*")) => self.expression(binding),
            Some(Token::Symbol("[")) => {
                self.at += 1;
                Ok(Node::List(self.list("]")?))
            }
            Some(Token::Symbol("{")) => {
                self.at += 1;
                self.hash()
            }
            _ => Err("Invalid jmespath expression after '.'".into()),
        }
    }

    /// What is applied to each item of a projection.
    fn projected(&mut self, binding: usize) -> Result<Node, String> {
        match self.peek() {
            Some(Token::Symbol("[" | "[?")) => self.expression_on_current(binding),
            Some(Token::Symbol(".")) => {
                self.at += 1;
                self.member(binding)
            }
            Some(Token::Symbol(s)) if power(s) >= 10 => {
                Err(format!("Invalid jmespath expression: unexpected {s}"))
            }
            _ => Ok(Node::Current),
        }
    }

    fn expression_on_current(&mut self, binding: usize) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err("the query is nested too deeply".into());
        }
        let mut left = Node::Current;
        while let Some(Token::Symbol(symbol)) = self.peek().cloned() {
            if power(symbol) <= binding {
                break;
            }
            self.at += 1;
            left = self.infix(left, symbol)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn filter(&mut self, left: Node) -> Result<Node, String> {
        let condition = self.expression(0)?;
        self.need("]")?;
        let right = if self.is("[]") {
            Node::Current
        } else {
            self.projected(21)?
        };
        Ok(Node::Filter(Box::new(left), Box::new(condition), Box::new(right)))
    }

    fn index(&mut self, left: Node) -> Result<Node, String> {
        let mut parts: Vec<Option<i64>> = vec![None];
        loop {
            match self.next() {
                Some(Token::Number(n)) => match parts.last_mut() {
                    Some(slot @ None) => *slot = Some(n),
                    _ => return Err("Invalid jmespath slice".into()),
                },
                Some(Token::Symbol(":")) if parts.len() < 3 => parts.push(None),
                Some(Token::Symbol("]")) => break,
                _ => return Err("Invalid jmespath index".into()),
            }
        }
        let left = Box::new(left);
        match parts.as_slice() {
            [Some(n)] => Ok(Node::Then(left, Box::new(Node::Index(*n)))),
            [_] => Err("Invalid jmespath index".into()),
            [start, stop, rest @ ..] => {
                let step = rest.first().copied().flatten().unwrap_or(1);
                if step == 0 {
                    return Err("slice step cannot be 0".into());
                }
                let slice = Node::Then(left, Box::new(Node::Slice(*start, *stop, step)));
                Ok(Node::Each(Box::new(slice), Box::new(self.projected(20)?)))
            }
            [] => Err("Invalid jmespath index".into()),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, String> {
        let mut out = Vec::new();
        if end == ")" && self.take(end) {
            return Ok(out);
        }
        loop {
            out.push(self.expression(0)?);
            if self.take(end) {
                return Ok(out);
            }
            self.need(",")?;
        }
    }

    fn hash(&mut self) -> Result<Node, String> {
        let mut out = Vec::new();
        loop {
            let (Some(Token::Name(name)) | Some(Token::Quoted(name))) = self.next() else {
                return Err("Invalid jmespath expression: a key is needed".into());
            };
            self.need(":")?;
            out.push((name, self.expression(0)?));
            if self.take("}") {
                return Ok(Node::Hash(out));
            }
            self.need(",")?;
        }
    }
}
