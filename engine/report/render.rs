//! Results as text.

use crate::{Options, ResultFormat, yaml_text};
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
        ResultFormat::Yaml => {
            omit_lines(map);
            format!("\n{}", indented(&yaml_text::dump(map)))
        }
    }
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
        .map(|l| if l.is_empty() { String::new() } else { format!("    {l}") })
        .collect();
    lines.join("\n")
}
