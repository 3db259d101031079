//! The repository of `kdo pull` and the playbooks in it.

use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_value::{Map, Value, json};
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Which repository, and how to bring it up to date.
#[derive(Args)]
#[command(next_help_heading = "Repository options")]
pub(crate) struct Repository {
    /// Where the repository is
    #[arg(short = 'U', long, value_name = "URL")]
    pub url: Option<String>,
    /// Branch, tag or commit to check out
    #[arg(short = 'C', long, value_name = "REVISION")]
    checkout: Option<String>,
    /// Folder to keep it in [default: ~/.ansible/pull/HOSTNAME]
    #[arg(short = 'd', long, value_name = "FOLDER")]
    directory: Option<PathBuf>,
    /// Module that brings it: git or subversion
    #[arg(short = 'm', long, value_name = "MODULE", default_value = "git")]
    pub module_name: String,
    /// With its whole history
    #[arg(long)]
    full: bool,
    /// Throw away changes in the folder
    #[arg(long)]
    clean: bool,
    /// Trust a host key that is not known yet
    #[arg(long)]
    accept_host_key: bool,
    /// Fail if the commit is not signed by somebody trusted
    #[arg(long)]
    verify_commit: bool,
    /// Submodules follow their branch
    #[arg(long)]
    track_subs: bool,
}

impl Repository {
    /// The folder, absolute.
    pub(crate) fn folder(&self) -> Result<PathBuf> {
        let folder = match (&self.directory, std::env::home_dir()) {
            (Some(folder), Some(home)) => match folder.strip_prefix("~") {
                Ok(rest) => home.join(rest),
                Err(_) => folder.clone(),
            },
            (Some(folder), None) => folder.clone(),
            (None, Some(home)) => home.join(".ansible/pull").join(node()),
            (None, None) => return Err(Stop::new("there is no home directory; name a folder with -d")),
        };
        Ok(std::path::absolute(folder)?)
    }

    /// The module's arguments as JSON.
    pub(crate) fn module_args(&self, url: &str, folder: &Path, key: Option<&Path>) -> String {
        let args = Map::new();
        let text = |p: &Path| Value::str(p.display().to_string());
        let svn = self.module_name.rsplit('.').next() == Some("subversion");
        args.insert(if svn { "repo" } else { "name" }, url);
        args.insert("dest", text(folder));
        if let Some(revision) = &self.checkout {
            args.insert(if svn { "revision" } else { "version" }, revision.as_str());
        }
        if !svn {
            args.insert("accept_hostkey", self.accept_host_key);
            args.insert("verify_commit", self.verify_commit);
            args.insert("track_submodules", self.track_subs);
            if let Some(key) = key {
                args.insert(
                    "key_file",
                    text(&std::path::absolute(key).unwrap_or(key.to_owned())),
                );
            }
            if !self.full {
                args.insert("depth", 1);
            }
        }
        if self.clean {
            args.insert("force", true);
        }
        json::line(&Value::Map(args))
    }
}

fn node() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Names by which an inventory may know this host.
pub(crate) fn names_of_this_host() -> Vec<String> {
    let node = node();
    let short = node.split('.').next().unwrap_or_default().to_owned();
    let mut names = vec!["localhost".to_owned(), node, short, "127.0.0.1".to_owned()];
    names.dedup();
    names
}

/// The playbooks that were named, else the first of HOSTNAME.yml, SHORTNAME.yml and local.yml.
pub(crate) fn playbooks(folder: &Path, named: &[String]) -> Result<Vec<PathBuf>> {
    let nothing = || Stop::new("Could not find a playbook to run.").code(5);
    let usable = |path: &PathBuf| {
        if path.is_file() {
            return true;
        }
        screen::warn(&format!("{}: File does not exist", path.display()));
        false
    };
    if !named.is_empty() {
        let found: Vec<PathBuf> = named.iter().map(|n| folder.join(n)).filter(usable).collect();
        return if found.len() == named.len() {
            Ok(found)
        } else {
            Err(nothing())
        };
    }
    let node = node();
    let short = node.split('.').next().unwrap_or_default();
    let names = [
        format!("{node}.yml"),
        format!("{short}.yml"),
        "local.yml".to_owned(),
    ];
    let found = names.iter().map(|n| folder.join(n)).find(|p| p.is_file());
    found.map(|p| vec![p]).ok_or_else(nothing)
}

/// Waits a while, at most so many seconds; how long differs from host to host.
pub(crate) fn sleep_up_to(seconds: Option<u64>) {
    let Some(most) = seconds.filter(|s| *s > 0) else {
        return;
    };
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let wait = u64::from(now.subsec_nanos()).wrapping_add(u64::from(std::process::id())) % (most + 1);
    screen::say(&format!("Sleeping for {wait} seconds..."));
    std::thread::sleep(Duration::from_secs(wait));
}

#[cfg(test)]
mod tests {
    use super::{Repository, playbooks};
    use std::path::Path;

    fn repository() -> Repository {
        Repository {
            url: None,
            checkout: Some("v1".into()),
            directory: Some("/srv/x".into()),
            module_name: "git".into(),
            full: false,
            clean: true,
            accept_host_key: true,
            verify_commit: false,
            track_subs: false,
        }
    }

    #[test]
    fn the_modules_arguments_follow_the_options() {
        let args = repository().module_args("u", Path::new("/srv/x"), None);
        assert_eq!(
            args,
            r#"{"name": "u", "dest": "/srv/x", "version": "v1", "accept_hostkey": true, "verify_commit": false, "track_submodules": false, "depth": 1, "force": true}"#
        );
        let svn = Repository {
            module_name: "subversion".into(),
            clean: false,
            ..repository()
        };
        assert_eq!(
            svn.module_args("u", Path::new("/x"), None),
            r#"{"repo": "u", "dest": "/x", "revision": "v1"}"#
        );
        assert_eq!(repository().folder().unwrap(), Path::new("/srv/x"));
    }

    #[test]
    fn local_yml_is_the_last_resort_and_all_named_files_must_be_there() {
        let dir = tempfile::tempdir().unwrap();
        assert!(playbooks(dir.path(), &[]).is_err());
        std::fs::write(dir.path().join("local.yml"), "[]").unwrap();
        assert_eq!(
            playbooks(dir.path(), &[]).unwrap(),
            [dir.path().join("local.yml")]
        );
        let named = ["local.yml".to_owned(), "none.yml".to_owned()];
        assert!(playbooks(dir.path(), &named).is_err());
        assert_eq!(playbooks(dir.path(), &named[..1]).unwrap().len(), 1);
    }
}
