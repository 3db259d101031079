//! `cron`: entries of crontabs.

use super::crontab::Crontab;
use crate::{
    host::{Command, Save},
    prelude::*,
};
use std::{fs, path::PathBuf};

/// Manage jobs and variables in a user's crontab or in a file of `/etc/cron.d`
///
/// Entries are found by a comment with their name in the line before.
#[derive(Params)]
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
        let job = job.trim_end_matches(['\r', '\n']);
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

    fn crontab(&self, host: &Host<'_>, args: &[&str]) -> Result<Command, Failure> {
        let mut c = Command::new(host.need_program("crontab", "cron")?);
        let me = rustix::process::geteuid().as_raw();
        let mine = crate::host::Accounts::default().user_by_id(me).map(|u| u.name);
        if let Some(user) = self.user.as_ref().filter(|u| Some(*u) != mine.as_ref()) {
            c = c.arg("-u").arg(user);
        }
        Ok(c.args(args))
    }

    fn read(&self, host: &mut Host<'_>) -> Result<String, Failure> {
        if let Some(file) = self.file() {
            return Ok(fs::read_to_string(file).unwrap_or_default());
        }
        let out = host.query(self.crontab(host, &["-l"])?)?;
        // 1: there is none yet.
        if out.rc > 1 {
            return Err(Failure::new("Unable to read crontab").with("stderr", out.stderr_text()));
        }
        Ok(if out.rc == 0 {
            out.stdout_text()
        } else {
            String::new()
        })
    }

    fn write(&self, host: &mut Host<'_>, text: &str, empty: bool) -> Result<(), Failure> {
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        if let Some(file) = self.file() {
            if empty {
                host.remove(&file)?;
                return Ok(());
            }
            let new = !file.exists();
            host.replace(
                &file,
                &mut text.as_bytes(),
                &Save::default(),
                &FileAttrs::default(),
            )?;
            if new {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
                fs::set_permissions(&file, mode)
                    .map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
            }
            return Ok(());
        }
        host.query(self.crontab(host, &["-"])?.stdin(text))?
            .success("Unable to install crontab")?;
        Ok(())
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
            if tab.variable(name) != Some(&line) {
                tab.set_variable(
                    name,
                    &line,
                    self.insertafter.as_deref(),
                    self.insertbefore.as_deref(),
                )?;
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

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let present = self.state == "present";
        if present && self.job.is_none() {
            return Err(Failure::new(
                "You must specify 'job' to install a new cron job or variable",
            ));
        }
        let timed = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday]
            .iter()
            .any(|f| *f != "*");
        if self.special_time.is_some() && timed {
            return Err(Failure::new(
                "You must specify time and date fields or special time.",
            ));
        }
        if self.cron_file.is_some() && present && self.user.is_none() && !self.env {
            return Err(Failure::new(
                "To use cron_file=... parameter you must specify user=... as well",
            ));
        }
        if (self.insertafter.is_some() || self.insertbefore.is_some()) && !(self.env && present) {
            return Err(Failure::new(
                "Insertafter and insertbefore parameters are valid only with env=yes",
            ));
        }
        if self
            .job
            .as_deref()
            .is_some_and(|j| j.trim_end_matches(['\r', '\n']).contains(['\r', '\n']))
        {
            host.warn("Job should not contain line breaks");
        }
        let old = self.read(host)?;
        let before = Crontab::parse(&old);
        let mut tab = before.clone();
        self.edit(&mut tab)?;
        let out = Outcome::new().with("state", self.state.as_str());
        // A file without a final newline is no crontab; mending that counts as a change.
        let unfinished = !old.is_empty() && !old.ends_with('\n');
        if tab != before || unfinished {
            if self.backup && !old.is_empty() && !host.check() {
                let stamp = crate::system::clock::backup_stamp();
                let copy = std::env::temp_dir().join(format!("crontab.{}.{stamp}", std::process::id()));
                fs::write(&copy, &old).map_err(|e| Failure::new(format!("{}: {e}", copy.display())))?;
                out.values
                    .insert("backup_file", copy.to_string_lossy().into_owned());
            }
            let label = self
                .file()
                .map_or_else(|| "crontab".to_owned(), |f| f.display().to_string());
            host.record_diff(&label, before.text(), &label, tab.text());
            self.write(host, &tab.text(), tab.is_empty())?;
        }
        if let Some(file) = &self.cron_file {
            out.values
                .insert("cron_file", file.to_string_lossy().into_owned());
        }
        Ok(out
            .with("jobs", Value::list(tab.names().into_iter().map(Value::str)))
            .with("envs", Value::list(tab.variables().into_iter().map(Value::str))))
    }
}
