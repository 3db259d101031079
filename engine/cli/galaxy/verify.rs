//! `kdo galaxy verify`

use super::context::{Context, FileArgs};
use super::server_args::ServerArgs;
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Installed, Installer, Kind, Lock, Mode, check_collection, installed, tree_digest};
use std::path::PathBuf;

/// Arguments of `kdo galaxy verify`.
#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// Packages [default: all that are locked, and all collections]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    /// Folder that they were installed into
    #[arg(
        short = 'p',
        long = "roles-path",
        visible_alias = "collections-path",
        value_name = "FOLDER"
    )]
    path: Option<PathBuf>,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Compares what is installed with the lock file, and collections with what they say of themselves.
pub(crate) fn verify(kind: Option<Kind>, args: &VerifyArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let file = args
        .file
        .requirements_file
        .clone()
        .unwrap_or_else(|| "requirements.yml".into());
    let lock = Lock::read(&file.with_extension("lock")).map_err(|f| context.stop(&f))?;
    let (roles, collections) = match kind {
        Some(Kind::Collection) => (None, args.path.as_deref()),
        _ => (args.path.as_deref(), None),
    };
    let paths = context.paths(roles, collections)?;
    let installer = context.installer(paths, Mode::Needed);
    let verifier = Verifier { installer, lock };
    let wanted = |name: &str| {
        let short = |p: &String| p.split([':', '=', '>', '<']).next() == Some(name);
        args.packages.is_empty() || args.packages.iter().any(short)
    };
    let mut bad = 0;
    let mut checked = 0;
    for (name, result) in verifier.all(kind) {
        if !wanted(&name) {
            continue;
        }
        checked += 1;
        match result.map_err(|f| context.stop(&f))?.as_slice() {
            [] => screen::say(&format!("{name}: as it was locked and published")),
            wrong => {
                bad += 1;
                wrong.iter().for_each(|w| screen::say(&format!("{name}: {w}")));
            }
        }
    }
    if checked == 0 {
        return Err(Stop::new(
            "there is nothing to verify: neither a lock file nor such a collection",
        ));
    }
    Ok(if bad == 0 { 0 } else { 3 })
}

struct Verifier {
    installer: Installer,
    lock: Option<Lock>,
}

type Verdict = (String, kdo_galaxy::Result<Vec<String>>);

impl Verifier {
    fn all(&self, kind: Option<Kind>) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let locked = self.lock.iter().flat_map(|l| &l.packages);
        for locked in locked.filter(|l| kind.is_none_or(|k| k == l.package.kind())) {
            let verdict = match self.installer.present(&locked.package) {
                None => Ok(vec!["is locked and not installed".to_owned()]),
                Some(present) => self.one(&present),
            };
            verdicts.push((locked.package.name().to_owned(), verdict));
        }
        if kind != Some(Kind::Role) {
            for found in installed(Kind::Collection, &self.installer.paths.collections) {
                let locked = self.lock.as_ref().and_then(|l| l.find(&found.package));
                if locked.is_none() && found.is_managed() {
                    verdicts.push((found.package.name().to_owned(), self.one(&found)));
                }
            }
        }
        verdicts
    }

    fn one(&self, present: &Installed) -> kdo_galaxy::Result<Vec<String>> {
        let mut wrong = match present.package.kind() {
            Kind::Collection if present.is_managed() => check_collection(&present.path)?,
            _ => Vec::new(),
        };
        if let Some(locked) = self.lock.as_ref().and_then(|l| l.find(&present.package)) {
            let version = present.version.as_ref();
            if version.is_some_and(|v| *v != locked.version) {
                let version = version.map(ToString::to_string).unwrap_or_default();
                wrong.push(format!("{version} is installed, {} is locked", locked.version));
            } else if tree_digest(&present.path)? != locked.tree && wrong.is_empty() {
                wrong.push(format!(
                    "the content of {} is not what was locked",
                    present.path.display()
                ));
            }
        }
        Ok(wrong)
    }
}
