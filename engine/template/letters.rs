//! Python's view of characters: case, classes, white space.

use regex::Regex;
use std::sync::LazyLock;

/// The first digits of the decimal digit blocks of Unicode.
const ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x11066, 0x1d7ce,
    0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
];

/// Letters, their marks, digits and connectors.
static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\A\w+\z").ok());

/// `str.isspace` for one character.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

fn is_decimal(c: char) -> bool {
    ZEROS.iter().any(|z| (*z..*z + 10).contains(&(c as u32)))
}

fn is_digit(c: char) -> bool {
    is_decimal(c)
        || matches!(c, '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}' | '\u{2074}'..='\u{2079}' | '\u{2080}'..='\u{2089}' | '\u{2460}'..='\u{2468}')
}

fn is_cased(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

/// Answers the `is…` methods.
pub(crate) fn question(s: &str, name: &str) -> Option<bool> {
    let all = |test: fn(char) -> bool| !s.is_empty() && s.chars().all(test);
    Some(match name {
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isascii" => s.is_ascii(),
        "isdecimal" => all(is_decimal),
        "isdigit" => all(is_digit),
        "isnumeric" => all(char::is_numeric),
        "isspace" => all(is_space),
        "isprintable" => s.chars().all(kdo_value::is_printable),
        "isidentifier" => {
            s.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
                && !s.contains(['\u{200c}', '\u{200d}'])
                && WORD.as_ref().is_some_and(|word| word.is_match(s))
        }
        "islower" => s.chars().any(is_cased) && !s.chars().any(char::is_uppercase),
        "isupper" => s.chars().any(is_cased) && !s.chars().any(char::is_lowercase),
        "istitle" => is_title(s),
        _ => return None,
    })
}

fn is_title(s: &str) -> bool {
    let (mut previous, mut any) = (false, false);
    for c in s.chars() {
        if (c.is_uppercase() && previous) || (c.is_lowercase() && !previous) {
            return false;
        }
        previous = is_cased(c);
        any |= previous;
    }
    any
}

fn capital(c: char) -> String {
    // Python uses title case here: only the first letter of what a character expands to is a capital.
    match c {
        '\u{1c4}'..='\u{1c6}' => return '\u{1c5}'.to_string(),
        '\u{1c7}'..='\u{1c9}' => return '\u{1c8}'.to_string(),
        '\u{1ca}'..='\u{1cc}' => return '\u{1cb}'.to_string(),
        '\u{1f1}'..='\u{1f3}' => return '\u{1f2}'.to_string(),
        _ => {}
    }
    let mut upper = c.to_uppercase();
    let mut out: String = upper.by_ref().take(1).collect();
    out.extend(upper.flat_map(char::to_lowercase));
    out
}

/// `str.capitalize`.
pub(crate) fn capitalize(s: &str) -> String {
    let mut chars = s.chars();
    match chars.next() {
        Some(c) => capital(c) + &chars.as_str().to_lowercase(),
        None => String::new(),
    }
}

/// `str.title`.
pub(crate) fn title(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut previous = false;
    for c in s.chars() {
        if previous {
            out.extend(c.to_lowercase());
        } else {
            out.push_str(&capital(c));
        }
        previous = is_cased(c);
    }
    out
}

/// `str.swapcase`.
pub(crate) fn swapcase(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        if c.is_uppercase() {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
    }
    out
}

/// `str.casefold`: through both cases, so that sharp s (small and capital) and long s fold too.
pub(crate) fn casefold(s: &str) -> String {
    s.chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}
