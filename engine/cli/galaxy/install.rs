//! `kdo galaxy install`

use super::{
    context::{Asked, Context, FileArgs},
    place_args::FolderArgs,
    server_args::ServerArgs,
    signature_args::SignatureArgs,
    tell,
};
use crate::{
    called_as, screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{
    Cause, Choice, Done, Failure, Installer, Kind, Lock, Locked, Mode, Paths, Requirement, lock,
    resolve_locked,
};
use std::path::Path;

/// Arguments of `kdo galaxy install`.
#[derive(Args)]
pub(crate) struct InstallArgs {
    /// Packages: names with versions, URLs, paths, git+URL [default: those of requirements.yml]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    folder: FolderArgs,
    /// Install again what is there
    #[arg(short = 'f', long)]
    force: bool,
    /// Install again what is there and what it needs
    #[arg(long, conflicts_with = "no_deps")]
    force_with_deps: bool,
    /// Without what is needed
    #[arg(short = 'n', long)]
    no_deps: bool,
    /// Go on with the others when one fails
    #[arg(short = 'i', long)]
    ignore_errors: bool,
    /// Take pre-releases too
    #[arg(long)]
    pre: bool,
    /// Take the newest versions, whatever is installed or locked
    #[arg(short = 'U', long)]
    upgrade: bool,
    /// Accepted; a folder that git keeps is never installed
    #[arg(short = 'g', long, hide = true)]
    keep_scm_meta: bool,
    /// Install exactly what requirements.lock says, or fail
    #[arg(long, visible_alias = "frozen")]
    locked: bool,
    /// Of several wanted versions of a role the first counts, as with ansible-galaxy
    #[arg(long)]
    first_wins: bool,
    #[command(flatten)]
    signatures: SignatureArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Installs.
pub(crate) fn install(kind: Option<Kind>, args: InstallArgs) -> Result<u8> {
    let context = Context::checking(&args.servers, args.signatures.signatures())?;
    let (mut asked, wrong) = context.asked_what_fits(kind, &args.packages, &args.file)?;
    match Failure::all(wrong.clone()) {
        Some(failure) if !args.ignore_errors => return Err(context.stop(&failure)),
        _ => wrong.iter().for_each(|f| tell::warn(f, &context.texts)),
    }
    args.signatures.name(&mut asked)?;
    if asked.file.is_some() && !args.packages.is_empty() {
        asked
            .list
            .retain(|r| r.name.as_ref().is_some_and(|n| args.packages.contains(n)));
    }
    if kind.is_none() && args.folder.path.is_some() && asked.list.iter().any(|r| r.kind == Kind::Collection) {
        let file = asked.file.clone().unwrap_or_default();
        screen::warn(&format!(
            "The requirements file '{}' contains collections which will be ignored. To install these collections run \
             'ansible-galaxy collection install -r' or to install both at the same time run 'ansible-galaxy install -r' \
             without a custom install path.",
            file.display()
        ));
        asked.list.retain(|r| r.kind == Kind::Role);
    }
    if asked.list.is_empty() {
        screen::say("Skipping install, no requirements found");
        return Ok(0);
    }
    let (roles, collections) = match kind {
        Some(Kind::Collection) => (None, args.folder.path.as_deref()),
        _ => (args.folder.path.as_deref(), None),
    };
    let paths = context.paths(roles, collections)?;
    if asked.list.iter().any(|r| r.kind == Kind::Collection) {
        warn_unless_found(&paths);
    }
    let mode = match (args.force_with_deps, args.force) {
        (true, _) => Mode::ForceAll,
        (false, true) => Mode::Force,
        _ => Mode::Needed,
    };
    let run = Run {
        as_roles: kind.is_none() && asked.file.is_none() && !called_as::ansible(),
        installer: context.installer(paths, mode),
        context,
        args,
    };
    run.run(&asked)
}

/// Tells where plays do not look for collections; beside a playbook they look into `collections`.
fn warn_unless_found(paths: &Paths) {
    let of = |path: &Path| match path.file_name() {
        Some(name) if name == "ansible_collections" => path.parent().unwrap_or(path).to_owned(),
        _ => path.to_owned(),
    };
    let folder = of(&paths.collections);
    let known = paths.collections_path.iter().any(|p| of(p) == folder);
    if known || folder.file_name().is_some_and(|n| n == "collections") {
        return;
    }
    let looked: Vec<String> = paths
        .collections_path
        .iter()
        .map(|p| p.display().to_string())
        .collect();
    screen::warn(&format!(
        "plays will not find collections in {}: they look into {} (collections_path), and into `collections` beside the playbook",
        folder.display(),
        looked.join(", ")
    ));
}

struct Run {
    /// Whether names were taken for roles without anybody saying so.
    as_roles: bool,
    context: Context,
    installer: Installer,
    args: InstallArgs,
}

impl Run {
    fn run(&self, asked: &Asked) -> Result<u8> {
        for kind in [Kind::Role, Kind::Collection] {
            if asked.list.iter().any(|r| r.kind == kind) {
                screen::say(&format!("Starting galaxy {} install process", kind.word()));
                if kind == Kind::Collection && called_as::ansible() {
                    screen::say("Process install dependency map\nStarting collection install process");
                }
            }
        }
        let lock = self.lock(asked)?;
        match self.install(asked, lock.as_ref()) {
            Ok(done) => {
                tell(&done, self.args.servers.is_verbose());
                Ok(0)
            }
            Err(_) if self.args.ignore_errors => {
                self.one_by_one(asked, lock.as_ref());
                Ok(0)
            }
            Err(failure) if self.as_roles && failure.cause == Cause::NotFound => {
                let words = self.args.packages.join(" ");
                let help = format!(
                    "names are taken for roles; for collections: kdo galaxy collection install {words}"
                );
                Err(self.context.stop(&failure.help(help)))
            }
            Err(failure) => Err(self.context.stop(&failure)),
        }
    }

    /// The lock file, where it counts: one that is out of date does with --locked only as an error.
    fn lock(&self, asked: &Asked) -> Result<Option<Lock>> {
        let whole = self.args.packages.is_empty() && asked.file.is_some();
        let lock = if whole { self.context.lock(asked)? } else { None };
        let fits = lock.as_ref().is_some_and(|l| l.requirements == asked.digest());
        if self.args.locked && !fits {
            let file = asked.lock_file();
            let why = match lock {
                None => format!("there is no {}", file.display()),
                Some(_) => format!("{} is not for what is required now", file.display()),
            };
            return Err(Stop::new(format!("{why}: write it by `kdo galaxy lock`")).code(3));
        }
        Ok(lock)
    }

    fn install(&self, asked: &Asked, lock: Option<&Lock>) -> kdo_galaxy::Result<Vec<Done>> {
        match lock {
            Some(lock) if self.fits(lock, asked) => {
                let packages = asked_of(lock, asked).cloned().collect();
                let lock = Lock { packages, ..*lock };
                self.install_locked(&lock, asked)
            }
            Some(old) => {
                let (done, new) = self.renew(&asked.list, old, asked)?;
                // Whoever keeps a lock file wants it to tell what is installed; a part does not tell all of it.
                if !asked.is_part() && !self.args.no_deps {
                    new.write(&asked.lock_file())?;
                    super::lock::differences(Some(old), &new)
                        .iter()
                        .for_each(|line| screen::say(line));
                    let file = asked.lock_file();
                    screen::say(&format!("{}: {} packages", file.display(), new.packages.len()));
                }
                Ok(done)
            }
            None => {
                let mut choice = self.choice();
                choice.keep_installed(&self.installer, &asked.list);
                let resolved = self.context.resolve(&asked.list, &choice)?;
                self.installer.install(&resolved, None)
            }
        }
    }

    /// What fails keeps nothing else from its place.
    fn one_by_one(&self, asked: &Asked, lock: Option<&Lock>) {
        let report = |name: String, done: kdo_galaxy::Result<Vec<Done>>| match done {
            Ok(done) => tell(&done, self.args.servers.is_verbose()),
            Err(failure) => {
                let failure = failure.of(format!("- {name} was NOT installed successfully"));
                tell::warn(&failure, &self.context.texts);
            }
        };
        if let Some(lock) = lock.filter(|l| self.fits(l, asked)) {
            for locked in asked_of(lock, asked) {
                let one = Lock {
                    requirements: lock.requirements,
                    packages: vec![locked.clone()],
                };
                report(locked.package.to_string(), self.install_locked(&one, asked));
            }
            return;
        }
        for requirement in &asked.list {
            let one = Asked::new(vec![requirement.clone()], None);
            let done = match lock {
                Some(old) => self.renew(&one.list, old, asked).map(|(done, _)| done),
                None => self.install(&one, None),
            };
            report(requirement.shown(), done);
        }
    }

    /// Whether a lock file says what is installed.
    fn fits(&self, lock: &Lock, asked: &Asked) -> bool {
        lock.requirements == asked.digest() && (self.args.locked || !self.args.upgrade)
    }

    fn install_locked(&self, lock: &Lock, asked: &Asked) -> kdo_galaxy::Result<Vec<Done>> {
        let resolved = resolve_locked(lock, &asked.list, &self.context.sources)?;
        self.installer.install(&resolved, Some(lock))
    }

    /// Installs what requires another lock file, and gives that. What the old one says of a version stays true.
    fn renew(
        &self,
        list: &[Requirement],
        old: &Lock,
        asked: &Asked,
    ) -> kdo_galaxy::Result<(Vec<Done>, Lock)> {
        let mut choice = self.choice();
        if !self.args.upgrade {
            choice.prefer_installed(&self.installer);
            choice.prefer(old);
        }
        let resolved = self.context.resolve(list, &choice)?;
        let new = lock(self.context.sources.store(), asked.digest(), &resolved)?;
        old.refuse_replaced(&new)?;
        let done = self.installer.install(&resolved, Some(&new))?;
        Ok((done, new))
    }

    fn choice(&self) -> Choice {
        Choice {
            prereleases: self.args.pre,
            no_dependencies: self.args.no_deps,
            first_wins: self.args.first_wins,
            upgrade: self.args.upgrade,
            ..Choice::default()
        }
    }
}

/// What a lock file has of the kinds that are asked for.
fn asked_of<'a>(lock: &'a Lock, asked: &'a Asked) -> impl Iterator<Item = &'a Locked> {
    let part = asked.is_part();
    let packages = lock.packages.iter();
    packages.filter(move |l| !part || asked.list.iter().any(|r| r.kind == l.package.kind()))
}

/// One line for each package, in Ansible's words, and one more with where it came from.
pub(super) fn tell(done: &[Done], verbose: bool) {
    for d in done {
        let (name, version) = (&d.package, &d.version);
        if d.changed && d.package.kind() == Kind::Collection && called_as::ansible() {
            screen::say(&format!(
                "Installing '{name}:{version}' to '{}'",
                d.path.display()
            ));
        }
        let before = d.before.as_ref().filter(|b| *b != version);
        let before = before.map_or_else(String::new, |b| format!(", in place of {b}"));
        screen::say(&match (d.package.kind(), d.changed) {
            (Kind::Role, true) => format!("- {name} ({version}) was installed successfully{before}"),
            (Kind::Role, false) => format!("- {name} ({version}) is already installed, skipping."),
            (Kind::Collection, true) => format!("{name}:{version} was installed successfully{before}"),
            (Kind::Collection, false) => format!("'{name}:{version}' is already installed, skipping."),
        });
        if let Some(from) = d.from.as_ref().filter(|_| verbose) {
            screen::say(&format!("  from {from}"));
        }
        for signer in &d.unsigned {
            screen::warn(&format!(
                "{name} {version} was signed by {signer} when it was locked; where it came from now there is no such signature"
            ));
        }
    }
    let collections = || done.iter().filter(|d| d.package.kind() == Kind::Collection);
    if collections().next().is_some() && collections().all(|d| !d.changed) {
        screen::say(
            "Nothing to do. All requested collections are already installed. If you want to reinstall them, consider using `--force`.",
        );
    }
}
