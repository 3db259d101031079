//! Colours.

use kdo_event::Stats;

/// SGR codes (what stands between `ESC[` and `m`) of each kind of text.
#[derive(Clone, Debug)]
pub struct Palette {
    /// Fine and unchanged.
    pub ok: String,
    /// Changed.
    pub changed: String,
    /// Skipped.
    pub skip: String,
    /// Failed, errors.
    pub error: String,
    /// Unreachable.
    pub unreachable: String,
    /// Warnings.
    pub warn: String,
    /// Deprecations.
    pub deprecate: String,
    /// Places of tasks, retries, asynchronous jobs.
    pub debug: String,
    /// What `-v` adds.
    pub verbose: String,
    /// Inclusions.
    pub included: String,
    /// Lines that came.
    pub diff_add: String,
    /// Lines that went.
    pub diff_remove: String,
    /// Places of differences.
    pub diff_lines: String,
}

impl Default for Palette {
    fn default() -> Self {
        let code = |c: &str| c.to_owned();
        Self {
            ok: code("0;32"),
            changed: code("0;33"),
            skip: code("0;36"),
            error: code("0;31"),
            unreachable: code("1;31"),
            warn: code("1;35"),
            deprecate: code("0;35"),
            debug: code("1;30"),
            verbose: code("0;34"),
            included: code("0;36"),
            diff_add: code("0;32"),
            diff_remove: code("0;31"),
            diff_lines: code("0;36"),
        }
    }
}

impl Palette {
    /// The code of a host in a summary: failed, changed or fine.
    pub(crate) fn of_host(&self, stats: &Stats) -> &str {
        if stats.failed > 0 || stats.unreachable > 0 {
            &self.error
        } else if stats.changed > 0 {
            &self.changed
        } else {
            &self.ok
        }
    }
}

/// The code of a colour's name as Ansible's settings write it (`bright red`, `color8`, `rgb123`, `gray5`).
pub fn color_code(name: &str) -> Option<String> {
    let fixed = match name {
        "black" => "0;30",
        "red" => "0;31",
        "green" => "0;32",
        "yellow" => "0;33",
        "blue" => "0;34",
        "purple" | "magenta" => "0;35",
        "cyan" => "0;36",
        "bright gray" => "0;37",
        "dark gray" => "1;30",
        "bright red" => "1;31",
        "bright green" => "1;32",
        "bright yellow" => "1;33",
        "bright blue" => "1;34",
        "bright purple" | "bright magenta" => "1;35",
        "bright cyan" => "1;36",
        "white" => "1;37",
        "normal" => "0",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    if let Some(n) = name.strip_prefix("color") {
        return n.parse::<u8>().ok().map(|n| format!("38;5;{n}"));
    }
    if let Some(n) = name.strip_prefix("gray").or_else(|| name.strip_prefix("grey")) {
        return n
            .parse::<u8>()
            .ok()
            .filter(|n| *n < 24)
            .map(|n| format!("38;5;{}", 232 + n));
    }
    let digits: Vec<u32> = name
        .strip_prefix("rgb")?
        .chars()
        .map_while(|c| c.to_digit(6))
        .collect();
    match (digits.as_slice(), name.len()) {
        ([r, g, b], 6) => Some(format!("38;5;{}", 16 + 36 * r + 6 * g + b)),
        _ => None,
    }
}

/// Colours each line on its own, so that a pager that cuts lines keeps the colours.
pub(crate) fn paint(text: &str, code: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|l| format!("\x1b[{code}m{l}\x1b[0m"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{color_code, paint};

    #[test]
    fn names_become_codes() {
        for (name, code) in [
            ("bright red", Some("1;31")),
            ("color8", Some("38;5;8")),
            ("rgb123", Some("38;5;67")),
            ("gray5", Some("38;5;237")),
            ("rgb99", None),
            ("rgbé12", None),
            ("nope", None),
        ] {
            assert_eq!(color_code(name).as_deref(), code, "{name}");
        }
    }

    #[test]
    fn each_line_is_coloured() {
        assert_eq!(paint("a\n", "0;31"), "\x1b[0;31ma\x1b[0m\n\x1b[0;31m\x1b[0m");
    }
}
