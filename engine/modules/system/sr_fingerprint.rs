//! `sr_fingerprint`: the module in Python that the roles of linux-system-roles bring to note in the system log that they
//! run. Their `library/` folder has one of two: the older writes a message, the newer a record of the role's run.

use super::{clock, syslog};
use crate::{host::errno, prelude::*};
use kdo_value::json;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Note in the host's system log that a system role runs
///
/// Takes the place of the module in Python of that name which the roles of linux-system-roles bring. It never counts as a
/// change.
#[derive(Params)]
#[params(
    exclusive(sr_message, status),
    one_of(sr_message, status),
    required_by(status, role_name, role_path, ansible_play_hosts_all)
)]
pub struct SrFingerprint {
    /// A message, logged with the time after it; of older roles.
    sr_message: Option<String>,
    /// How far the role is.
    #[param(choices("begin", "success"))]
    status: Option<String>,
    /// The role's name.
    role_name: Option<String>,
    /// The role's folder.
    role_path: Option<String>,
    /// The hosts of the play, which are counted.
    #[param(elements = "str")]
    ansible_play_hosts_all: Option<Vec<String>>,
    /// Name of the host's distribution.
    #[param(default = "")]
    distribution: String,
    /// Version of the host's distribution.
    #[param(default = "")]
    distribution_version: String,
    /// Also append the record to `log_file`, as a line of JSON.
    #[param(default = false)]
    write_log_file: bool,
    /// The file for records; `FILE.lock` beside it keeps writers apart.
    #[param(default = "/var/log/sysroles.jsonl")]
    log_file: PathBuf,
    /// Bytes that `log_file` may have: the oldest records make room for a new one. 0 sets no limit.
    #[param(default = 2_000_000)]
    max_log_size: i64,
}

impl SrFingerprint {
    fn record(&self, status: &str, date: String, check: bool) -> Map {
        let distribution = if self.distribution.is_empty() || self.distribution_version.is_empty() {
            "unknown".to_owned()
        } else {
            format!("{}-{}", self.distribution, self.distribution_version)
        };
        let record = Map::new();
        record.insert("date", date);
        record.insert("role_name", self.role_name.as_deref().unwrap_or_default());
        record.insert("role_path", self.role_path.as_deref().unwrap_or_default());
        record.insert("status", status);
        record.insert("ansible_version", crate::REFERENCE);
        record.insert("managed_node_distro", distribution);
        let hosts = self.ansible_play_hosts_all.as_ref().map_or(0, Vec::len);
        record.insert("play_hosts_number", i64::try_from(hosts).unwrap_or(i64::MAX));
        record.insert("ansible_check_mode", check);
        record
    }

    fn append(&self, host: &mut Host<'_>, row: &str) -> Result<(), Failure> {
        let path = &self.log_file;
        let failed = |e: io::Error| {
            let name = path.display().to_string();
            Failure::new(format!(
                "Failed to write fingerprint log file {name}: {}",
                errno(&e, &name)
            ))
        };
        if let Some(folder) = path.parent() {
            host.make_directory(folder)?;
        }
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let _held = host.lock(Path::new(&lock)).map_err(failed)?;
        self.make_room(host, path, row.len())?;
        host.append(path, row).map_err(failed)
    }

    fn make_room(&self, host: &mut Host<'_>, path: &Path, needed: usize) -> Result<(), Failure> {
        let size = fs::metadata(path).map_or(0, |m| m.len());
        let limit = u64::try_from(self.max_log_size).unwrap_or(0);
        if limit > 0 && size > 0 && size + needed as u64 > limit {
            let old = host.read(path)?;
            host.replace(
                path,
                &mut without_first(&old, needed),
                &Save::default(),
                &FileAttrs::default(),
            )?;
        }
        Ok(())
    }
}

/// What is left when whole lines are taken from the beginning until so many bytes are gone.
fn without_first(text: &[u8], bytes: usize) -> &[u8] {
    let mut rest = text;
    while !rest.is_empty() && text.len() - rest.len() < bytes {
        let end = rest
            .iter()
            .position(|b| *b == b'\n')
            .map_or(rest.len(), |i| i + 1);
        rest = rest.get(end..).unwrap_or_default();
    }
    rest
}

/// `name=value` pairs; values with blanks and the like in quotes.
fn pairs(record: &Map) -> String {
    let pair = |(name, value): (String, Value)| {
        let text = value.to_text();
        if text.contains([' ', '"', '=']) {
            format!("{name}=\"{}\"", text.replace('"', "\"\""))
        } else {
            format!("{name}={text}")
        }
    };
    let all: Vec<_> = record.text_entries().into_iter().map(pair).collect();
    all.join(" ")
}

/// The record as a line of JSON without blanks.
fn row(record: &Map) -> String {
    let layout = json::Layout {
        item_separator: Some(",".into()),
        key_separator: ":".into(),
        ..json::Layout::default()
    };
    let value = Value::from(record.clone());
    json::write(&value, &layout).unwrap_or_else(|_| json::line(&value))
}

fn date() -> String {
    let t = clock::local(clock::now().0);
    let sign = if t.offset < 0 { '-' } else { '+' };
    let offset = t.offset.abs();
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
        t.year,
        t.month,
        t.day,
        t.hour,
        t.minute,
        t.second,
        offset / 3600,
        offset / 60 % 60
    )
}

impl Module for SrFingerprint {
    const META: Meta = Meta {
        name: "fedora.linux_system_roles.sr_fingerprint",
        aliases: &["redhat.rhel_system_roles.sr_fingerprint", "sr_fingerprint"],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "fingerprint",
                doc: "The record, with `status`.",
            },
            Return {
                name: "message",
                doc: "In check mode: what would have been logged.",
            },
            Return {
                name: "jsonl_row",
                doc: "In check mode, with `write_log_file`: the line for the file.",
            },
            Return {
                name: "log_file",
                doc: "In check mode, with `write_log_file`: the file.",
            },
        ],
        examples: &[
            Example {
                title: "Note that a role begins",
                args: r#"{"status": "begin", "role_name": "web", "role_path": "/etc/ansible/roles/web", "ansible_play_hosts_all": ["h1", "h2"]}"#,
                given: &[],
                then: &[],
                changed: false,
                runs: true,
            },
            Example {
                title: "Note a message",
                args: r#"{"sr_message": "system_role:web"}"#,
                given: &[],
                then: &[],
                changed: false,
                runs: true,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.max_log_size < 0 {
            return Err(Failure::new(format!(
                "max_log_size must be 0 or a positive integer, got {}",
                self.max_log_size
            )));
        }
        let mut out = Outcome::new().changed(false);
        let mut record = None;
        let message = match (&self.sr_message, &self.status) {
            (Some(message), _) => format!("{message} {}", date()),
            (None, status) => {
                let found = self.record(status.as_deref().unwrap_or_default(), date(), host.check());
                let text = pairs(&found);
                out = out.with("fingerprint", found.clone());
                record = Some(found);
                text
            }
        };
        let row = record.filter(|_| self.write_log_file).map(|r| row(&r));
        if host.check() {
            out = out.with("message", format!("Check mode: message not logged - [{message}]"));
            if let Some(row) = row {
                out = out
                    .with("jsonl_row", row)
                    .with("log_file", self.log_file.to_string_lossy().into_owned());
            }
            return Ok(out);
        }
        syslog::info("ansible-sr_fingerprint", &message);
        if let Some(row) = row {
            host.unchanged(|host| self.append(host, &format!("{row}\n")))?;
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{pairs, row, without_first};
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::{Map, Value, json};
    use std::fs;

    fn run(args: &str, check: bool) -> Map {
        let mut link = NoLink;
        let mut host = Host::new(
            Context {
                check,
                ..Context::default()
            },
            &mut link,
        );
        let Value::Map(args) = json::read(args).unwrap() else {
            panic!("{args}")
        };
        let result = (registry::find("sr_fingerprint").unwrap().run)(&args, &mut host);
        host.finish(result)
    }

    #[test]
    fn records_are_written_as_pairs_and_as_json() {
        let record = Map::from_iter([("role_name", "a b"), ("status", "say \"hi\""), ("n", "1")]);
        assert_eq!(pairs(&record), "role_name=\"a b\" status=\"say \"\"hi\"\"\" n=1");
        record.insert("check", true);
        assert!(pairs(&record).ends_with(" check=True"));
        assert!(row(&record).ends_with(r#","n":"1","check":true}"#));
    }

    #[test]
    fn the_oldest_lines_make_room() {
        assert_eq!(without_first(b"aa\nbb\ncc\n", 4), b"cc\n");
        assert_eq!(without_first(b"aa\nbb\n", 3), b"bb\n");
        assert_eq!(without_first(b"aa", 9), b"");
    }

    #[test]
    fn both_kinds_of_the_module_are_known() {
        let old = run(r#"{"sr_message": "x"}"#, true);
        let message = old.get("message").unwrap().to_text();
        assert!(
            message.starts_with("Check mode: message not logged - [x 20"),
            "{message}"
        );
        for wrong in [
            r#"{}"#,
            r#"{"status": "begin"}"#,
            r#"{"status": "end", "role_name": "a", "role_path": "/", "ansible_play_hosts_all": []}"#,
            r#"{"sr_message": "x", "max_log_size": -1}"#,
        ] {
            assert!(run(wrong, false).contains("failed"), "{wrong}");
        }
    }

    #[test]
    fn the_log_file_keeps_its_size() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("deep/log.jsonl");
        let args = |size: usize| {
            format!(
                r#"{{"status": "begin", "role_name": "web", "role_path": "/r", "ansible_play_hosts_all": ["a", "b"],
                    "distribution": "Debian", "distribution_version": "12", "write_log_file": true,
                    "log_file": "{}", "max_log_size": {size}}}"#,
                file.display()
            )
        };
        let checked = run(&args(0), true);
        assert!(!file.exists() && checked.get("jsonl_row").is_some());
        for size in [0, 0, 0, 400] {
            let result = run(&args(size), false);
            assert!(!result.get("changed").unwrap().truthy(), "{result:?}");
        }
        let text = fs::read_to_string(&file).unwrap();
        let last = json::read(text.lines().last().unwrap()).unwrap();
        let last = last.as_map().unwrap();
        assert_eq!(last.get("managed_node_distro").unwrap().to_text(), "Debian-12");
        assert_eq!(last.get("play_hosts_number").unwrap().to_text(), "2");
        assert!(text.len() <= 600 && text.lines().count() < 4, "{text}");
        assert!(dir.path().join("deep/log.jsonl.lock").exists());
    }
}
