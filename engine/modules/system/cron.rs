//! `cron`: entries of crontabs.

use super::crontab::{Crontab, without_remarks};
use crate::{
    host::{Command, Kind, make_temporary},
    params::Raw,
    prelude::*,
};
use std::path::PathBuf;

/// Manage jobs and variables in a user's crontab or in a file of `/etc/cron.d`
///
/// Entries are found by a comment with their name in the line before.
#[derive(Params)]
#[params(exclusive(insertafter, insertbefore))]
pub struct Cron {
    /// Keep a copy of the old crontab.
    #[param(default = false)]
    backup: bool,
    /// A file instead of a user's crontab; relative: in `/etc/cron.d`.
    cron_file: Option<PathBuf>,
    /// Day of the month.
    #[param(default = "*", alias = "dom")]
    day: String,
    /// Keep the job, but as a comment.
    #[param(default = false)]
    disabled: bool,
    /// Manage a variable instead of a job.
    #[param(default = false)]
    env: bool,
    /// Hour.
    #[param(default = "*")]
    hour: String,
    /// Variable after which a new one is put.
    insertafter: Option<String>,
    /// Variable before which a new one is put.
    insertbefore: Option<String>,
    /// The command, or the variable's value.
    #[param(alias = "value")]
    job: Option<String>,
    /// Minute.
    #[param(default = "*")]
    minute: String,
    /// Month.
    #[param(default = "*")]
    month: String,
    /// Name of the entry, or of the variable.
    #[param(required)]
    name: String,
    /// A word for the time, instead of minute to weekday.
    #[param(choices("annually", "daily", "hourly", "monthly", "reboot", "weekly", "yearly"))]
    special_time: Option<String>,
    /// Whether the entry must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
    /// Whose crontab; in a file, as whom the job runs.
    user: Option<String>,
    /// Day of the week.
    #[param(default = "*", alias = "dow")]
    weekday: String,
}

impl Cron {
    fn file(&self) -> Option<PathBuf> {
        let file = self.cron_file.as_ref()?;
        Some(if file.is_absolute() {
            file.clone()
        } else {
            PathBuf::from("/etc/cron.d").join(file)
        })
    }

    fn line(&self, job: &str) -> String {
        let job = job.trim_matches(['\r', '\n']);
        let off = if self.disabled { "#" } else { "" };
        let user = match (&self.cron_file, &self.user) {
            (Some(_), Some(user)) => format!("{user} "),
            _ => String::new(),
        };
        match &self.special_time {
            Some(word) => format!("{off}@{word} {user}{job}"),
            None => format!(
                "{off}{} {} {} {} {} {user}{job}",
                self.minute, self.hour, self.day, self.month, self.weekday
            ),
        }
    }

    fn crontab(&self, host: &mut Host<'_>, args: &[&str]) -> Result<Command, Failure> {
        let mut c = Command::new(host.need_program("crontab", "cron")?);
        let me = rustix::process::geteuid().as_raw();
        let mine = host.accounts().user_by_id(me).map(|u| u.name);
        if let Some(user) = self.user.as_ref().filter(|u| Some(*u) != mine.as_ref()) {
            c = c.arg("-u").arg(user);
        }
        Ok(c.args(args))
    }

    fn read(&self, host: &mut Host<'_>) -> Result<String, Failure> {
        if let Some(file) = self.file() {
            return match host.stat(&file)? {
                Some(_) => Ok(String::from_utf8_lossy(&host.read(&file)?).into_owned()),
                None => Ok(String::new()),
            };
        }
        let list = self.crontab(host, &["-l"])?;
        let out = host.query(list)?;
        // 1: there is none yet.
        match out.rc {
            0 | 1 => Ok(without_remarks(&out.stdout_text())),
            _ => Err(Failure::new("Unable to read crontab").with("stderr", out.stderr_text())),
        }
    }

    fn write(&self, host: &mut Host<'_>, text: &str) -> Result<(), Failure> {
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        if let Some(file) = self.file() {
            let attrs = FileAttrs {
                // Whatever the umask: cron does not read files that others may write.
                mode: (!file.exists()).then(|| Raw("0644".into())),
                ..FileAttrs::default()
            };
            return host.replace(&file, &mut text.as_bytes(), &Save::default(), &attrs);
        }
        let install = self.crontab(host, &["-"])?.stdin(text);
        let out = host.query(install)?;
        if out.rc == 0 {
            return Ok(());
        }
        Err(Failure::new("Failed to install the new crontab")
            .with("rc", out.rc)
            .with("stdout", out.stdout_text())
            .with("stderr", out.stderr_text()))
    }

    /// Keeps the old entries in a file of the temporary folder.
    fn keep(&self, host: &mut Host<'_>, old: &Crontab) -> Result<String, Failure> {
        let path = make_temporary(&std::env::temp_dir(), "crontab", "", Kind::File)?;
        host.replace(
            &path,
            &mut old.text().as_bytes(),
            &Save::default(),
            &FileAttrs::default(),
        )?;
        Ok(path.to_string_lossy().into_owned())
    }

    fn look_over(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        if let Some(file) = &self.cron_file {
            if file.as_os_str() == "/etc/crontab" {
                return Err(Failure::new(
                    "Will not manage /etc/crontab via cron_file, see documentation.",
                ));
            }
            let name = file.file_name().map(|n| n.to_string_lossy().into_owned());
            let name = name.unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || !name.chars().all(plain) {
                host.warn(format!("Filename portion of cron_file (\"{name}\") should consist solely of upper- and lower-case letters, digits, underscores, and hyphens"));
            }
        }
        let timed = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday]
            .iter()
            .any(|f| *f != "*");
        if self.special_time.is_some() && timed {
            return Err(Failure::new(
                "You cannot combine special_time with any of the time or day/date parameters.",
            ));
        }
        if self.state != "present" {
            return Ok(());
        }
        if self.cron_file.is_some() && self.user.is_none() {
            return Err(Failure::new(
                "To use cron_file=... parameter you must specify user=... as well",
            ));
        }
        let Some(job) = &self.job else {
            return Err(Failure::new(
                "You must specify 'job' to install a new cron job or variable",
            ));
        };
        if (self.insertafter.is_some() || self.insertbefore.is_some()) && !self.env {
            return Err(Failure::new(
                "Insertafter and insertbefore parameters are valid only with env=yes",
            ));
        }
        if !self.env && job.trim_matches(['\r', '\n']).contains(['\r', '\n']) {
            host.warn("Job should not contain line breaks");
        }
        Ok(())
    }

    /// Whether a file goes away because its last job does.
    fn removes(&self, tab: &Crontab) -> bool {
        !self.env && self.state == "absent" && tab.is_empty()
    }

    /// What differences call the crontab.
    fn label(&self) -> String {
        match (self.file(), &self.user) {
            (Some(file), _) => file.display().to_string(),
            (None, Some(user)) => format!("crontab for user \"{user}\""),
            (None, None) => "crontab".into(),
        }
    }

    fn edit(&self, tab: &mut Crontab) -> Result<(), Failure> {
        let name = self.name.as_str();
        if self.env {
            if name.contains(' ') {
                return Err(Failure::new("Invalid name for environment variable"));
            }
            if self.state == "absent" {
                tab.remove_variable(name);
                return Ok(());
            }
            let line = format!("{name}=\"{}\"", self.job.as_deref().unwrap_or(""));
            let (after, before) = (self.insertafter.as_deref(), self.insertbefore.as_deref());
            if tab.variable(name) != Some(&line) {
                tab.set_variable(name, &line, after, before)?;
            }
            return Ok(());
        }
        if self.state == "absent" {
            tab.remove_job(name);
            return Ok(());
        }
        let line = self.line(self.job.as_deref().unwrap_or(""));
        if tab.job(name) != Some(&line) {
            tab.set_job(name, &line);
        }
        Ok(())
    }
}

impl Module for Cron {
    const META: Meta = Meta {
        name: "ansible.builtin.cron",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "jobs",
                doc: "Names of the entries.",
            },
            Return {
                name: "envs",
                doc: "Names of the variables.",
            },
            Return {
                name: "cron_file",
                doc: "The file, if one was given.",
            },
            Return {
                name: "backup_file",
                doc: "The copy of the old crontab.",
            },
        ],
        examples: &[Example {
            title: "A job in a file",
            args: r#"{"name": "check", "minute": "5", "hour": "2,5", "job": "ls -l > /dev/null", "user": "root", "cron_file": "{dir}/check"}"#,
            given: &[],
            then: &[("check", "#Ansible: check\n5 2,5 * * * root ls -l > /dev/null\n")],
            changed: true,
            runs: true,
        }],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        self.cron_file = self.cron_file.filter(|f| !f.as_os_str().is_empty());
        self.user = self.user.filter(|u| !u.is_empty());
        self.look_over(host)?;
        let old = self.read(host)?;
        let before = Crontab::parse(&old);
        let mut tab = before.clone();
        self.edit(&mut tab)?;
        let (out, label) = (Outcome::new(), self.label());
        if let Some(file) = &self.cron_file {
            out.values
                .insert("cron_file", file.to_string_lossy().into_owned());
        }
        if let Some(file) = self.file().filter(|_| tab != before && self.removes(&tab)) {
            host.record_diff(&label, old.as_str(), "/dev/null", "");
            host.remove(&file)?;
            if !host.wants_diff() {
                out.values.insert("diff", Map::new());
            }
            return Ok(out.with("state", self.state.as_str()));
        }
        // A file without a final newline is no crontab; mending that counts as a change.
        let unfinished = !old.is_empty() && !old.ends_with(['\r', '\n']);
        if tab != before || unfinished {
            if self.backup && !host.check() {
                out.values.insert("backup_file", self.keep(host, &before)?);
            }
            host.record_diff(&label, old.as_str(), &label, tab.text());
            self.write(host, &tab.text())?;
        }
        Ok(out
            .with("jobs", Value::list(tab.names().into_iter().map(Value::str)))
            .with("envs", Value::list(tab.variables().into_iter().map(Value::str))))
    }
}
