//! Texts of several lines in a result, shown as text.

use crate::default::text_of;
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
            // Control characters of a host's program must not reach the terminal.
            let line: String = line.chars().filter(|c| *c == '\t' || !c.is_control()).collect();
            out.push_str(&format!("        {line}\n"));
        }
    }
    out
}
