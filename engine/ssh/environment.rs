//! The user that runs this process, as ssh sees them.

use std::path::{Path, PathBuf};

/// Home directory, login name and files of the local user.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) home: PathBuf,
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) hostname: String,
    pub(crate) agent_socket: Option<PathBuf>,
    pub(crate) system_config: PathBuf,
}

impl Environment {
    /// Reads it from the process's environment and `/etc/passwd`.
    pub(crate) fn current() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let entry = passwd
            .lines()
            .map(|l| l.split(':').collect::<Vec<_>>())
            .find(|fields| fields.get(2).and_then(|field| field.parse::<u32>().ok()) == Some(uid));
        let field = |index: usize| {
            entry
                .as_ref()
                .and_then(|fields| fields.get(index))
                .map(|f| (*f).to_owned())
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            home: variable("HOME")
                .or_else(|| field(5))
                .unwrap_or_else(|| "/".to_owned())
                .into(),
            user: field(0)
                .or_else(|| variable("USER"))
                .or_else(|| variable("LOGNAME"))
                .unwrap_or_default(),
            uid,
            hostname: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            agent_socket: variable("SSH_AUTH_SOCK").map(PathBuf::from),
            system_config: "/etc/ssh/ssh_config".into(),
        }
    }

    /// `~/.ssh`.
    pub(crate) fn ssh_dir(&self) -> PathBuf {
        self.home.join(".ssh")
    }

    /// `path` with a leading `~` replaced by the home directory.
    pub(crate) fn untilde(&self, path: &str) -> PathBuf {
        match path.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None if path == "~" => self.home.clone(),
            None => Path::new(path).to_owned(),
        }
    }
}
