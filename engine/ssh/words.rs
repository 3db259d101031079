//! Splitting of configuration lines into words.

/// Splits at blanks; double quotes keep blanks together, `\"` and `\\` inside them stand for themselves.
pub(crate) fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let Some(&first) = chars.peek() else { return words };
        if first == '#' {
            return words;
        }
        let mut word = String::new();
        let mut quoted = false;
        while let Some(&c) = chars.peek() {
            if !quoted && c.is_whitespace() {
                break;
            }
            chars.next();
            match c {
                '"' => quoted = !quoted,
                '\\' if quoted => match chars.next_if(|&n| n == '"' || n == '\\') {
                    Some(escaped) => word.push(escaped),
                    None => word.push('\\'),
                },
                _ => word.push(c),
            }
        }
        words.push(word);
    }
}

/// Splits a configuration line into its lower-case keyword and the rest; `Key value`, `Key=value` and `Key = value`
/// are the same. `None` for empty lines and comments.
pub(crate) fn split_keyword(line: &str) -> Option<(String, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(line.len());
    let (keyword, rest) = line.split_at_checked(end)?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest).trim();
    Some((keyword.to_ascii_lowercase(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_blanks_and_comments_end_the_line() {
        assert_eq!(split_words(r#"a "b c" d"e f" # rest"#), ["a", "b c", "de f"]);
        assert_eq!(split_words("\t x\ty "), ["x", "y"]);
    }

    #[test]
    fn keyword_and_value_may_be_separated_by_blank_or_equals() {
        assert_eq!(split_keyword("HostName=a"), Some(("hostname".into(), "a")));
        assert_eq!(
            split_keyword("  HostName \t= a b "),
            Some(("hostname".into(), "a b"))
        );
        assert_eq!(split_keyword("Port 22"), Some(("port".into(), "22")));
        assert_eq!(split_keyword("# x"), None);
    }
}
