//! `synchronize`: files kept the same on two machines by `rsync`. Between which ones, the controller has decided.

use super::file::text;
use crate::{
    commands::words::{quote, split},
    prelude::*,
};
use std::path::{Path, PathBuf};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Pull,
    Push,
}

/// Keep files the same on two machines with rsync
///
/// `rsync` must be there on both sides. It runs on the controller, or on the host that the task is delegated to, and
/// reaches the other side by `ssh`.
#[derive(Params)]
pub struct Synchronize {
    /// What is sent; a folder that ends with `/` means what is in it. A relative path is found as for `copy`.
    #[param(required)]
    src: PathBuf,
    /// Where it goes.
    #[param(required)]
    dest: PathBuf,
    /// Port of `ssh` on the other side; without, the host's own.
    dest_port: Option<i64>,
    /// `push`: to the host; `pull`: from the host.
    #[param(default = "push")]
    mode: Mode,
    /// Take over folders, links, times, permissions, owner and group.
    #[param(default = true)]
    archive: bool,
    /// Compare checksums instead of size and time.
    #[param(default = false)]
    checksum: bool,
    /// Compress what is sent.
    #[param(default = true)]
    compress: bool,
    /// Send nothing that is not there yet.
    #[param(default = false)]
    existing_only: bool,
    /// Remove what is not at the source, when the rest is done.
    #[param(default = false)]
    delete: bool,
    /// Send folders without what is in them.
    #[param(default = false)]
    dirs: bool,
    /// Send what is in folders; without, as `archive` says.
    recursive: Option<bool>,
    /// Send links as links; without, as `archive` says.
    links: Option<bool>,
    /// Send what links point to.
    #[param(default = false)]
    copy_links: bool,
    /// Take over permissions; without, as `archive` says.
    perms: Option<bool>,
    /// Take over times; without, as `archive` says.
    times: Option<bool>,
    /// Take over the owner; without, as `archive` says.
    owner: Option<bool>,
    /// Take over the group; without, as `archive` says.
    group: Option<bool>,
    /// The program on the other side.
    rsync_path: Option<String>,
    /// Seconds of silence after which rsync gives up; 0: never.
    #[param(default = 0)]
    rsync_timeout: i64,
    /// Name the user on the other side in the address.
    #[param(default = true)]
    set_remote_user: bool,
    /// Pass the options of `ansible_ssh_args` and the like on to `ssh`.
    #[param(default = false)]
    use_ssh_args: bool,
    /// Let `ssh` share connections.
    #[param(default = false)]
    ssh_connection_multiplexing: bool,
    /// Further options of rsync.
    #[param(default = [], elements = "str")]
    rsync_opts: Vec<String>,
    /// Keep files that came in part.
    #[param(default = false)]
    partial: bool,
    /// Check the host's key.
    #[param(default = false)]
    verify_host: bool,
    /// The private key for `ssh`.
    private_key: Option<PathBuf>,
    /// Folders whose files are linked instead of sent, where they are the same.
    #[param(elements = "path")]
    link_dest: Option<Vec<PathBuf>>,
    /// Put the new files into place at the end, all at once.
    #[param(default = true)]
    delay_updates: bool,
    /// The program on this side, from `ansible_rsync_path`.
    #[param(default = "rsync")]
    _local_rsync_path: PathBuf,
    /// The password for `ssh`, from the inventory.
    #[param(no_log)]
    _local_rsync_password: Option<String>,
    /// Replace `localhost` by the controller's address, as this host sees it.
    #[param(default = false)]
    _substitute_controller: bool,
    /// Options of `ssh`, from the inventory.
    _ssh_args: Option<String>,
}

/// What rsync's lines begin with, so that they can be told from messages.
const MARK: &str = "<<CHANGED>>";

impl Synchronize {
    /// Source and destination as rsync takes them.
    fn ends(&self) -> Result<(String, String), Failure> {
        let (src, dest) = (text(&self.src), text(&self.dest));
        if !self._substitute_controller {
            return Ok((src, dest));
        }
        let variable = |name| std::env::var(name).ok();
        let said = variable("SSH_CLIENT").or_else(|| variable("SSH_CONNECTION"));
        let address = said.and_then(|s| s.split_whitespace().next().map(str::to_owned));
        let Some(address) = address else {
            return Err("Could not determine controller hostname for rsync to send to".into());
        };
        let there = |path: String| match path.strip_prefix("localhost:") {
            Some(rest) => format!("{address}:{rest}"),
            None => path,
        };
        Ok((there(src), there(dest)))
    }

    /// The options that say what of the files is taken over.
    fn taken_over(&self) -> Vec<String> {
        let each = [
            ("recursive", self.recursive),
            ("links", self.links),
            ("perms", self.perms),
            ("times", self.times),
            ("owner", self.owner),
            ("group", self.group),
        ];
        let mut out = Vec::new();
        if self.archive {
            out.push("--archive".to_owned());
        }
        for (name, wish) in each {
            match (self.archive, wish) {
                (true, Some(false)) => out.push(format!("--no-{name}")),
                (false, Some(true)) => out.push(format!("--{name}")),
                _ => {}
            }
        }
        out
    }

    /// The call of `ssh`, for rsync to make.
    fn shell(&self, host: &Host<'_>) -> Result<String, Failure> {
        let mut words = vec![text(&host.need_program("ssh", "openssh-client")?)];
        let mut add = |more: &[&str]| words.extend(more.iter().map(|w| (*w).to_owned()));
        if !self.ssh_connection_multiplexing {
            add(&["-S", "none"]);
        }
        if let Some(key) = &self.private_key {
            add(&["-i", &text(key)]);
        }
        if let Some(port) = self.dest_port {
            add(&["-o", &format!("Port={port}")]);
        }
        if !self.verify_host {
            add(&[
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
            ]);
        }
        let mut line = words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
        if let Some(args) = self._ssh_args.as_ref().filter(|a| !a.is_empty()) {
            line = format!("{line} {args}");
        }
        Ok(line)
    }

    /// The call as it would be typed; options of the user may be quoted already.
    fn call(&self, host: &Host<'_>, src: &str, dest: &str) -> Result<String, Failure> {
        let program = text(&self._local_rsync_path);
        let program = match program.contains('/') {
            true => program,
            false => text(&host.need_program(&program, "rsync")?),
        };
        let mut call = vec![program];
        let mut add = |word: &str| call.push(word.to_owned());
        let flags: [(&[&str], bool); 8] = [
            (&["--delay-updates", "-F"], self.delay_updates),
            (&["--compress"], self.compress),
            (
                &[&format!("--timeout={}", self.rsync_timeout)],
                self.rsync_timeout != 0,
            ),
            (&["--dry-run"], host.check()),
            (&["--delete-after"], self.delete),
            (&["--existing"], self.existing_only),
            (&["--checksum"], self.checksum),
            (&["--copy-links"], self.copy_links),
        ];
        let chosen = flags.iter().filter(|(_, wanted)| *wanted);
        chosen.for_each(|(words, _)| words.iter().for_each(|w| add(w)));
        self.taken_over().iter().for_each(|w| add(w));
        if self.dirs {
            add("--dirs");
        }
        let daemon = |path: &str| path.starts_with("rsync://");
        if daemon(src) && daemon(dest) {
            return Err(Failure::new("either src or dest must be a localhost").with("rc", 1));
        }
        let over_ssh = !daemon(src) && !daemon(dest) && (src.contains(':') || dest.contains(':'));
        if over_ssh && !self.rsync_opts.iter().any(|o| o.contains("--rsh")) {
            call.push(format!("--rsh={}", quote(&self.shell(host)?)));
        }
        if let Some(path) = self.rsync_path.as_ref().filter(|p| !p.is_empty()) {
            call.push(format!("--rsync-path={}", quote(path)));
        }
        let mut add = |word: &str| call.push(word.to_owned());
        self.rsync_opts.iter().for_each(|o| add(o));
        if self.partial {
            add("--partial");
        }
        if let Some(folders) = self.link_dest.as_ref().filter(|l| !l.is_empty()) {
            // Without being told so twice rsync does not count a link as a change.
            add("-H");
            add("-vv");
            let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let above = absolute(Path::new(dest).parent().unwrap_or(Path::new("")));
            for folder in folders.iter().map(|f| absolute(f)) {
                if text(&above).starts_with(&text(&folder)) {
                    return Err(Failure::new(format!(
                        "Hardlinking into a subdirectory of the source would cause recursion. {} and {dest}",
                        above.display()
                    )));
                }
                add(&format!("--link-dest={}", folder.display()));
            }
        }
        call.push(format!("--out-format={}", quote(&format!("{MARK}%i %n%L"))));
        call.push(quote(src));
        call.push(quote(dest));
        Ok(call.join(" "))
    }
}

impl Module for Synchronize {
    const META: Meta = Meta {
        name: "ansible.posix.synchronize",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "cmd",
                doc: "The call of rsync.",
            },
            Return {
                name: "rc",
                doc: "Its exit status.",
            },
            Return {
                name: "stdout_lines",
                doc: "What rsync said of each file.",
            },
        ],
        examples: &[Example {
            title: "A site, and nothing else, on the host",
            args: r#"{"src": "site/", "dest": "/srv/site", "delete": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        // These are for the controller.
        let _ = (self.mode, self.set_remote_user, self.use_ssh_args);
        let (src, dest) = self.ends()?;
        let mut line = self.call(host, &src, &dest)?;
        if self.rsync_opts.iter().any(String::is_empty) {
            host.warn(
                "An empty text in rsync_opts makes rsync transfer the current folder. Write '.' if that is wanted.",
            );
        }
        let words = split(&line)?;
        let mut command = Command::argv(&words);
        if let Some(password) = &self._local_rsync_password {
            let sshpass = host.need_program("sshpass", "sshpass")?;
            line = format!("sshpass -e {line}");
            command = Command::new(sshpass)
                .arg("-e")
                .args(words)
                .env("SSHPASS", password);
        }
        // With --dry-run it only looks, so it runs in check mode too.
        let out = host.query(command)?;
        if out.rc != 0 {
            return Err(Failure::new(out.stderr_text())
                .with("rc", out.rc)
                .with("cmd", line));
        }
        let said = out.stdout_text();
        let changed = match self.link_dest.as_ref().is_some_and(|l| !l.is_empty()) {
            // A dot tells that a file is as it was.
            true => !said.contains(&format!("{MARK}.")),
            false => said.contains(MARK),
        };
        let clean = said.replace(MARK, "");
        let lines = clean.lines().filter(|l| !l.is_empty()).map(Value::from);
        let outcome = Outcome::new()
            .with("stdout_lines", Value::list(lines))
            .with("rc", out.rc)
            .with("cmd", line);
        Ok(match host.wants_diff() {
            true => outcome.with("diff", Map::from_iter([("prepared", clean.as_str())])),
            false => outcome,
        }
        .with("msg", clean)
        .changed(changed))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Host, NoLink, host::Context, registry};
    use kdo_value::json;

    fn refused(args: &str) -> String {
        let mut link = NoLink;
        let mut host = Host::new(Context::default(), &mut link);
        let args = json::read(args).unwrap();
        let run = registry::find("synchronize").unwrap().run;
        run(args.as_map().unwrap(), &mut host).err().unwrap().message
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let text = refused(r#"{"src": "/a", "dest": "/b", "_local_rsync_path": "no-such-rsync"}"#);
        assert!(
            text.contains("no-such-rsync") && text.contains("package"),
            "{text}"
        );
    }

    #[test]
    fn links_into_the_folder_itself_are_refused() {
        let text = refused(
            r#"{"src": "/a/", "dest": "/b/x/", "link_dest": ["/b"], "_local_rsync_path": "/bin/true"}"#,
        );
        assert!(text.starts_with("Hardlinking into a subdirectory"), "{text}");
    }
}
