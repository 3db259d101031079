//! Words of a line as a POSIX shell would split them, with quotes and a comment at the end.

/// A word and the column (from 1) at which it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word without its quotes.
    pub text: String,
    /// Column in characters.
    pub column: u32,
}

/// Splits a line; a `#` outside quotes ends it. The error is an unclosed quote.
pub fn split_words(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut words = Vec::new();
    let mut current: Option<Word> = None;
    let mut chars = (1_u32..).zip(line.chars());
    while let Some((column, c)) = chars.next() {
        match c {
            '#' => break,
            c if c.is_whitespace() => words.extend(current.take()),
            c => {
                let word = current.get_or_insert(Word {
                    text: String::new(),
                    column,
                });
                match c {
                    '\'' => loop {
                        match chars.next() {
                            Some((_, '\'')) => break,
                            Some((_, c)) => word.text.push(c),
                            None => return Err("a quote is not closed"),
                        }
                    },
                    '"' => loop {
                        match chars.next() {
                            Some((_, '"')) => break,
                            Some((_, '\\')) => match chars.next() {
                                Some((_, c @ ('"' | '\\'))) => word.text.push(c),
                                Some((_, c)) => {
                                    word.text.push('\\');
                                    word.text.push(c);
                                }
                                None => return Err("a quote is not closed"),
                            },
                            Some((_, c)) => word.text.push(c),
                            None => return Err("a quote is not closed"),
                        }
                    },
                    '\\' => match chars.next() {
                        Some((_, c)) => word.text.push(c),
                        None => return Err("nothing follows the backslash"),
                    },
                    c => word.text.push(c),
                }
            }
        }
    }
    words.extend(current);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::split_words;

    #[test]
    fn quotes_escapes_and_comments_are_those_of_a_shell() {
        let words = |line: &str| {
            let words = split_words(line).unwrap();
            words.into_iter().map(|w| w.text).collect::<Vec<_>>()
        };
        assert_eq!(
            words("h a='b c' d=\"e \\\" f\" g\\ h # x"),
            ["h", "a=b c", "d=e \" f", "g h"]
        );
        assert_eq!(words("q=a#b p=1"), ["q=a"]);
        assert_eq!(words("v={\"a\":1} j='it''s' e=''"), ["v={a:1}", "j=its", "e="]);
        assert_eq!(words("\"\\n\""), ["\\n"]);
        assert!(split_words("a 'b").is_err() && split_words("\"a").is_err() && split_words("a\\").is_err());
        assert_eq!(split_words("é  b").unwrap()[1].column, 4);
    }
}
