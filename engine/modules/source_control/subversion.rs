//! `subversion`: a working copy of a Subversion repository.

use crate::{commands::words, prelude::*};
use std::path::PathBuf;

/// Check out or export a Subversion repository
///
/// Makes a working copy or brings an existing one to the wanted revision. In check mode an export and a new working
/// copy count as changed; for an existing one the repository is asked.
#[derive(Params)]
pub struct Subversion {
    /// Address of the repository.
    #[param(required, alias = "name", alias = "repository")]
    repo: String,
    /// The working copy, or the folder to export to.
    dest: Option<PathBuf>,
    /// Revision: a number or a word such as `HEAD`.
    #[param(default = "HEAD", alias = "rev", alias = "version")]
    revision: String,
    /// Throw changed files away; write over files that are there.
    #[param(default = false)]
    force: bool,
    /// Make a working copy of a folder that is none, around the files in it.
    #[param(default = false)]
    in_place: bool,
    /// User.
    username: Option<String>,
    /// Password; it is given to svn on its standard input.
    #[param(no_log)]
    password: Option<String>,
    /// Path of the svn program.
    executable: Option<PathBuf>,
    /// Make a working copy if there is none.
    #[param(default = true)]
    checkout: bool,
    /// Fetch new revisions.
    #[param(default = true)]
    update: bool,
    /// Copy the files without making a working copy.
    #[param(default = false)]
    export: bool,
    /// Bring the working copy to the repository's address before it is updated.
    #[param(default = true)]
    switch: bool,
    /// Refuse servers whose certificate is not trusted.
    #[param(default = false)]
    validate_certs: bool,
}

/// The program, with what every call of it needs.
struct Svn {
    program: PathBuf,
    args: Vec<String>,
    password: Option<String>,
}

impl Svn {
    fn run(&self, host: &mut Host<'_>, args: &[&str]) -> Result<Output, Failure> {
        host.query(self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let command = Command::new(&self.program)
            .args(&self.args)
            .args(args)
            .env("LANG", "C.UTF-8")
            .env("LC_ALL", "C.UTF-8");
        match &self.password {
            Some(password) => command.stdin(format!("{password}\n")),
            None => command,
        }
    }

    /// Runs a call that must succeed; its lines.
    fn must(&self, host: &mut Host<'_>, args: &[&str]) -> Result<Vec<String>, Failure> {
        let line = words::join(&self.command(args).argv_text());
        let out = self.run(host, args)?;
        if out.rc == 0 {
            return Ok(out.stdout_text().lines().map(str::to_owned).collect());
        }
        Err(Failure::new(out.stderr_text().trim_end())
            .with("rc", out.rc)
            .with("stdout", out.stdout_text())
            .with("stderr", out.stderr_text())
            .with("cmd", line))
    }

    /// The line of `svn info` that tells the revision.
    fn revision(&self, host: &mut Host<'_>, args: &[&str]) -> Result<String, Failure> {
        let lines = self.must(host, &[&["info"], args].concat())?;
        Ok(revision_line(&lines)
            .unwrap_or("Unable to get revision")
            .to_owned())
    }

    /// Revision and address of the working copy.
    fn state(&self, host: &mut Host<'_>, dest: &str) -> Result<Value, Failure> {
        let lines = self.must(host, &["info", dest])?;
        let revision = revision_line(&lines).unwrap_or("Unable to get revision");
        let url = lines.iter().find(|l| l.starts_with("URL:"));
        let url = url.map_or("Unable to get URL", String::as_str);
        Ok(Value::list([revision, url].map(Value::str)))
    }
}

fn revision_line(lines: &[String]) -> Option<&str> {
    let fits = |l: &&String| {
        let number = l.strip_prefix("Revision: ");
        number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
    };
    lines.iter().find(fits).map(String::as_str)
}

/// The number in such a line.
fn number(line: &str) -> Option<u64> {
    line.split_once(':')?.1.trim().parse().ok()
}

/// Whether `svn update` or `switch` tells of a file that it touched.
fn touched(lines: &[String]) -> bool {
    let mut marks = lines.iter().map(|l| l.chars());
    marks.any(|mut l| {
        l.next().is_some_and(|c| "ABDUCGE".contains(c)) && l.next().is_some_and(char::is_whitespace)
    })
}

impl Subversion {
    fn svn(&self, host: &mut Host<'_>) -> Result<Svn, Failure> {
        let program = match &self.executable {
            Some(path) => path.clone(),
            None => host.need_program("svn", "subversion")?,
        };
        let mut args = vec!["--non-interactive".to_owned(), "--no-auth-cache".to_owned()];
        if !self.validate_certs {
            args.push("--trust-server-cert".into());
        }
        if let Some(user) = self.username.as_ref().filter(|u| !u.is_empty()) {
            args.extend(["--username".into(), user.clone()]);
        }
        let password = self.password.clone().filter(|p| !p.is_empty());
        if password.is_some() {
            args.push("--password-from-stdin".into());
        }
        Ok(Svn {
            program,
            args,
            password,
        })
    }

    /// Whether files of the working copy were changed.
    fn has_changes(&self, host: &mut Host<'_>, svn: &Svn, dest: &str) -> Result<bool, Failure> {
        let lines = svn.must(host, &["status", "--quiet", "--ignore-externals", dest])?;
        Ok(lines.iter().any(|l| !l.is_empty() && !l.starts_with(['?', 'X'])))
    }

    /// What would be done to a working copy.
    fn look(&self, host: &mut Host<'_>, svn: &Svn, dest: &str) -> Result<Outcome, Failure> {
        if self.has_changes(host, svn, dest)? && !self.force {
            return Err(MODIFIED.into());
        }
        let before = svn.revision(host, &[dest])?;
        let after = svn.revision(host, &["-r", &self.revision, dest])?;
        let older = number(&before) < number(&after);
        Ok(Outcome::new()
            .with("before", before)
            .with("after", after)
            .changed(older))
    }

    /// Brings a working copy to the revision; says whether that changed it.
    fn bring(&self, host: &mut Host<'_>, svn: &Svn, dest: &str) -> Result<bool, Failure> {
        let dirty = self.has_changes(host, svn, dest)?;
        let mut changed = dirty;
        // First the switch, so that files are reverted to those of the right repository.
        if self.switch {
            changed |= touched(&svn.must(host, &["switch", "--revision", &self.revision, &self.repo, dest])?);
        }
        if dirty {
            if !self.force {
                return Err(MODIFIED.into());
            }
            svn.must(host, &["revert", "-R", dest])?;
        }
        changed |= touched(&svn.must(host, &["update", "-r", &self.revision, dest])?);
        Ok(changed)
    }
}

const MODIFIED: &str = "ERROR: modified files exist in the repository.";

impl Module for Subversion {
    const META: Meta = Meta {
        name: "ansible.builtin.subversion",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "after",
                doc: "Revision and address of the working copy; in check mode, and without one, the revision alone.",
            },
            Return {
                name: "before",
                doc: "The same before; null if there was no working copy.",
            },
        ],
        examples: &[Example {
            title: "A working copy of a branch",
            args: r#"{"repo": "https://svn.example.org/project/branches/stable", "dest": "/srv/project", "force": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        for (what, value) in [("repo", &self.repo), ("revision", &self.revision)] {
            if value.starts_with('-') {
                return Err(format!("{what} must not begin with a dash: {value}").into());
            }
        }
        let svn = self.svn(host)?;
        let changed = |changed: bool| Ok(Outcome::new().changed(changed));
        let Some(dest) = &self.dest else {
            if self.checkout || self.update || self.export {
                return Err(
                    "the destination directory must be specified unless checkout=no, update=no, and export=no".into(),
                );
            }
            let after = svn.revision(host, &[&self.repo])?;
            return Ok(Outcome::new().with("after", after).changed(false));
        };
        let there = dest.exists();
        let dest = &*dest.to_string_lossy();
        let from = ["-r", &self.revision, &self.repo, dest];
        if !self.export && !self.update && !self.checkout {
            let after = svn.revision(host, &[&self.repo])?;
            return Ok(Outcome::new().with("after", after).changed(false));
        }
        let done = |host: &mut Host<'_>, before: Value, changed: bool| {
            let after = svn.state(host, dest)?;
            Ok(Outcome::new()
                .with("before", before)
                .with("after", after)
                .changed(changed))
        };
        if self.export || !there {
            if host.check() {
                return changed(true);
            }
            if self.export {
                let force: &[&str] = if self.force { &["--force"] } else { &[] };
                svn.must(host, &[&["export"], force, &from].concat())?;
                return changed(true);
            }
            if !self.checkout {
                return changed(false);
            }
            svn.must(host, &[&["checkout"][..], &from].concat())?;
            return done(host, Value::None, true);
        }
        if svn.run(host, &["info", dest])?.rc == 0 {
            if !self.update {
                return changed(false);
            }
            if host.check() {
                return self.look(host, &svn, dest);
            }
            let before = svn.state(host, dest)?;
            let changed = self.bring(host, &svn, dest)?;
            return done(host, before, changed);
        }
        if !self.in_place {
            let message =
                format!("ERROR: {dest} folder already exists, but its not a subversion repository.");
            return Err(message.into());
        }
        if host.check() {
            return changed(true);
        }
        svn.must(host, &[&["checkout", "--force"][..], &from].concat())?;
        if self.force && self.has_changes(host, &svn, dest)? {
            svn.must(host, &["revert", "-R", dest])?;
        }
        done(host, Value::None, true)
    }
}

#[cfg(test)]
mod tests {
    use super::{number, revision_line, touched};

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn revisions_are_read_from_info() {
        let info = lines("Path: a\nURL: file:///r\nRevision: 12\nLast Changed Rev: 7\n");
        assert_eq!(revision_line(&info), Some("Revision: 12"));
        assert_eq!(number("Revision: 12"), Some(12));
        assert_eq!(revision_line(&lines("Revision: x")), None);
    }

    #[test]
    fn touched_files_stand_with_a_mark() {
        assert!(touched(&lines(
            "Updating 'a':\nU    a/b\nUpdated to revision 2.\n"
        )));
        assert!(!touched(&lines("Updating 'a':\nAt revision 2.\n")));
    }
}
