//! `kdo galaxy lock`

use super::{
    context::{Context, FileArgs},
    server_args::ServerArgs,
};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Choice, Kind, Lock, Locked, Version, lock as lock_all};

/// Arguments of `kdo galaxy lock`.
#[derive(Args)]
pub(crate) struct LockArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Take the newest versions, whatever was locked
    #[arg(short = 'U', long)]
    upgrade: bool,
    /// Take pre-releases too
    #[arg(long)]
    pre: bool,
    /// Of several wanted versions of a role the first counts, as with ansible-galaxy
    #[arg(long)]
    first_wins: bool,
    /// Only tell whether the lock file is up to date
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Writes the lock file.
pub(crate) fn lock(kind: Option<Kind>, args: LockArgs) -> Result<u8> {
    if kind.is_some() {
        return Err(Stop::usage(
            "a lock file is for all that requirements.yml asks for: kdo galaxy lock",
        ));
    }
    let context = Context::new(&args.servers)?;
    let asked = context.asked(None, &[], &args.file)?;
    let file = asked.lock_file();
    let read = if args.check {
        Lock::read(&file)
    } else {
        Lock::read_ours(&file)
    };
    let old = read.map_err(|f| context.stop(&f))?;
    if args.check {
        let fits = old.is_some_and(|l| l.requirements == asked.digest());
        let word = if fits {
            "is up to date"
        } else {
            "is not up to date"
        };
        screen::say(&format!("{} {word}", file.display()));
        return Ok(if fits { 0 } else { 3 });
    }
    let mut choice = Choice {
        prereleases: args.pre,
        first_wins: args.first_wins,
        ..Choice::default()
    };
    if let Some(old) = old.as_ref().filter(|_| !args.upgrade) {
        choice.prefer(old);
    }
    let resolved = context
        .resolve(&asked.list, &choice)
        .map_err(|f| context.stop(&f))?;
    let new = lock_all(context.sources.store(), asked.digest(), &resolved).map_err(|f| context.stop(&f))?;
    new.write(&file).map_err(|f| context.stop(&f))?;
    for line in differences(old.as_ref(), &new) {
        screen::say(&line);
    }
    screen::say(&format!("{}: {} packages", file.display(), new.packages.len()));
    Ok(0)
}

/// What changed: one line for each package.
pub(super) fn differences(old: Option<&Lock>, new: &Lock) -> Vec<String> {
    let mut lines = Vec::new();
    for package in &new.packages {
        let (name, version) = (&package.package, &package.version);
        match old.and_then(|o| o.find(name)) {
            None => lines.push(format!("+ {name} {version}")),
            Some(was) if was.version != *version || is_git(was) && was.source != package.source => {
                let (was, now) = (shown(&was.version, &was.source), shown(version, &package.source));
                lines.push(format!("~ {name} {was} -> {now}"));
            }
            Some(was) if was.tree != package.tree => {
                lines.push(format!("! {name} {version} has other content than before"));
            }
            Some(_) => {}
        }
    }
    for was in old.map(|o| o.packages.as_slice()).unwrap_or_default() {
        if new.find(&was.package).is_none() {
            lines.push(format!("- {} {}", was.package, was.version));
        }
    }
    lines
}

/// Whether it came from git, where a version may stand still while commits go on.
pub(super) fn is_git(locked: &Locked) -> bool {
    locked.source.starts_with("git+")
}

/// A version; of git with the commit, where that does not name it.
pub(super) fn shown(version: &Version, source: &str) -> String {
    let rest = source.strip_prefix("git+").and_then(|s| s.rsplit_once("?rev="));
    let commit = rest.map(|(_, r)| r.split_once('#').map_or(r, |(commit, _)| commit));
    match commit.and_then(|c| c.get(..12)) {
        Some(commit) if commit != version.as_str() => format!("{version} ({commit})"),
        _ => version.to_string(),
    }
}
