//! What Jinja's grammar allows and the parser does not. Tried only on texts that the parser refused: the text is
//! changed so that the parser takes it, and positions are mapped back.

use crate::syntax::Syntax;

/// A changed text.
pub(crate) struct Fixed {
    /// What the parser gets.
    pub(crate) text: String,
    /// Offsets in `text` of bytes that the original does not have, ascending.
    inserted: Vec<usize>,
    /// Names that are not ASCII, by what stands for them in `text`.
    names: Vec<(String, String)>,
}

impl Fixed {
    /// The name as the original has it.
    pub(crate) fn name<'n>(&'n self, name: &'n str) -> &'n str {
        self.names
            .iter()
            .find(|(stand_in, _)| stand_in == name)
            .map_or(name, |(_, original)| original)
    }

    /// The offset in the original text.
    pub(crate) fn original(&self, offset: usize) -> usize {
        offset - self.inserted.partition_point(|i| *i < offset)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Print,
    Block,
}

struct Fixer<'a> {
    source: &'a str,
    /// Bytes to put in place of others, of the same number.
    replaced: Vec<(usize, usize, String)>,
    inserts: Vec<(usize, char)>,
    macros: usize,
    names: Vec<(String, String)>,
}

/// The changed text, if anything could be changed.
pub(crate) fn fix(source: &str, syntax: &Syntax) -> Option<Fixed> {
    let mut fixer = Fixer {
        source,
        replaced: Vec::new(),
        inserts: Vec::new(),
        macros: 0,
        names: Vec::new(),
    };
    if syntax.expression {
        fixer.tag(0, Tag::Print, "\0");
    } else {
        fixer.walk(syntax);
    }
    fixer.finish()
}

impl Fixer<'_> {
    fn walk(&mut self, syntax: &Syntax) {
        let starts = [&syntax.variable.0, &syntax.block.0, &syntax.comment.0];
        // Where each start comes next; looked for again only when the walk has passed it.
        let mut coming = [Some(0), Some(0), Some(0)];
        let mut fresh = false;
        let mut at = 0;
        loop {
            for (next, start) in coming.iter_mut().zip(starts) {
                if next.is_some_and(|n| !fresh || n < at) {
                    *next = self
                        .source
                        .get(at..)
                        .and_then(|r| r.find(&**start))
                        .map(|p| at + p);
                }
            }
            fresh = true;
            let found = coming
                .iter()
                .zip(starts)
                .enumerate()
                .filter_map(|(i, (p, s))| p.map(|p| (p, i, s.len())))
                .min_by_key(|(p, _, len)| (*p, usize::MAX - *len));
            let Some((position, which, length)) = found else {
                return;
            };
            let inside = position + length;
            at = match which {
                2 => match self.source.get(inside..).and_then(|r| r.find(&*syntax.comment.1)) {
                    Some(end) => inside + end + syntax.comment.1.len(),
                    None => return,
                },
                1 if self.first_word(inside) == "raw" => {
                    match self.source.get(inside..).and_then(|r| r.find("endraw")) {
                        Some(end) => inside + end,
                        None => return,
                    }
                }
                1 => self.tag(inside, Tag::Block, &syntax.block.1),
                _ => self.tag(inside, Tag::Print, &syntax.variable.1),
            };
        }
    }

    fn first_word(&self, at: usize) -> &str {
        let rest = self
            .source
            .get(at..)
            .unwrap_or("")
            .trim_start_matches(['-', '+'])
            .trim_start();
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    }

    /// Looks at one tag; gives the offset behind it.
    fn tag(&mut self, start: usize, kind: Tag, end: &str) -> usize {
        let bytes = self.source.as_bytes();
        let first = self.first_word(start).to_owned();
        let mut at = start;
        if matches!(bytes.get(at), Some(b'-' | b'+')) && end != "\0" {
            at += 1;
        }
        let body = at;
        let mut depth = 0_usize;
        // Whether an operand must follow here, so that `+` has no left side.
        let mut operand = true;
        let mut comma = false;
        let mut iterated: Option<usize> = None;
        let mut iterated_end: Option<usize> = None;
        while let Some(c) = self.source.get(at..).and_then(|r| r.chars().next()) {
            let rest = self.source.get(at..).unwrap_or("");
            let trimmed = rest.strip_prefix(['-', '+']).unwrap_or(rest);
            if depth == 0 && (rest.starts_with(end) || trimmed.starts_with(end)) {
                break;
            }
            let length = c.len_utf8();
            match c {
                '\'' | '"' => {
                    at = self.string(at, c);
                    operand = false;
                    continue;
                }
                c if c.is_whitespace() => {
                    if length > 1 {
                        self.replaced.push((at, length, " ".repeat(length)));
                    }
                }
                '(' | '[' | '{' => {
                    depth += 1;
                    operand = true;
                }
                ')' | ']' | '}' => {
                    depth = depth.saturating_sub(1);
                    operand = false;
                }
                '+' if operand => self.replaced.push((at, 1, " ".into())),
                ',' => {
                    let counts = match kind {
                        Tag::Print => depth == 0,
                        Tag::Block => depth == 0 && iterated.is_some() && iterated_end.is_none(),
                    };
                    comma |= counts;
                    operand = true;
                }
                c if c.is_alphanumeric() || c == '_' => {
                    let stop = rest
                        .find(|c: char| !c.is_alphanumeric() && c != '_')
                        .unwrap_or(rest.len());
                    let word = rest.get(..stop).unwrap_or("");
                    if depth == 0 && kind == Tag::Block && first == "for" {
                        match word {
                            "in" if iterated.is_none() => iterated = Some(at + stop),
                            "if" | "recursive" if iterated_end.is_none() => iterated_end = Some(at),
                            _ => {}
                        }
                    }
                    if !word.is_ascii() {
                        let stand_in = self.stand_in(word);
                        self.replaced.push((at, word.len(), stand_in));
                    }
                    operand = matches!(word, "in" | "and" | "or" | "not" | "if" | "else" | "is");
                    at += stop;
                    continue;
                }
                '.' => operand = false,
                _ => operand = true,
            }
            at += length;
        }
        let stop = at;
        if comma {
            let (open, close) = match kind {
                Tag::Print => (body, stop),
                Tag::Block => (iterated.unwrap_or(body), iterated_end.unwrap_or(stop)),
            };
            self.inserts.push((open, '('));
            self.inserts.push((close, ')'));
        }
        if kind == Tag::Block {
            self.block_in_macro(&first, body, stop);
        }
        let skip = self.source.get(stop..).unwrap_or("");
        stop + if skip.starts_with(end) {
            end.len()
        } else {
            end.len() + 1
        }
    }

    /// An ASCII name of the same length that the source does not have.
    fn stand_in(&mut self, word: &str) -> String {
        if let Some((known, _)) = self.names.iter().find(|(_, original)| original == word) {
            return known.clone();
        }
        let mut name = String::new();
        for n in 0..1000 {
            name = format!("Z{n:_<width$}", width = word.len().saturating_sub(1));
            if !self.source.contains(&name) && self.names.iter().all(|(known, _)| *known != name) {
                break;
            }
        }
        self.names.push((name.clone(), word.to_owned()));
        name
    }

    /// Blocks in macros cannot be overridden: they are scopes.
    fn block_in_macro(&mut self, first: &str, body: usize, stop: usize) {
        match first {
            "macro" => self.macros += 1,
            "endmacro" => self.macros = self.macros.saturating_sub(1),
            "block" | "endblock" if self.macros > 0 => {
                let word = if first == "block" { "with" } else { "endwith" };
                let length = stop - body;
                let mut text = format!(" {word}");
                if text.len() <= length {
                    text.push_str(&" ".repeat(length - text.len()));
                    self.replaced.push((body, length, text));
                }
            }
            _ => {}
        }
    }

    /// Hides a literal's escapes from the parser (values are read from the original); gives the offset behind it.
    fn string(&mut self, start: usize, quote: char) -> usize {
        let mut at = start + 1;
        while let Some(c) = self.source.get(at..).and_then(|r| r.chars().next()) {
            at += c.len_utf8();
            if c == quote {
                break;
            }
            if c == '\\'
                && let Some(next) = self.source.get(at..).and_then(|r| r.chars().next())
            {
                let length = 1 + next.len_utf8();
                self.replaced.push((at - 1, length, "_".repeat(length)));
                at += next.len_utf8();
            }
        }
        at
    }

    fn finish(mut self) -> Option<Fixed> {
        if self.replaced.is_empty() && self.inserts.is_empty() {
            return None;
        }
        let mut text = String::with_capacity(self.source.len() + self.inserts.len());
        let mut inserted = Vec::new();
        let mut at = 0;
        self.replaced.sort_by_key(|r| r.0);
        self.inserts.sort_by_key(|i| i.0);
        let mut inserts = self.inserts.into_iter().peekable();
        let mut copy = |text: &mut String, from: usize, to: usize, piece: Option<&str>| {
            let mut from = from;
            while let Some((position, c)) = inserts.next_if(|i| i.0 <= to && (piece.is_none() || i.0 < to)) {
                if piece.is_none() {
                    text.push_str(self.source.get(from..position).unwrap_or(""));
                    from = position;
                }
                inserted.push(text.len());
                text.push(c);
            }
            match piece {
                None => text.push_str(self.source.get(from..to).unwrap_or("")),
                Some(piece) => text.push_str(piece),
            }
        };
        for (start, length, piece) in &self.replaced {
            if *start < at {
                continue;
            }
            copy(&mut text, at, *start, None);
            copy(&mut text, *start, start + length, Some(piece));
            at = start + length;
        }
        copy(&mut text, at, self.source.len(), None);
        Some(Fixed {
            text,
            inserted,
            names: self.names,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::fix;
    use crate::syntax::Syntax;

    fn fixed(source: &str) -> String {
        fix(source, &Syntax::default()).map_or_else(|| source.to_owned(), |f| f.text)
    }

    #[test]
    fn bare_tuples_get_parentheses() {
        assert_eq!(fixed("x{{ a, b[1, 2] }}y"), "x{{( a, b[1, 2] )}}y");
        assert_eq!(
            fixed("{% for x in 'a', 'b' if x %}"),
            "{% for x in( 'a', 'b' )if x %}"
        );
        assert_eq!(fixed("{% for a, b in c %}"), "{% for a, b in c %}");
    }

    #[test]
    fn unary_plus_and_wide_spaces_become_spaces() {
        assert_eq!(fixed("{{ +n + 1 }}"), "{{  n + 1 }}");
        assert_eq!(fixed("{{\u{a0}n }}"), "{{  n }}");
    }

    #[test]
    fn names_that_are_not_ascii_get_stand_ins() {
        let f = fix("{{ r.\u{fc}ni == '\u{e9}' }}", &Syntax::default()).unwrap();
        assert_eq!(f.text, "{{ r.Z0__ == '\u{e9}' }}");
        assert_eq!(f.name("Z0__"), "\u{fc}ni");
    }

    #[test]
    fn offsets_are_mapped_back() {
        let f = fix("{{ a, b }}", &Syntax::default()).unwrap();
        assert_eq!(f.text, "{{( a, b )}}");
        assert_eq!(f.original(f.text.find('b').unwrap()), 6);
    }
}
