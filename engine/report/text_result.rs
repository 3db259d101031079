//! Texts of several lines in a result, shown as text.

use crate::{default::text_of, width::harmless};
use kdo_value::Map;

/// `stdout`, `stderr` and the like where they have several lines, each under its name.
pub(crate) fn text(result: &Map) -> String {
    let mut out = String::new();
    for key in ["stdout", "stderr", "module_stdout", "module_stderr", "msg"] {
        let text = text_of(result, key);
        let text = text.trim_end();
        if !text.contains('\n') {
            continue;
        }
        out.push_str(&format!("    {key}:\n"));
        for line in text.lines() {
            out.push_str(&format!("        {}\n", harmless(line)));
        }
    }
    out
}
