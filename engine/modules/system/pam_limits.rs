//! `pam_limits`: limits of users' resources.

use crate::{host::Save, prelude::*};
use std::path::PathBuf;

/// Set a limit in a file that PAM reads at login
#[derive(Params)]
#[params(exclusive(use_max, use_min))]
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

const NONE: &[&str] = &["unlimited", "infinity", "-1"];

impl PamLimits {
    /// Of two limits the one to keep.
    fn choose(&self, old: &str) -> String {
        let number = |t: &str| {
            if NONE.contains(&t) {
                i64::MAX
            } else {
                t.parse().unwrap_or(0)
            }
        };
        let keep = match (self.use_max, self.use_min) {
            (true, _) => number(old) >= number(&self.value),
            (_, true) => number(old) <= number(&self.value),
            _ => false,
        };
        if keep { old.to_owned() } else { self.value.clone() }
    }

    fn line(&self, value: &str) -> String {
        let comment = if self.comment.is_empty() {
            String::new()
        } else {
            format!("\t#{}", self.comment)
        };
        format!(
            "{}\t{}\t{}\t{value}{comment}",
            self.domain, self.limit_type, self.limit_item
        )
    }

    /// The new content and the limit's line.
    fn edit(&self, old: &str) -> (String, String) {
        let mut out = Vec::new();
        let mut mine = None;
        for line in old.lines() {
            let bare = line.split('#').next().unwrap_or("");
            let f: Vec<_> = bare.split_whitespace().collect();
            let [domain, kind, item, value] = f[..] else {
                out.push(line.to_owned());
                continue;
            };
            if domain != self.domain || item != self.limit_item {
                out.push(line.to_owned());
                continue;
            }
            if kind == self.limit_type {
                if mine.is_some() {
                    continue;
                }
                let chosen = self.choose(value);
                let keep = chosen == value;
                let line = if keep { line.to_owned() } else { self.line(&chosen) };
                mine = Some(line.clone());
                out.push(line);
            } else if self.limit_type == "-" || kind == "-" {
                // The general limit and the particular ones contradict each other: the old one goes.
                out.push(format!("# {bare}").trim_end().to_owned());
            } else {
                out.push(line.to_owned());
            }
        }
        let line = mine.unwrap_or_else(|| {
            let line = self.line(&self.value);
            out.push(line.clone());
            line
        });
        (out.join("\n") + "\n", line + "\n")
    }
}

impl Module for PamLimits {
    const META: Meta = Meta {
        name: "community.general.pam_limits",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[Return {
            name: "msg",
            doc: "The limit's line.",
        }],
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
        let number = self.value.parse::<i64>();
        let negative = matches!(self.limit_item.as_str(), "nice" | "priority");
        if !NONE.contains(&self.value.as_str())
            && (number.is_err() || number.is_ok_and(|n| n < 0) && !negative)
        {
            return Err(Failure::new(
                "Argument 'value' must be one of 'unlimited', 'infinity', '-1' or positive number. Refer to manual pages for more details.",
            ));
        }
        let old = match host.stat(&dest)? {
            Some(_) => host.read(&dest)?,
            None if dest.parent().is_some_and(|p| p.is_dir()) => Vec::new(),
            None => {
                return Err(Failure::new(format!(
                    "directory for {} does not exist",
                    dest.display()
                )));
            }
        };
        let (content, line) = self.edit(&String::from_utf8_lossy(&old));
        let save = Save {
            backup: self.backup,
            ..Save::default()
        };
        let written = host.write(&dest, content.as_bytes(), &save, &FileAttrs::default())?;
        let out = Outcome::new().with("msg", line);
        Ok(match written.backup_file {
            Some(file) => out.with("backup_file", file.to_string_lossy().into_owned()),
            None => out,
        })
    }
}
