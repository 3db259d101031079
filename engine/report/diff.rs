//! Differences as text.

use crate::{Options, ResultFormat, clean, palette::paint, render, sequence, yaml_text};
use kdo_value::{
    Map, Value,
    json::{Layout, write},
};
use sequence::Kind;

/// A result's `diff` as text, ready to print; empty if there is nothing to show.
pub(crate) fn diff_text(diff: &Value, options: &Options) -> String {
    let diffs = diff.as_sequence().unwrap_or_else(|| vec![diff.clone()]);
    diffs
        .iter()
        .filter_map(Value::as_map)
        .map(|d| one(d, options))
        .collect()
}

fn one(diff: &Map, options: &Options) -> String {
    let mut out = String::new();
    for (key, text) in [
        ("dst_binary", "destination file appears to be binary"),
        ("src_binary", "source file appears to be binary"),
    ] {
        if diff.contains(key) {
            out.push_str(&format!("diff skipped: {text}\n"));
        }
    }
    for (key, text) in [("dst_larger", "destination"), ("src_larger", "source")] {
        if let Some(size) = diff.get(key) {
            out.push_str(&format!("diff skipped: {text} file size is greater than {}\n", size.to_text()));
        }
    }
    if let (Some(before), Some(after)) = (diff.get("before"), diff.get("after")) {
        let head = |key: &str, name: &str| match diff.get(key) {
            Some(header) if header.truthy() => format!("{name}: {}", header.to_text()),
            _ => name.to_owned(),
        };
        let headers = (head("before_header", "before"), head("after_header", "after"));
        out.push_str(&unified(&side(&before, options), &side(&after, options), &headers, options));
    }
    if let Some(text) = diff.get("prepared") {
        let text = text.to_text();
        out.push_str(&text);
        if !text.is_empty() && !text.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

fn side(value: &Value, options: &Options) -> String {
    match value {
        Value::None => String::new(),
        Value::Map(m) if options.result_format == ResultFormat::Yaml => {
            format!("{}\n\n", render::indented(&yaml_text::dump(&clean::printable(m))))
        }
        Value::Map(_) | Value::List(_) | Value::Tuple(_) => {
            let layout = Layout {
                sort_keys: true,
                ..Layout::pretty(4)
            };
            let plain = clean::printable_value(value);
            format!("{}\n", write(&plain, &layout).unwrap_or_else(|_| plain.to_text()))
        }
        other => other.to_text(),
    }
}

/// Lines as Python's `splitlines(True)` cuts them.
fn lines(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut line = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        line.push(c);
        let end = match c {
            '\r' => chars.peek() != Some(&'\n'),
            '\n' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}' => true,
            _ => false,
        };
        if end {
            out.push(std::mem::take(&mut line));
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    if let Some(last) = out.last_mut().filter(|l| !l.ends_with('\n')) {
        last.push_str("\n\\ No newline at end of file\n");
    }
    out
}

fn range(start: usize, stop: usize) -> String {
    match stop - start {
        0 => format!("{start},0"),
        1 => (start + 1).to_string(),
        n => format!("{},{n}", start + 1),
    }
}

fn unified(before: &str, after: &str, headers: &(String, String), options: &Options) -> String {
    let (a, b) = (lines(before), lines(after));
    let palette = &options.palette;
    let color = |line: &str, code: &str| {
        if options.color { paint(line, code) } else { line.to_owned() }
    };
    let mut out = String::new();
    for group in sequence::groups(&a, &b, 3) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        if out.is_empty() {
            out.push_str(&color(&format!("--- {}\n", headers.0), &palette.diff_remove));
            out.push_str(&color(&format!("+++ {}\n", headers.1), &palette.diff_add));
        }
        let place = format!("@@ -{} +{} @@\n", range(first.a0, last.a1), range(first.b0, last.b1));
        out.push_str(&color(&place, &palette.diff_lines));
        for step in &group {
            let old = a.get(step.a0..step.a1).unwrap_or(&[]);
            let new = b.get(step.b0..step.b1).unwrap_or(&[]);
            if step.kind == Kind::Equal {
                for line in old {
                    out.push_str(&format!(" {line}"));
                }
                continue;
            }
            for line in old {
                out.push_str(&color(&format!("-{line}"), &palette.diff_remove));
            }
            for line in new {
                out.push_str(&color(&format!("+{line}"), &palette.diff_add));
            }
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::diff_text;
    use crate::Options;
    use kdo_value::json::read;

    #[test]
    fn odd_differences_do_not_break() {
        for json in ["[]", "{}", "\"text\"", "null", "[1, null]", r#"{"before": 1, "after": [1]}"#] {
            let _ = diff_text(&read(json).unwrap(), &Options::default());
        }
    }

    #[test]
    fn missing_line_feeds_are_told() {
        let diff = read(r#"{"before": "a\nb", "after": "a\nc\n", "after_header": "/x"}"#).unwrap();
        assert_eq!(
            diff_text(&diff, &Options::default()),
            "--- before\n+++ after: /x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\n"
        );
    }
}
