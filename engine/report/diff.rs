//! Differences as text.

use crate::{Options, ResultFormat, clean, palette::paint, render, yaml_text};
use kdo_value::{
    DiffPart, Map, Value,
    json::{Layout, write},
};

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
            out.push_str(&format!(
                "diff skipped: {text} file size is greater than {}\n",
                size.to_text()
            ));
        }
    }
    if let (Some(before), Some(after)) = (diff.get("before"), diff.get("after")) {
        let head = |key: &str, name: &str| match diff.get(key) {
            Some(header) if header.truthy() => format!("{name}: {}", header.to_text()),
            _ => name.to_owned(),
        };
        let headers = (head("before_header", "before"), head("after_header", "after"));
        out.push_str(&unified(
            &side(&before, options),
            &side(&after, options),
            &headers,
            options,
        ));
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

fn unified(before: &str, after: &str, headers: &(String, String), options: &Options) -> String {
    let palette = &options.palette;
    kdo_value::unified_diff(before, after, headers, options.diff_context, &|part, line| {
        let code = match part {
            DiffPart::Removed => &palette.diff_remove,
            DiffPart::Added => &palette.diff_add,
            DiffPart::Place => &palette.diff_lines,
            DiffPart::Same => return line.to_owned(),
        };
        if options.color {
            paint(line, code)
        } else {
            line.to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::diff_text;
    use crate::Options;
    use kdo_value::json::read;

    #[test]
    fn odd_differences_do_not_break() {
        for json in [
            "[]",
            "{}",
            "\"text\"",
            "null",
            "[1, null]",
            r#"{"before": 1, "after": [1]}"#,
        ] {
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
