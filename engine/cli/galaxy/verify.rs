//! `kdo galaxy verify`

use super::{
    context::{Context, FileArgs, lock_beside},
    place_args::FolderArgs,
    server_args::ServerArgs,
    tell,
};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{
    Installed, Installer, Kind, Lock, Mode, Package, check_collection, installed, manifest_digest,
    published_manifest,
};

/// Arguments of `kdo galaxy verify`.
#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// Packages [default: all that are locked, and all collections]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    folder: FolderArgs,
    /// Go on with the others when one cannot be verified
    #[arg(short = 'i', long)]
    ignore_errors: bool,
    /// Check all that was fetched before, too
    #[arg(long)]
    store: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Compares what is installed with the lock file, and collections with what they say of themselves. A collection that
/// is named and not locked is compared with its server too.
pub(crate) fn verify(kind: Option<Kind>, args: &VerifyArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let lock = lock_beside(args.file.requirements_file.as_deref());
    let lock = Lock::read(&lock).map_err(|f| context.stop(&f))?;
    let (roles, collections) = match kind {
        Some(Kind::Collection) => (None, args.folder.path.as_deref()),
        _ => (args.folder.path.as_deref(), None),
    };
    let paths = context.paths(roles, collections)?;
    let mut wanted = named(&args.packages)?;
    if lock.is_none() && args.file.requirements_file.is_some() {
        let asked = context.asked(kind, &[], &args.file)?;
        wanted.extend(asked.list.into_iter().filter_map(|r| r.name));
    }
    let verifier = Verifier {
        installer: context.installer(paths, Mode::Needed),
        online: !args.servers.is_offline(),
        context,
        lock,
        wanted,
    };
    let mut bad = 0;
    let mut checked = 0;
    for subject in verifier.subjects(kind)? {
        checked += 1;
        match verifier.check(&subject) {
            Ok(true) => {}
            Ok(false) => bad += 1,
            Err(failure) if args.ignore_errors => {
                tell::warn(&failure.of(subject.package.name()), &verifier.context.texts);
            }
            Err(failure) => return Err(verifier.context.stop(&failure)),
        }
    }
    if args.store {
        let damaged = verifier.context.sources.store().check();
        for path in damaged.map_err(|f| verifier.context.stop(&f))? {
            bad += 1;
            screen::say(&format!("{} is damaged", path.display()));
        }
    } else if checked == 0 {
        return Err(Stop::new(
            "there is nothing to verify: neither a lock file nor such a collection",
        ));
    }
    Ok(if bad == 0 { 0 } else { 3 })
}

/// The names, without the versions behind them.
fn named(words: &[String]) -> Result<Vec<String>> {
    words
        .iter()
        .map(|word| {
            if word.contains('/') || word.ends_with(".tar.gz") {
                return Err(Stop::new(format!(
                    "{word}: 'file' type is not supported. The format namespace.name is expected."
                )));
            }
            Ok(word
                .split([':', '=', '>', '<', '!'])
                .next()
                .unwrap_or(word)
                .to_owned())
        })
        .collect()
}

struct Verifier {
    context: Context,
    installer: Installer,
    lock: Option<Lock>,
    wanted: Vec<String>,
    online: bool,
}

/// What is to be checked.
struct Subject {
    package: Package,
    present: Option<Installed>,
}

impl Verifier {
    fn subjects(&self, kind: Option<Kind>) -> Result<Vec<Subject>> {
        let wanted = |p: &Package| self.wanted.is_empty() || self.wanted.iter().any(|n| n == p.name());
        let mut subjects: Vec<Subject> = self
            .lock
            .iter()
            .flat_map(|l| &l.packages)
            .filter(|l| kind.is_none_or(|k| k == l.package.kind()) && wanted(&l.package))
            .map(|l| Subject {
                package: l.package.clone(),
                present: self.installer.present(&l.package),
            })
            .collect();
        if kind == Some(Kind::Role) {
            return Ok(subjects);
        }
        let paths = &self.installer.paths;
        let all = std::iter::once(&paths.collections).chain(&paths.collections_path);
        for found in all.flat_map(|p| installed(Kind::Collection, p)) {
            let known = subjects.iter().any(|s| s.package == found.package);
            if !known && wanted(&found.package) && found.is_managed() {
                subjects.push(Subject {
                    package: found.package.clone(),
                    present: Some(found),
                });
            }
        }
        let missing = |n: &&String| !subjects.iter().any(|s| s.package.name() == n.as_str());
        match self.wanted.iter().find(missing) {
            Some(name) => Err(Stop::new(format!(
                "Collection {name} is not installed in any of the collection paths."
            ))),
            None => Ok(subjects),
        }
    }

    /// Tells how a package is; says whether it is as it should be.
    fn check(&self, subject: &Subject) -> kdo_galaxy::Result<bool> {
        let name = &subject.package;
        let Some(present) = &subject.present else {
            screen::say(&format!("{name}: is locked and not installed"));
            return Ok(false);
        };
        let locked = self.lock.as_ref().and_then(|l| l.find(name));
        let mut wrong = match name.kind() {
            Kind::Collection if present.is_managed() => check_collection(&present.path)?,
            _ => Vec::new(),
        };
        if let Some(locked) = locked {
            // What does not fit its own list is told by that.
            wrong.extend(if wrong.is_empty() {
                locked.differs(present)?
            } else {
                None
            });
        }
        if name.kind() == Kind::Role || !present.is_managed() {
            match wrong.as_slice() {
                [] => screen::say(&format!("{name}: as it was locked")),
                wrong => wrong.iter().for_each(|w| screen::say(&format!("{name}: {w}"))),
            }
            return Ok(wrong.is_empty());
        }
        let version = present
            .version
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let hash = manifest_digest(&present.path)?;
        screen::say(&format!(
            "Verifying '{name}:{version}'.\nInstalled collection found at '{}'\nMANIFEST.json hash: {}",
            present.path.display(),
            hash.hex()
        ));
        let asks = locked.is_none() && self.online && !self.wanted.is_empty();
        if let Some(version) = present.version.as_ref().filter(|_| asks)
            && published_manifest(&self.context.sources, name, version)? != hash
        {
            wrong.insert(
                0,
                "MANIFEST.json is not the one that the server publishes".to_owned(),
            );
        }
        if wrong.is_empty() {
            let with = match (locked, asks) {
                (Some(_), _) => "are those that were locked",
                (None, true) => "match the remote collection",
                (None, false) => "are internally consistent with its manifest",
            };
            screen::say(&format!(
                "Successfully verified that checksums for '{name}:{version}' {with}."
            ));
        } else {
            screen::say(&format!(
                "Collection {name} contains modified content in the following files:\n    {}",
                wrong.join("\n    ")
            ));
        }
        Ok(wrong.is_empty())
    }
}
