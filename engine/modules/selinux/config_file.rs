//! `/etc/selinux/config`.

use std::fs;

/// SELinux's own configuration.
const FILE: &str = "/etc/selinux/config";

/// The policy that SELinux itself uses.
pub(super) fn policy() -> String {
    let text = fs::read_to_string(FILE).unwrap_or_default();
    setting(&text, "SELINUXTYPE").unwrap_or_else(|| "targeted".to_owned())
}

/// The value of a setting.
pub(super) fn setting(text: &str, name: &str) -> Option<String> {
    let line = text
        .lines()
        .find_map(|l| l.strip_prefix(name)?.strip_prefix('='))?;
    Some(line.split('=').next().unwrap_or_default().trim().to_owned())
}

/// The text with that setting, in its place or at the end.
pub(super) fn with(text: &str, name: &str, value: &str) -> String {
    let new = format!("{name}={value}\n");
    let mut out = String::new();
    let mut found = false;
    for line in text.lines() {
        if line.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')) {
            found = true;
            out += &new;
        } else {
            out += line;
            out.push('\n');
        }
    }
    if !found {
        out += &new;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{setting, with};

    #[test]
    fn settings_change_in_their_place() {
        let text = "# SELINUX= is one of\nSELINUX=permissive\nSELINUXTYPE=default \n";
        assert_eq!(setting(text, "SELINUX").as_deref(), Some("permissive"));
        assert_eq!(setting(text, "SELINUXTYPE").as_deref(), Some("default"));
        assert_eq!(
            with(text, "SELINUX", "enforcing"),
            "# SELINUX= is one of\nSELINUX=enforcing\nSELINUXTYPE=default \n"
        );
        assert_eq!(with("a", "SELINUX", "disabled"), "a\nSELINUX=disabled\n");
    }
}
