//! `kdo galaxy verify`

use super::{
    context::{Asked, Context, FileArgs, lock_beside},
    place_args::FoldersArgs,
    server_args::ServerArgs,
    signature_args::SignatureArgs,
    tell,
};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{
    Installed, Installer, Kind, Lock, Mode, Package, Requirement, check_collection, check_signatures,
    installed, manifest_digest, published_manifest,
};
use std::path::PathBuf;

/// Arguments of `kdo galaxy verify`.
#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// Packages [default: all that are locked, and all collections]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    folders: FoldersArgs,
    /// Go on with the others when one cannot be verified
    #[arg(short = 'i', long)]
    ignore_errors: bool,
    /// Check all that was fetched before, too
    #[arg(long)]
    store: bool,
    #[command(flatten)]
    signatures: SignatureArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Compares what is installed with the lock file, and collections with what they say of themselves. A collection that
/// is named and not locked is compared with its server too.
pub(crate) fn verify(kind: Option<Kind>, args: &VerifyArgs) -> Result<u8> {
    let context = Context::checking(&args.servers, args.signatures.signatures())?;
    let lock = lock_beside(args.file.requirements_file.as_deref());
    let lock = Lock::read(&lock).map_err(|f| context.stop(&f))?;
    let given = &args.folders.path;
    let (roles, collections) = match kind {
        Some(Kind::Collection) => (None, given.first()),
        _ => (given.first(), None),
    };
    let mut paths = context.paths(roles.map(PathBuf::as_path), collections.map(PathBuf::as_path))?;
    paths.collections_path.extend(given.iter().skip(1).cloned());
    let mut wanted = named(&args.packages)?;
    if lock.is_none() && args.file.requirements_file.is_some() {
        wanted.extend(context.asked(kind, &[], &args.file)?.list);
    }
    let mut asked = Asked::new(wanted, args.file.requirements_file.clone());
    args.signatures.name(&mut asked)?;
    let verifier = Verifier {
        installer: context.installer(paths, Mode::Needed),
        online: !args.servers.is_offline(),
        context,
        lock,
        wanted: asked.list,
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
    Ok(if bad == 0 { 0 } else { tell::changed() })
}

/// The names, without the versions behind them.
fn named(words: &[String]) -> Result<Vec<Requirement>> {
    let name = |word: &String| {
        if word.contains('/') || word.ends_with(".tar.gz") {
            return Err(Stop::new(format!(
                "{word}: 'file' type is not supported. The format namespace.name is expected."
            )));
        }
        let name = word.split([':', '=', '>', '<', '!']).next().unwrap_or(word);
        Ok(Requirement::named(Kind::Collection, name, ""))
    };
    words.iter().map(name).collect()
}

struct Verifier {
    context: Context,
    installer: Installer,
    lock: Option<Lock>,
    wanted: Vec<Requirement>,
    online: bool,
}

/// What is to be checked.
struct Subject {
    package: Package,
    present: Option<Installed>,
}

impl Verifier {
    fn subjects(&self, kind: Option<Kind>) -> Result<Vec<Subject>> {
        let wanted = |p: &Package| self.wanted.is_empty() || self.wanted.iter().any(|r| names(r, p));
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
        let missing = |r: &&Requirement| !subjects.iter().any(|s| names(r, &s.package));
        match self.wanted.iter().find(missing) {
            Some(asked) => Err(Stop::new(format!(
                "Collection {} is not installed in any of the collection paths.",
                asked.shown()
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
        let asked = self.wanted.iter().find(|r| names(r, name)).cloned();
        let asked = asked.unwrap_or_else(|| Requirement::named(Kind::Collection, name.name(), ""));
        // What is locked was checked then.
        if locked.is_none() {
            check_signatures(&self.context.sources, present, &asked, !self.online)?;
        }
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
        } else if locked.is_some_and(|l| present.version.as_ref().is_some_and(|v| *v != l.version)) {
            screen::say(&format!("{name}: {}", wrong.join("\n    ")));
        } else {
            screen::say(&format!(
                "Collection {name} contains modified content in the following files:\n    {}",
                wrong.join("\n    ")
            ));
        }
        Ok(wrong.is_empty())
    }
}

/// Whether a requirement is for that package.
fn names(requirement: &Requirement, package: &Package) -> bool {
    requirement.name.as_deref() == Some(package.name())
}
