//! Results as text.

use crate::{Options, ResultFormat, clean, yaml_text};
use kdo_value::{
    Map, Value,
    json::{Layout, write},
};

/// JSON as results are shown: sorted, not escaped; on one line or with an indentation.
pub(crate) fn json_text(map: &Map, indent: Option<usize>) -> String {
    let layout = Layout {
        indent,
        sort_keys: true,
        ensure_ascii: false,
        ..Layout::default()
    };
    // Only values that JSON can hold come here; should one not be, its text is better than nothing.
    write(&Value::Map(map.clone()), &layout).unwrap_or_else(|_| Value::Map(map.clone()).to_text())
}

/// A result after `=> `.
pub(crate) fn result_text(map: &Map, pretty: bool, options: &Options) -> String {
    match options.result_format {
        ResultFormat::Json => {
            let pretty = pretty || options.pretty_results || options.verbosity > 2;
            json_text(map, pretty.then_some(4))
        }
        ResultFormat::CollectionYaml => collection_yaml(map),
        ResultFormat::Debug => debug(map),
        ResultFormat::Yaml => {
            omit_lines(map);
            format!("\n{}", indented(&yaml_text::dump(map)))
        }
    }
}

/// As `community.general.yaml`: what changed in front, the rest as a block below.
fn collection_yaml(map: &Map) -> String {
    if map.contains("censored") {
        // That callback has a sentence of its own, nearly the same.
        let hidden = clean::CENSORED.replacen('t', "T", 1);
        return json_text(&[("censored", hidden)].into_iter().collect(), None);
    }
    omit_lines(map);
    let mut out = String::new();
    for key in ["changed", "skipped"] {
        if let Some(value) = map.remove(key) {
            out.push_str(&format!("{key}={} ", value.to_text().to_lowercase()));
        }
    }
    if !map.is_empty() {
        let text = yaml_text::dump_with(map, 1000, 2);
        out.push_str(&format!("\n{text}").replace('\n', "\n  "));
    }
    out.trim_end().to_owned()
}

/// As `ansible.posix.debug`: texts below the other values.
fn debug(map: &Map) -> String {
    let texts: Vec<(&str, String)> = ["stdout", "stderr", "msg", "module_stdout", "module_stderr"]
        .into_iter()
        .filter_map(|key| match map.get(key)? {
            Value::Str(text) => Some((key, text.as_str().to_owned())),
            _ => None,
        })
        .collect();
    for key in ["stdout_lines", "stderr_lines"] {
        map.remove(key);
    }
    for (key, _) in &texts {
        map.remove(key);
    }
    let mut out = json_text(map, Some(4));
    for (key, text) in texts.iter().filter(|(_, t)| !t.is_empty()) {
        out.push_str(&format!("\n\n{}:\n\n{text}\n", key.to_uppercase()));
    }
    out
}

fn omit_lines(map: &Map) {
    for name in ["stdout", "stderr"] {
        if map.contains(name) && map.contains(&format!("{name}_lines")) {
            map.insert(format!("{name}_lines"), "<omitted>");
        }
    }
}

/// Text with four spaces before each line that is not empty.
pub(crate) fn indented(text: &str) -> String {
    let lines: Vec<String> = text
        .trim_end_matches('\n')
        .split('\n')
        .map(|l| {
            if l.is_empty() {
                String::new()
            } else {
                format!("    {l}")
            }
        })
        .collect();
    lines.join("\n")
}
