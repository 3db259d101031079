//! The program `git`, with what is foreign kept from doing harm: no hooks, no odd transports, no options in the
//! place of addresses.

use crate::{Failure, Result, http::shown};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

const SAFE: &[&str] = &[
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.https.allow=always",
    "-c",
    "protocol.http.allow=always",
    "-c",
    "protocol.ssh.allow=always",
    "-c",
    "protocol.git.allow=always",
    "-c",
    "protocol.file.allow=always",
    "-c",
    "fetch.fsckObjects=true",
    "-c",
    "advice.detachedHead=false",
];

/// The program as it is called for one source.
#[derive(Clone, Copy, Default)]
pub(super) struct GitProgram {
    /// Take any certificate.
    pub(super) unchecked: bool,
}

impl GitProgram {
    /// What `git` says when it is asked in that folder.
    pub(super) fn run(self, folder: Option<&Path>, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new("git");
        if let Some(folder) = folder {
            command.arg("-C").arg(folder);
        }
        if self.unchecked {
            command.args(["-c", "http.sslVerify=false"]);
        }
        command
            .args(SAFE)
            .args(arguments)
            // The repository that kdo is called in is none of ours.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            // Several are asked at once: nobody could tell whose question it is.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command.output().map_err(|e| {
            let failure = Failure::server(format!("`git` cannot be run: {e}"));
            failure.help("git sources need the program git; archives and registries do not")
        })
    }

    /// The same, where anything but success is an error.
    pub(super) fn must(self, folder: Option<&Path>, arguments: &[&str], url: &str) -> Result<Vec<u8>> {
        let output = self.run(folder, arguments)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = text
            .lines()
            .filter(|l| !l.trim().is_empty() && !l.starts_with("warning:"))
            .collect();
        let said: String = lines
            .join("; ")
            .chars()
            .filter(|c| !c.is_control())
            .take(600)
            .collect();
        Err(Failure::server(format!("git+{}: {said}", shown(url))))
    }
}

/// Refuses an address that git would take for an option or a program.
pub(crate) fn check_address(url: &str) -> Result<()> {
    if url.starts_with('-') {
        return Err(Failure::invalid(format!(
            "git clone -- {url}: repository '{url}' does not exist: an address does not begin with a dash"
        )));
    }
    if url.contains("::") && !url.contains('[') {
        return Err(Failure::refused(format!("{url}: helpers of git are not called")));
    }
    // ssh would take such a host for an option.
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.rsplit_once('@').map_or(host, |(_, h)| h);
    if host.starts_with('-') || url.chars().any(|c| c.is_control()) {
        return Err(Failure::refused(format!("{url:?} is no address of a repository")));
    }
    Ok(())
}
