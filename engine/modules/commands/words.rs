//! Splitting a command line into words, as Python's `shlex.split` does.

/// Words of a POSIX-like command line; the error says what is not closed.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => w.push(c),
                        None => return Err("No closing quotation".into()),
                    }
                }
            }
            '"' => {
                let w = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\')) => w.push(c),
                            Some(c) => {
                                w.push('\\');
                                w.push(c);
                            }
                            None => return Err("No closing quotation".into()),
                        },
                        Some(c) => w.push(c),
                        None => return Err("No closing quotation".into()),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("No escaped character".into()),
            },
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// The first word, and the rest of the line as it was written.
pub fn first(line: &str) -> Result<(String, &str), String> {
    let line = line.trim();
    for (at, _) in line.char_indices().filter(|(_, c)| c.is_ascii_whitespace()) {
        let (head, rest) = line.split_at(at);
        if let Ok([word]) = split(head).as_deref() {
            return Ok((word.clone(), rest.trim_start()));
        }
    }
    Ok((split(line)?.into_iter().next().unwrap_or_default(), ""))
}

/// The word quoted for a shell, as Python's `shlex.quote` does.
pub fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

/// Words as one line that a shell splits into them again.
pub fn join(words: &[String]) -> String {
    let quoted: Vec<_> = words.iter().map(|w| quote(w)).collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{first, quote, split};

    #[test]
    fn the_first_word_ends_outside_quotes_and_the_rest_keeps_its_own() {
        assert_eq!(
            first("'a b/c' \"d  e\" f").unwrap(),
            ("a b/c".into(), "\"d  e\" f")
        );
        assert_eq!(first(r"a\ b  c").unwrap(), ("a b".into(), "c"));
        assert_eq!(first(" alone ").unwrap(), ("alone".into(), ""));
        assert!(first("'open end").is_err());
    }

    #[test]
    fn words_are_split_as_by_a_shell() {
        assert_eq!(
            split(r#"a 'b c' "d \"e\" \x" f\ g ''"#).unwrap(),
            ["a", "b c", r#"d "e" \x"#, "f g", ""]
        );
        assert!(split("a 'b").is_err());
        assert_eq!(split("  ").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn quoted_words_survive_splitting() {
        for word in ["", "a b", "it's", "$x;`y`", "plain"] {
            assert_eq!(split(&quote(word)).unwrap(), [word]);
        }
    }
}
