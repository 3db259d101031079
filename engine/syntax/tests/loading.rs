//! Behaviour of the loader beyond plain values: places, trust, sharing, messages, hostile input.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use kdo_syntax::{Diagnostic, Documents, LoadOptions, SourceMap, load_file, load_text, render};
use kdo_value::Value;
use std::path::Path;

fn load(text: &str) -> Result<Documents, Diagnostic> {
    load_text(&SourceMap::new(), Path::new("t.yml"), text, LoadOptions::TRUSTED)
}

fn value(text: &str) -> Value {
    load(text)
        .unwrap_or_else(|d| panic!("{text:?}: {d}"))
        .single()
        .unwrap()
}

fn message(text: &str) -> String {
    let sources = SourceMap::new();
    let error = load_text(&sources, Path::new("t.yml"), text, LoadOptions::TRUSTED).unwrap_err();
    render(&error, &sources, false)
}

fn place(v: &Value) -> (u32, u32) {
    v.origin().map(|o| (o.line, o.column)).unwrap()
}

#[test]
fn texts_and_keys_know_their_place() {
    let v = value("a: x\nb:\n  - 'y'\n  - |\n    first\n    second\nd: >-\n\n    late\n");
    assert_eq!(place(&v.get("a").unwrap()), (1, 4));
    let list = v.get("b").unwrap().as_sequence().unwrap();
    assert_eq!((place(&list[0]), place(&list[1])), ((3, 5), (5, 5)));
    assert_eq!(place(&v.get("d").unwrap()), (8, 5));
    assert_eq!(place(&v.as_map().unwrap().at(1).unwrap().0), (2, 1));
}

#[test]
fn trust_follows_the_file_and_unsafe() {
    let v = value("a: '{{ x }}'\nb: !unsafe '{{ x }}'\nc: !unsafe {k: ['{{ x }}', 1, yes]}\n");
    assert!(v.get("a").unwrap().is_templated());
    assert!(!v.get("b").unwrap().is_templated());
    assert!(!v.get("c").unwrap().is_templated());
    assert_eq!(v.get("c").unwrap().repr(), "{'k': ['{{ x }}', 1, True]}");
    let d = load_text(
        &SourceMap::new(),
        Path::new("t"),
        "a: '{{ x }}'",
        LoadOptions::UNTRUSTED,
    )
    .unwrap();
    assert!(!d.values[0].is_templated());
}

#[test]
fn containers_are_frozen_and_aliases_share_them() {
    let v = value("a: &x [1, {k: v}]\nb: *x\nc: {<<: {k: 1, j: 2}, k: 3}\n");
    let (a, b) = (v.get("a").unwrap(), v.get("b").unwrap());
    assert!(a.as_list().unwrap().same(b.as_list().unwrap()) && a.as_list().unwrap().is_frozen());
    assert!(v.as_map().unwrap().is_frozen());
    assert_eq!(v.get("c").unwrap().repr(), "{'k': 3, 'j': 2}");
}

#[test]
fn merges_follow_pyyaml() {
    let v = value("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz: {c: 3, <<: [*x, *y], d: 4}\n");
    assert_eq!(v.get("z").unwrap().repr(), "{'b': 1, 'c': 3, 'a': 1, 'd': 4}");
    assert!(
        load("x: &x {a: 1}\nz: {<<: *x, a: 2}\n")
            .unwrap()
            .warnings
            .is_empty()
    );
    assert!(load("z: {<<: 5}\n").is_err());
    assert_eq!(value("{'<<': 1, =: 2}").repr(), "{'<<': 1, '=': 2}");
}

#[test]
fn a_key_that_is_there_twice_is_a_warning_with_its_place() {
    let d = load("a: 1\nb: 2\na: 3\n").unwrap();
    assert_eq!(d.values[0].repr(), "{'a': 3, 'b': 2}");
    let w = d.warnings.first().unwrap();
    assert_eq!(
        (w.message.as_str(), w.place.unwrap().line),
        ("Found duplicate mapping key 'a'.", 3)
    );
}

#[test]
fn missing_final_line_ends_change_nothing() {
    for (text, want) in [
        ("a: |\n  x", "x"),
        ("a: |\n  x\n", "x\n"),
        ("a: >\n  x\n  y", "x y"),
        ("a: |+\n  x", "x"),
        ("a: |+\n  x\n\n", "x\n\n"),
        ("a: |\n  x\n ", "x\n"),
        ("a: |+\n  x\n ", "x\n"),
        ("a: |\n  x\n   ", "x\n "),
        ("a: |-\n  x", "x"),
        ("a: |\n  x # + |", "x # + |"),
        ("a: x", "x"),
        ("a: 'x'", "x"),
        ("b: |\n  z\na: x", "x"),
        ("a: |  # keep + it\n  x", "x"),
    ] {
        assert_eq!(value(text).get("a").unwrap().to_text(), want, "{text:?}");
    }
}

#[test]
fn an_unquoted_template_gets_a_correction() {
    let wanted = r#"error: a value that begins with a template must be quoted
 --> t.yml:2:6
  |
2 |   b: {{ x }}/y
  |      ^^^^^^^^^ YAML reads `{` as the start of a mapping
  |
  = help: b: "{{ x }}/y"
"#;
    assert_eq!(message("a:\n  b: {{ x }}/y\n"), wanted);
    assert!(message("- {{ x }}\n").contains("- \"{{ x }}\""));
    assert!(message("a: {{ x[\"y\"] }}\n").contains("a: '{{ x[\"y\"] }}'"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, part, line_column) in [
        ("a:\n\tb: 1\n", "a tab cannot indent YAML", "2:1"),
        ("a: b: c\n", "a colon and a space make this a key", "1:5"),
        ("a: 'x' y\n", "there is text after the closing quote", "1:8"),
        ("a: !foo x\n", "unknown tag `!foo`", "1:4"),
        ("a: !vualt x\n", "did you mean `!vault`?", "1:4"),
        ("a: *nope\n", "there is no anchor `&nope`", "1:4"),
        ("a: &a [*a]\n", "stands inside the value", "1:8"),
        ("- &a 1\n- &a 2\n", "is used twice", "2:3"),
        ("a: !vault [1]\n", "`!vault` needs encrypted text", "1:4"),
        ("a: \"x\u{1}\"\n", "U+0001", "1:6"),
        ("a: 2020-13-01\n", "the month must be in 1..12", "1:4"),
        ("? {a: 1}\n: x\n", "a mapping cannot be a key", "1:3"),
    ] {
        let shown = message(text);
        assert!(
            shown.contains(part) && shown.contains(&format!("t.yml:{line_column}\n")),
            "{shown}"
        );
    }
}

#[test]
fn several_documents_are_kept_apart() {
    let d = load("--- 1\n---\n- 2\n...\n").unwrap();
    assert_eq!(d.values.len(), 2);
    assert!(d.single().is_err());
    assert!(load("").unwrap().single().unwrap().is_none());
    assert!(load("# only a comment").unwrap().single().unwrap().is_none());
    assert_eq!(value("---\n").repr(), "None");
}

#[test]
fn explicit_tags_decide_the_type() {
    let v = value(
        "a: !!str 5\nb: !!int '0x10'\nc: !!float 3\nd: !!set {x, y}\ne: !!omap [k: 1, l: 2]\nf: !!bool 'On'\n",
    );
    assert_eq!(
        v.repr(),
        "{'a': '5', 'b': 16, 'c': 3.0, 'd': ['x', 'y'], 'e': [('k', 1), ('l', 2)], 'f': True}"
    );
    assert!(
        load("a: !!int x\n").is_err() && load("a: !!str [x]\n").is_err() && load("a: !!map x\n").is_err()
    );
}

#[test]
fn files_of_other_encodings_are_read_or_refused_with_words() {
    let dir = std::env::temp_dir().join(format!("kdo-syntax-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let read = |path: &Path| load_file(&SourceMap::new(), path, LoadOptions::TRUSTED);
    let utf16: Vec<u8> = "\u{feff}a: é\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read(&write("16", &utf16)).unwrap().values[0].repr(), "{'a': 'é'}");
    assert_eq!(
        read(&write("bom", b"\xef\xbb\xbfa: 1\n")).unwrap().values[0].repr(),
        "{'a': 1}"
    );
    let bad = read(&write("bad", b"a: 1\nb: \xff\n")).unwrap_err();
    assert!(bad.message.contains("byte 0xff at line 2 is not UTF-8"), "{bad}");
    assert!(
        read(&dir.join("none"))
            .unwrap_err()
            .message
            .contains("no such file")
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn hostile_documents_cost_little() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        let refs = vec![format!("*a{}", i - 1); 10].join(", ");
        bomb += &format!("a{i}: &a{i} [{refs}]\n");
    }
    assert!(load(&bomb).unwrap_err().message.contains("aliases blow this up"));
    assert!(load(&"[".repeat(100_000)).is_err());
    assert!(load(&"{a: ".repeat(10_000)).is_err());
    assert!(
        load(&"- ".repeat(10_000))
            .unwrap_err()
            .message
            .contains("levels of nesting")
    );
}

#[test]
fn no_text_makes_the_loader_panic() {
    let parts = [
        "a",
        ": ",
        "- ",
        "\n",
        "  ",
        "'",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "#",
        "|",
        ">",
        "&x ",
        "*x",
        "!",
        "!!set ",
        "!vault ",
        "<<",
        "?",
        "%",
        "@",
        "`",
        "\t",
        "\r",
        "---",
        "...",
        "\u{85}",
        "\u{2028}",
        "é",
        "😀",
        "\u{feff}",
        "\\",
        "\\x4",
        "\\u",
        "0",
        "1:2",
        ".inf",
        "~",
        "{{ x }}",
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "|+2\n",
        ">-\n",
        "\0",
        "=",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % n as u64).unwrap()
    };
    std::panic::set_hook(Box::new(|_| {}));
    for _ in 0..30_000 {
        let text: String = (0..next(14) + 1).map(|_| parts[next(parts.len())]).collect();
        let sources = SourceMap::new();
        if let Err(d) = load_text(&sources, Path::new("t"), &text, LoadOptions::TRUSTED) {
            assert!(!d.message.contains("the YAML parser failed"), "{text:?}");
            let _ = render(&d, &sources, false);
        }
    }
    let _ = std::panic::take_hook();
}
