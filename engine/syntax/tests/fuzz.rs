//! No text makes the YAML loader panic or run away.

#![allow(clippy::unwrap_used)]

use kdo_syntax::{LoadOptions, SourceMap, load_text};
use std::{path::Path, time::Instant};

const PIECES: &[&str] = &[
    "a",
    "b: ",
    "- ",
    "? ",
    ": ",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    " ",
    "'",
    "\"",
    "|",
    ">",
    "|+2",
    ">-",
    "#",
    " # c",
    "&a ",
    "*a",
    "!!str ",
    "!!set ",
    "!!omap ",
    "!!binary ",
    "!!python/none ",
    "!vault ",
    "!unsafe ",
    "!",
    "<<: ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "---",
    "\n---\n",
    "\n...\n",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "~",
    "yes",
    "0x1f",
    "1_000",
    "1:20",
    ".inf",
    ".nan",
    "2001-12-14t21:59:43.10-05:00",
    "\\",
    "\\u00e9",
    "\\x4",
    "\u{e9}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\r\n",
    "\u{0}",
    "=",
    "@",
    "`",
    "-",
    "99999999999999999999",
    "1e400",
    "{{ x }}",
    "{{",
    "''",
    "\"\"",
];

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

fn load(text: &str) -> bool {
    load_text(
        &SourceMap::new(),
        Path::new("x.yml"),
        text,
        LoadOptions::UNTRUSTED,
    )
    .is_ok()
}

#[test]
fn soup_of_pieces_gives_documents_or_errors() {
    // KDO_FUZZ_SECONDS goes on for so long, from another seed each time
    let seconds: u64 = std::env::var("KDO_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    if seconds > 0 {
        random.0 ^= u64::from(std::process::id()) << 32;
    }
    let begun = Instant::now();
    let (mut rounds, mut good) = (0_u64, 0_u64);
    while rounds < 20_000 || begun.elapsed().as_secs() < seconds {
        let mut text = String::new();
        for _ in 0..random.next(24) + 1 {
            text.push_str(PIECES[random.next(PIECES.len())]);
        }
        good += u64::from(load(&text));
        rounds += 1;
    }
    if seconds > 0 {
        println!("{rounds} texts, {good} of them documents");
    }
    assert!(good > 1000, "only {good} texts were documents");
}

#[test]
fn deep_and_wide_texts_are_errors_or_values_but_no_crash() {
    for text in [
        "[".repeat(100_000),
        "{".repeat(100_000),
        "- ".repeat(50_000),
        "? ".repeat(50_000),
        "a: ".repeat(20_000),
        format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        (0..5000).fold(String::new(), |out, depth| out + &" ".repeat(depth) + "a:\n"),
        "&a [*a]".to_owned(),
        "a: &a [1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n".to_owned(),
        "\"".to_owned() + &"\\x41".repeat(100_000) + "\"",
        // blanks of several bytes before a template that lacks quotes
        "\u{a0}\u{2003}a: {{ x }}\n".to_owned(),
    ] {
        load(&text);
    }
    assert!(!load(&"[".repeat(100_000)));
}
