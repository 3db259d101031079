//! What the subcommands have in common: settings, sources, requirements, lock file, places.

use super::{progress, server_args::ServerArgs, tell};
use crate::{
    screen::{self, Stream},
    settings::Settings,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{
    Choice, Digest, Failure, Installed, Installer, Kind, Limits, Lock, Mode, Overrides, Paths, Requirement,
    Requirements, Resolved, Signatures, Sources, Store, installed, requirements_digest, resolve,
};
use kdo_syntax::{SourceMap, render};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where requirements are looked for if none are named.
const FILES: &[&str] = &["requirements.yml", "requirements.yaml"];
const FILES_OF_ROLES: &[&str] = &["roles/requirements.yml"];
const FILES_OF_COLLECTIONS: &[&str] = &["collections/requirements.yml"];

/// The file with the requirements.
#[derive(Args, Clone, Default)]
pub(crate) struct FileArgs {
    /// File with the requirements [default: requirements.yml]
    #[arg(short = 'r', long, visible_alias = "role-file", value_name = "FILE")]
    pub(super) requirements_file: Option<PathBuf>,
}

/// What a subcommand works with.
pub(super) struct Context {
    pub(super) settings: Settings,
    pub(super) sources: Sources,
    /// Texts that messages point into.
    pub(super) texts: SourceMap,
}

/// Requirements and where they were read.
pub(super) struct Asked {
    pub(super) list: Vec<Requirement>,
    pub(super) file: Option<PathBuf>,
    /// The hash of all that the file requires.
    whole: Digest,
}

impl Asked {
    pub(super) fn new(list: Vec<Requirement>, file: Option<PathBuf>) -> Self {
        Self {
            whole: requirements_digest(&list, file.as_deref()),
            list,
            file,
        }
    }

    /// What a lock file has to be for: all that the file requires, whichever part of it is asked for.
    pub(super) fn digest(&self) -> Digest {
        self.whole
    }

    /// Whether it is less than the file requires.
    pub(super) fn is_part(&self) -> bool {
        requirements_digest(&self.list, self.file.as_deref()) != self.whole
    }

    /// The lock file beside the requirements.
    pub(super) fn lock_file(&self) -> PathBuf {
        lock_beside(self.file.as_deref())
    }
}

impl Context {
    pub(super) fn new(servers: &ServerArgs) -> Result<Self> {
        Self::checking(servers, Signatures::default())
    }

    /// With signatures checked as the command line says.
    pub(super) fn checking(servers: &ServerArgs, signatures: Signatures) -> Result<Self> {
        Self::of(&Overrides {
            signatures,
            ..servers.overrides()
        })
    }

    /// With all that the command line says.
    pub(super) fn of(overrides: &Overrides) -> Result<Self> {
        let settings = Settings::load()?;
        let texts = SourceMap::new();
        let told = |f| tell::stop(&f, &texts);
        let store = Arc::new(Store::of_user(Limits::default()).map_err(told)?);
        let sources = Sources::new(&settings, overrides, store).map_err(told)?;
        progress::show(sources.activity());
        Ok(Self {
            settings,
            sources,
            texts,
        })
    }

    pub(super) fn stop(&self, failure: &kdo_galaxy::Failure) -> Stop {
        tell::stop(failure, &self.texts)
    }

    /// What the words or the file ask for.
    pub(super) fn asked(&self, kind: Option<Kind>, words: &[String], file: &FileArgs) -> Result<Asked> {
        let (asked, wrong) = self.asked_what_fits(kind, words, file)?;
        match Failure::all(wrong) {
            Some(failure) => Err(self.stop(&failure)),
            None => Ok(asked),
        }
    }

    /// The same, and what is wrong with what it leaves out.
    pub(super) fn asked_what_fits(
        &self,
        kind: Option<Kind>,
        words: &[String],
        file: &FileArgs,
    ) -> Result<(Asked, Vec<Failure>)> {
        if !words.is_empty() && file.requirements_file.is_none() {
            let kind = kind.unwrap_or(Kind::Role);
            let mut wrong = Vec::new();
            let list = words.iter().filter_map(|w| {
                let read = Requirements::of_word(kind, w);
                read.map_err(|f| wrong.push(f)).ok()
            });
            return Ok((Asked::new(list.collect(), None), wrong));
        }
        let path = match &file.requirements_file {
            Some(path) => path.clone(),
            None => find(kind).ok_or_else(|| {
                Stop::usage(
                    "there is no requirements.yml here: name a package, or a file with requirements by -r",
                )
            })?,
        };
        let mut read = Requirements::read_what_fits(&path, &self.texts).map_err(|f| self.stop(&f))?;
        let wrong = std::mem::take(&mut read.wrong);
        for warning in &read.warnings {
            screen::complain(&render(warning, &self.texts, screen::color(Stream::Error)));
        }
        if kind == Some(Kind::Collection) && read.is_list {
            return Err(Stop::new(format!(
                "{} is a list, which holds roles only: write collections below the key `collections`",
                path.display()
            )));
        }
        let mut asked = Asked::new(read.list, Some(path));
        asked.list.retain(|r| kind.is_none_or(|k| k == r.kind));
        Ok((asked, wrong))
    }

    /// The same; none if no package is named and there is no file with requirements.
    pub(super) fn asked_if_any(
        &self,
        kind: Option<Kind>,
        words: &[String],
        file: &FileArgs,
    ) -> Result<Option<Asked>> {
        if words.is_empty() && file.requirements_file.is_none() && find(kind).is_none() {
            return Ok(None);
        }
        self.asked(kind, words, file).map(Some)
    }

    /// All that is installed; of what is there twice what is found first.
    pub(super) fn installed(&self, kind: Option<Kind>) -> Vec<Installed> {
        let mut found: Vec<Installed> = Vec::new();
        let paths = [
            (Kind::Role, self.settings.roles_path()),
            (Kind::Collection, self.settings.paths("collections_path")),
        ];
        for (of, paths) in paths
            .iter()
            .filter(|(k, _)| kind.is_none_or(|wanted| wanted == *k))
        {
            for package in paths.iter().flat_map(|p| installed(*of, p)) {
                if !found.iter().any(|f| f.package == package.package) {
                    found.push(package);
                }
            }
        }
        found
    }

    /// Where packages are put.
    pub(super) fn paths(&self, roles: Option<&Path>, collections: Option<&Path>) -> Result<Paths> {
        let of_roles = self.settings.roles_path();
        let of_collections = self.settings.paths("collections_path");
        let first = |given: Option<&Path>, list: &[PathBuf], what: &str| match given {
            Some(path) => Ok(std::path::absolute(path)?),
            // The first that can be written to, as Ansible does it.
            None => list
                .iter()
                .find(|p| is_writable(p))
                .or(list.first())
                .cloned()
                .ok_or_else(|| Stop::new(format!("there is no {what}: name one by -p"))),
        };
        Ok(Paths {
            roles: first(roles, &of_roles, "roles_path")?,
            collections: first(collections, &of_collections, "collections_path")?,
            collections_path: of_collections,
        })
    }

    /// An installer into those places.
    pub(super) fn installer(&self, paths: Paths, mode: Mode) -> Installer {
        Installer {
            store: self.sources.store().clone(),
            paths,
            mode,
        }
    }

    /// Resolves.
    pub(super) fn resolve(&self, list: &[Requirement], choice: &Choice) -> kdo_galaxy::Result<Vec<Resolved>> {
        resolve(list, &self.sources, choice)
    }

    /// The lock file of requirements, if there is one.
    pub(super) fn lock(&self, asked: &Asked) -> Result<Option<Lock>> {
        Lock::read(&asked.lock_file()).map_err(|f| self.stop(&f))
    }
}

/// The lock file that belongs to a file with requirements.
pub(super) fn lock_beside(requirements: Option<&Path>) -> PathBuf {
    requirements
        .unwrap_or(Path::new("requirements.yml"))
        .with_extension("lock")
}

fn find(kind: Option<Kind>) -> Option<PathBuf> {
    let more = match kind {
        Some(Kind::Role) => FILES_OF_ROLES,
        Some(Kind::Collection) => FILES_OF_COLLECTIONS,
        None => &[],
    };
    let found = FILES.iter().chain(more).find(|n| Path::new(n).is_file());
    found.map(PathBuf::from)
}

/// Whether a folder can be made or written to.
fn is_writable(path: &Path) -> bool {
    let there = path.ancestors().find(|p| p.exists());
    there.is_some_and(|p| rustix::fs::access(p, rustix::fs::Access::WRITE_OK).is_ok())
}
