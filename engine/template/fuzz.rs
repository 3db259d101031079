//! No text makes the evaluator panic, overflow the stack or run away.

use crate::{Environment, FileOptions, Templar};
use kdo_value::{Map, Text, Value};

const TOKENS: &[&str] = &[
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{%-",
    "-%}",
    "{{-",
    "-}}",
    "for",
    "endfor",
    "in",
    "if",
    "elif",
    "else",
    "endif",
    "set",
    "endset",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "filter",
    "endfilter",
    "block",
    "endblock",
    "with",
    "endwith",
    "raw",
    "endraw",
    "extends",
    "include",
    "import",
    "from",
    "as",
    "recursive",
    "is",
    "not",
    "and",
    "or",
    "x",
    "y",
    "l",
    "d",
    "s",
    "n",
    "loop",
    "self",
    "super",
    "caller",
    "true",
    "none",
    "1",
    "2.5",
    "-1",
    "99999999999999999999",
    "'a'",
    "\"b\\n\"",
    "'%s'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "|",
    "~",
    "+",
    "-",
    "*",
    "**",
    "/",
    "//",
    "%",
    "=",
    "==",
    "<",
    ">=",
    "!=",
    "range",
    "dict",
    "namespace",
    "cycler",
    "joiner",
    "lookup",
    "append",
    "update",
    "format",
    "split",
    "join",
    "pop",
    "items",
    "sort",
    "index",
    "replace",
    "center",
    "zfill",
    "encode",
    "translate",
    "first",
    "upper",
    "default",
    "map",
    "defined",
    "\u{a0}",
    "\u{e9}",
    " ",
    "\n",
    "\r\n",
    "*l",
    "**d",
    "lazy",
    "loopa",
    "omit",
    "vars",
    "'{:>5}'",
    "'{0[0]}'",
    "varargs",
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

fn variables() -> Map {
    let map = Map::new();
    map.insert("x", 1_i64);
    map.insert("s", "text");
    map.insert("n", 3_i64);
    let l = kdo_value::List::frozen(vec![
        Value::Int(1),
        Value::trusted("{{ n }}"),
        Value::trusted("{{ nope }}"),
    ]);
    map.insert("l", Value::List(l));
    let d = Map::new();
    d.insert("a", Value::trusted("{{ l }}"));
    d.freeze();
    map.insert("d", d);
    map.insert("lazy", Value::trusted("{{ d.a[1] }}"));
    map.insert("loopa", Value::trusted("{{ loopb }}"));
    map.insert("loopb", Value::trusted("x{{ loopa }}"));
    map
}

fn run(text: &str) -> Result<Value, String> {
    let variables = variables();
    let environment = Environment::default();
    let templar = Templar::new(&variables, &environment);
    let rendered = templar.render(text, &FileOptions::default());
    let value = templar
        .resolve(&Value::Str(Text::trusted(text, None)))
        .map_err(|e| e.message);
    drop(rendered);
    drop(templar.condition(&Value::trusted(text)));
    value
}

#[test]
fn token_soup_gives_results_or_errors() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut good = 0;
    // KDO_FUZZ_SECONDS goes on for so long, from another seed each time
    let seconds: u64 = std::env::var("KDO_FUZZ_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    let begun = std::time::Instant::now();
    if seconds > 0 {
        random.0 ^= u64::from(std::process::id()) << 32;
    }
    let mut round = 0_u64;
    while round < 6000 || begun.elapsed().as_secs() < seconds {
        round += 1;
        let mut text = String::new();
        let tagged = round % 3;
        match tagged {
            1 => text.push_str("{{ "),
            2 => text.push_str("{% set y = "),
            _ => {}
        }
        for _ in 0..random.next(12) + 1 {
            let token = TOKENS[random.next(TOKENS.len())];
            text.push_str(token);
            if random.next(3) > 0 {
                text.push(' ');
            }
        }
        match tagged {
            1 => text.push_str(" }}"),
            2 => text.push_str(" %}{{ y }}"),
            _ => {}
        }
        good += usize::from(run(&text).is_ok());
    }
    if seconds > 0 {
        println!("{round} texts, {good} of them templates");
    }
    assert!(good > 100, "only {good} texts were templates");
}

#[test]
fn deep_and_long_texts_are_errors_not_crashes() {
    let wrap =
        |open: &str, close: &str, n: usize| format!("{{{{ {}1{} }}}}", open.repeat(n), close.repeat(n));
    for text in [
        wrap("(", ")", 100_000),
        wrap("[", "]", 100_000),
        wrap("not ", "", 100_000),
        wrap("-", "", 100_000),
        wrap("1 + ", "", 100_000),
        wrap("x ~ ", "", 100_000),
        wrap("", ".a", 100_000),
        wrap("", " | first", 50_000),
        wrap("", " if 1 else 2", 50_000),
        "{% if 1 %}".repeat(20_000),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(20_000)),
        "{% for i in l %}".repeat(20_000),
        "{{ [".repeat(10_000),
        "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}".to_owned(),
        "{{ loopa }}".to_owned(),
        "{% set ns = namespace(x=[]) %}{% for i in range(10000) %}{% set ns.x = [ns.x] %}{% endfor %}"
            .to_owned(),
        "{% set x = [] %}{{ x.append(x) }}{{ x }}".to_owned(),
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}"
            .to_owned(),
        "{{ range(99999999999) | list }}{{ [i for i in range(9)] }}".to_owned(),
        "{% for i in range(99999999999) %}{% endfor %}".to_owned(),
        "{{ 'a' * 99999999999 }}".to_owned(),
        "{{ 'a'.center(99999999999) }}".to_owned(),
        "{{ '%99999999999d' % 1 }}".to_owned(),
        "{{ '{:99999999999}'.format(1) }}".to_owned(),
        "{{ '{:.99999999999f}'.format(1.5) }}".to_owned(),
        "{{ 2 ** 99999999999 }}".to_owned(),
        "{% for i in [[[]]] recursive %}{{ loop([[]] * 2) }}{% endfor %}".to_owned(),
    ] {
        assert!(
            run(&text).is_err(),
            "{}",
            text.chars().take(60).collect::<String>()
        );
    }
}

#[test]
fn chains_of_a_sane_length_work() {
    assert_eq!(
        run(&format!("{{{{ {}1 }}}}", "1 + ".repeat(200))).unwrap(),
        Value::Int(201)
    );
    let list = format!("{{{{ [{}] [-1] }}}}", "1, ".repeat(20_000));
    assert_eq!(run(&list).unwrap(), Value::Int(1));
}
