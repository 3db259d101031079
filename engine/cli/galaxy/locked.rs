//! `kdo play --locked`: what was locked is what will run, or nothing runs.

use super::{context::lock_beside, tell};
use crate::{
    find_playbook::{Places, Playbooks},
    stop::{Result, Stop},
};
use kdo_galaxy::{Installed, Kind, Lock, Locked, Requirements, requirements_digest};
use kdo_syntax::SourceMap;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Where requirements of a project lie, beside its playbooks.
const FILES: &[&str] = &[
    "requirements.yml",
    "requirements.yaml",
    "roles/requirements.yml",
    "collections/requirements.yml",
];

/// Compares all that the lock files of these playbooks name with what lies where the playbooks will take it from.
pub(crate) fn verify_locked(playbooks: &Playbooks, places: &Places) -> Result<()> {
    let texts = SourceMap::new();
    let folders: BTreeSet<PathBuf> = playbooks
        .paths
        .iter()
        .map(|p| p.parent().unwrap_or(Path::new("")).to_owned())
        .chain([PathBuf::new()])
        .collect();
    let mut wrong = BTreeSet::new();
    let mut other = BTreeSet::new();
    let mut found = false;
    for requirements in folders.iter().flat_map(|f| FILES.iter().map(|n| f.join(n))) {
        let path = lock_beside(Some(&requirements));
        let Some(lock) = Lock::read(&path).map_err(|f| tell::stop(&f, &texts))? else {
            continue;
        };
        found = true;
        if requirements.is_file() {
            let read = Requirements::read(&requirements, &texts).map_err(|f| tell::stop(&f, &texts))?;
            if requirements_digest(&read.list, Some(&requirements)) != lock.requirements {
                other.insert(format!(
                    "{} is not for what {} requires now: write it by `kdo galaxy lock`",
                    path.display(),
                    requirements.display()
                ));
            }
        }
        for locked in &lock.packages {
            for folder in &folders {
                wrong.extend(differs(locked, folder, places).map_err(|f| tell::stop(&f, &texts))?);
            }
        }
    }
    if !found {
        return Err(Stop::new("there is no requirements.lock: write it by `kdo galaxy lock`").code(3));
    }
    if !other.is_empty() {
        let lines: Vec<String> = other.into_iter().collect();
        return Err(Stop::new(lines.join("\n")).code(3));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = wrong.into_iter().map(|w| format!("\n  {w}")).collect();
    Err(Stop::new(format!(
        "what is installed is not what was locked:{}\n  = help: `kdo galaxy install --locked` brings back what was locked",
        lines.concat()
    ))
    .code(3))
}

/// What is wrong with the package that a playbook in this folder would use.
fn differs(locked: &Locked, folder: &Path, places: &Places) -> kdo_galaxy::Result<Option<String>> {
    let package = &locked.package;
    let (own, others) = match package.kind() {
        Kind::Role => (folder.join("roles"), &places.roles),
        Kind::Collection => (folder.join("collections"), &places.collections),
    };
    let mut all = std::iter::once(&own).chain(others);
    let Some(present) = all.find_map(|p| Installed::below(package.clone(), p)) else {
        return Ok(Some(format!("{package} {} is not installed", locked.version)));
    };
    Ok(locked.differs(&present)?.map(|w| format!("{package}: {w}")))
}
