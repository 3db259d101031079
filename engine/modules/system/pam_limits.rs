//! `pam_limits`: limits of users' resources.

use crate::{host::Save, prelude::*};
use std::path::PathBuf;

/// Set a limit in a file that PAM reads at login
#[derive(Params)]
pub struct PamLimits {
    /// Keep a copy of the old file.
    #[param(default = false)]
    backup: bool,
    /// Comment after the limit.
    #[param(default = "")]
    comment: String,
    /// The file.
    #[param(default = "/etc/security/limits.conf")]
    dest: String,
    /// Whom it limits: a user, `@group`, `*` or a range.
    #[param(required)]
    domain: String,
    /// What is limited.
    #[param(
        required,
        choices(
            "core",
            "data",
            "fsize",
            "memlock",
            "nofile",
            "rss",
            "stack",
            "cpu",
            "nproc",
            "as",
            "maxlogins",
            "maxsyslogins",
            "priority",
            "locks",
            "sigpending",
            "msgqueue",
            "nice",
            "rtprio",
            "chroot"
        )
    )]
    limit_item: String,
    /// Soft, hard, or both.
    #[param(required, choices("hard", "soft", "-"))]
    limit_type: String,
    /// Keep the greater of the old and the new value.
    #[param(default = false)]
    use_max: bool,
    /// Keep the smaller of the old and the new value.
    #[param(default = false)]
    use_min: bool,
    /// The limit: a number, or `unlimited`, `infinity`, `-1`.
    #[param(required)]
    value: String,
}

/// Values that mean no limit.
const NONE: &[&str] = &["unlimited", "infinity", "-1"];

impl PamLimits {
    /// Of two limits the one to keep.
    fn choose(&self, old: &str) -> String {
        let number = |t: &str| {
            if NONE.contains(&t) {
                i128::MAX
            } else {
                t.parse().unwrap_or(i128::MAX - 1)
            }
        };
        let keep = match (self.use_max, self.use_min) {
            (true, _) => number(old) >= number(&self.value),
            (_, true) => number(old) <= number(&self.value),
            _ => false,
        };
        if keep { old.to_owned() } else { self.value.clone() }
    }

    /// The new content and the limit's line.
    ///
    /// Without a comment of its own the limit gets the first one that stands after a limit above it; that the
    /// comment brings its line's end along, so that an empty line follows, is Ansible's too.
    fn edit(&self, old: &str) -> Result<(String, String), Failure> {
        let mut out = String::new();
        let mut mine = None;
        let mut comment = self.comment.clone();
        let mut wanted = self.value.clone();
        for line in old.split_inclusive('\n') {
            let (bare, remark) = line.split_once('#').unwrap_or((line, ""));
            let fields: Vec<_> = bare.split_whitespace().collect();
            if comment.is_empty() && !line.starts_with('#') {
                remark.clone_into(&mut comment);
            }
            let [domain, kind, item, value] = fields[..] else {
                out.push_str(line);
                continue;
            };
            if line.starts_with('#') {
                out.push_str(line);
                continue;
            }
            valid(item, value)
                .map_err(|e| Failure::new(format!("Invalid configuration found in '{}'. {e}", self.dest)))?;
            let found = domain == self.domain && kind == self.limit_type && item == self.limit_item;
            if !found {
                out.push_str(line);
                continue;
            }
            if value != self.value {
                wanted = self.choose(value);
            }
            let line = if value == self.value || value == wanted {
                line.to_owned()
            } else {
                self.line(&wanted, &mut comment)
            };
            out.push_str(&line);
            mine = Some(line);
        }
        let line = match mine {
            Some(line) => line,
            None => {
                let line = self.line(&wanted, &mut comment);
                if !out.is_empty() && !out.ends_with('\n') {
                    out.push('\n');
                }
                out.push_str(&line);
                line
            }
        };
        Ok((out, line))
    }

    /// The limit's line; the comment is then as it stands in it.
    fn line(&self, value: &str, comment: &mut String) -> String {
        if !comment.is_empty() {
            comment.insert_str(0, "\t#");
        }
        format!(
            "{}\t{}\t{}\t{value}{comment}\n",
            self.domain, self.limit_type, self.limit_item
        )
    }
}

/// Whether that item may have that value.
fn valid(item: &str, value: &str) -> Result<(), String> {
    let is = format!("Value of '{value}' for item '{item}' is invalid.");
    if matches!(item, "nice" | "priority") {
        return match value.trim().parse::<i64>() {
            Ok(-20..=19) => Ok(()),
            _ => Err(format!(
                "{is} It must be a number from -20 to 19, see limits.conf(5)."
            )),
        };
    }
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    if digits || NONE.contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{is} It must be a number from 0 on, or 'unlimited', 'infinity' or '-1' for none, see limits.conf(5)."
    ))
}

impl Module for PamLimits {
    const META: Meta = Meta {
        name: "community.general.pam_limits",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "msg",
                doc: "The limit's line.",
            },
            Return {
                name: "backup_file",
                doc: "The copy of the old file.",
            },
        ],
        examples: &[Example {
            title: "More open files for a user",
            args: r#"{"dest": "{dir}/limits.conf", "domain": "joe", "limit_type": "soft", "limit_item": "nofile", "value": "64000"}"#,
            given: &[("limits.conf", "# limits\njoe soft nproc 10\n")],
            then: &[(
                "limits.conf",
                "# limits\njoe soft nproc 10\njoe\tsoft\tnofile\t64000\n",
            )],
            changed: true,
            runs: true,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let dest = PathBuf::from(&self.dest);
        if self.use_max && self.use_min {
            return Err(Failure::new("Cannot use use_min and use_max at the same time."));
        }
        valid(&self.limit_item, &self.value)?;
        let there = host.stat(&dest)?.is_some();
        if !there && !dest.parent().is_some_and(|p| p.is_dir()) {
            let folder = dest.parent().unwrap_or(&dest).display();
            return Err(Failure::new(format!(
                "directory {folder} is not writable (check presence, access rights, use sudo)"
            )));
        }
        let old = if there { host.read(&dest)? } else { Vec::new() };
        let old =
            String::from_utf8(old).map_err(|_| Failure::new(format!("{} is not UTF-8", dest.display())))?;
        let (content, line) = self.edit(&old)?;
        let mut out = Outcome::new();
        // The copy is made even where nothing changes.
        if self.backup && !host.check() {
            let copy = if there { Some(host.backup(&dest)?) } else { None };
            out = out.with(
                "backup_file",
                copy.unwrap_or_default().to_string_lossy().into_owned(),
            );
        }
        host.write(&dest, content.as_bytes(), &Save::default(), &FileAttrs::default())?;
        let diff = Map::from_iter([("before", old), ("after", content)]);
        Ok(out.with("msg", line).with("diff", diff))
    }
}

#[cfg(test)]
mod tests {
    use super::{NONE, PamLimits, valid};

    fn limit(value: &str, use_max: bool, use_min: bool) -> PamLimits {
        PamLimits {
            backup: false,
            comment: String::new(),
            dest: "/limits.conf".into(),
            domain: "joe".into(),
            limit_item: "nofile".into(),
            limit_type: "soft".into(),
            use_max,
            use_min,
            value: value.into(),
        }
    }

    #[test]
    fn no_limit_is_the_greatest() {
        for none in NONE {
            assert_eq!(limit("5", true, false).choose(none), *none);
            assert_eq!(limit("5", false, true).choose(none), "5");
            assert_eq!(limit(none, false, true).choose("5"), "5");
        }
    }

    #[test]
    fn only_priorities_may_be_negative() {
        assert!(valid("nice", "-20").is_ok());
        assert!(valid("nice", "unlimited").is_err());
        assert!(valid("nofile", "-2").is_err());
        assert!(valid("nofile", "-1").is_ok());
    }

    #[test]
    fn a_wrong_line_in_the_file_is_an_error() {
        assert!(limit("5", false, false).edit("ann soft core many\n").is_err());
    }
}
