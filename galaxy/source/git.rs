//! A repository of git: the package of a branch, tag or commit, in the repository or in a folder of it.

use super::{
    direct::{Held, Holder},
    directory::{folders, hold_collection, hold_role, holds_several},
    git_program::{GitProgram, check_address},
};
use crate::{
    Failure, Kind, Result, Store,
    http::shown,
    member::follow,
    unpack::{make_links, unpack},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

/// A repository.
pub(super) struct Git {
    pub(super) url: String,
    pub(super) folder: Option<String>,
    /// Branch, tag or commit; that of the repository's HEAD if there is none.
    pub(super) revision: Option<String>,
    /// The commit to take for it, if the branch or tag is not to be looked at.
    pub(super) commit: Option<String>,
    pub(super) kind: Kind,
    /// The name of a role.
    pub(super) name: Option<String>,
    /// The collections are in folders of the folder.
    pub(super) several: bool,
    pub(super) store: Arc<Store>,
    pub(super) offline: bool,
    pub(super) program: GitProgram,
}

impl Holder for Git {
    fn address(&self) -> String {
        self.address_of(self.revision.as_deref())
    }

    fn bring(&self) -> Result<Vec<Held>> {
        check_address(&self.url)?;
        let revision = self.revision.as_deref().unwrap_or("HEAD");
        if revision.starts_with('-')
            || revision.contains("..")
            || revision.contains(|c: char| c.is_control() || " ~^:?*[\\".contains(c))
        {
            return Err(Failure::invalid(format!(
                "{revision:?} is no branch, tag or commit"
            )));
        }
        if let Some(commit) = &self.commit {
            return self.hold(&Place {
                commit: commit.clone(),
                reference: String::new(),
            });
        }
        let note = format!("git {} {revision}", self.url);
        let place = if self.offline {
            let missing = || {
                Failure::not_found(format!(
                    "git+{}: {revision} is not in the store, and nobody may be asked (--offline)",
                    shown(&self.url)
                ))
            };
            Place::of_note(&self.store.noted(&note).ok_or_else(missing)?)
        } else {
            self.find(revision)?
        };
        let held = self.hold(&place)?;
        self.store.note(&note, &place.to_note())?;
        Ok(held)
    }
}

/// A commit, and the name it was found by.
struct Place {
    commit: String,
    reference: String,
}

impl Place {
    fn to_note(&self) -> String {
        format!("{} {}", self.commit, self.reference)
    }

    fn of_note(text: &str) -> Self {
        let (commit, reference) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        Self {
            commit: commit.to_owned(),
            reference: reference.to_owned(),
        }
    }
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Git {
    fn address_of(&self, revision: Option<&str>) -> String {
        let revision = revision.map_or_else(String::new, |r| format!("?rev={r}"));
        let folder = self.folder.as_ref().map_or_else(String::new, |f| format!("#{f}"));
        format!("git+{}{revision}{folder}", self.url)
    }

    /// The commit of a branch or tag, as the repository has it now.
    fn find(&self, revision: &str) -> Result<Place> {
        if revision.len() == 40 && is_commit(revision) {
            return Ok(Place {
                commit: revision.to_owned(),
                reference: String::new(),
            });
        }
        let listing = self
            .program
            .must(None, &["ls-remote", "--", &self.url], &self.url)?;
        let listing = String::from_utf8_lossy(&listing).into_owned();
        let of = |wanted: &str| {
            let mut lines = listing.lines().filter_map(|l| l.split_once('\t'));
            lines
                .find(|(_, name)| *name == wanted)
                .map(|(commit, _)| commit.to_owned())
        };
        let names = [
            revision.to_owned(),
            format!("refs/tags/{revision}"),
            format!("refs/heads/{revision}"),
        ];
        for name in names {
            if let Some(commit) = of(&name) {
                // A tag with a message stands for the commit it names.
                let commit = of(&format!("{name}^{{}}")).unwrap_or(commit);
                return Ok(Place {
                    commit,
                    reference: name,
                });
            }
        }
        if is_commit(revision) {
            return Ok(Place {
                commit: revision.to_owned(),
                reference: String::new(),
            });
        }
        let mut near = listing
            .lines()
            .filter_map(|l| l.split_once('\t'))
            .map(|(_, n)| n.rsplit('/').next().unwrap_or(n));
        let near = kdo_syntax::nearest(revision, &mut near).map(|n| format!("did you mean {n}?"));
        let failure = Failure::not_found(format!(
            "git+{}: there is no branch, tag or commit {revision:?}",
            shown(&self.url)
        ));
        Err(near.into_iter().fold(failure, Failure::help))
    }

    /// Packages of a commit: from the store, else fetched.
    fn hold(&self, place: &Place) -> Result<Vec<Held>> {
        let note = format!("git-content {} {}", self.url, place.commit);
        let known = self.store.noted(&note).and_then(|text| {
            let (commit, digest) = text.trim().split_once(' ')?;
            let digest = crate::Digest::parse(digest).ok()?;
            Some((commit.to_owned(), self.store.get(&digest).ok()??))
        });
        let (commit, content) = match known {
            Some(known) => known,
            None if self.offline => {
                return Err(Failure::not_found(format!(
                    "{} is not in the store, and nobody may be asked (--offline)",
                    self.address_of(Some(&place.commit))
                )));
            }
            None => {
                let (commit, digest) = self.fetch(place)?;
                self.store.note(&note, &format!("{commit} {digest}"))?;
                (commit, self.store.must_get(&digest)?)
            }
        };
        let work = tempfile::tempdir()?;
        let mut unpacked = unpack(content, work.path(), self.store.limits())?;
        let root = self.folder.as_deref().map_or_else(PathBuf::new, PathBuf::from);
        let folder = work.path().join(&root);
        if !folder.is_dir() {
            return Err(Failure::not_found(format!(
                "git+{}: there is no folder {:?} in {commit}",
                shown(&self.url),
                root.display().to_string()
            )));
        }
        // A role may link into those beside it. What leads out of the repository matters only in the package.
        let links = unpacked.links.clone();
        unpacked
            .links
            .retain(|link, _| link.starts_with(&root) || follow(link, &links).is_some());
        make_links(work.path(), &unpacked)?;
        self.packages(&folder, &commit)
    }

    fn packages(&self, folder: &Path, commit: &str) -> Result<Vec<Held>> {
        let address = self.address_of(Some(commit));
        match self.kind {
            Kind::Role => {
                let name = self.name.as_deref().unwrap_or_default();
                // Ansible calls what has no version by nothing; the commit says more.
                let version = self.revision.as_deref().unwrap_or(&commit[..12]);
                Ok(vec![hold_role(
                    &self.store,
                    folder,
                    name,
                    Some(version),
                    address,
                )?])
            }
            Kind::Collection if self.several || holds_several(folder)? => folders(folder)?
                .iter()
                .map(|p| {
                    let name = p.file_name().unwrap_or_default().to_string_lossy();
                    let inner = self
                        .folder
                        .as_ref()
                        .map_or_else(|| name.to_string(), |f| format!("{f}/{name}"));
                    let address = format!("git+{}?rev={commit}#{inner}", self.url);
                    hold_collection(&self.store, p, address)
                })
                .collect(),
            Kind::Collection => Ok(vec![hold_collection(&self.store, folder, address)?]),
        }
    }

    /// The content of a commit as an archive in the store: only that commit where the server lets us.
    fn fetch(&self, place: &Place) -> Result<(String, crate::Digest)> {
        let work = tempfile::tempdir()?;
        let repository = work.path();
        self.program.must(
            None,
            &["init", "--quiet", "--bare", &repository.to_string_lossy()],
            &self.url,
        )?;
        let at = Some(repository);
        let fetch = |what: &[&str]| -> Result<bool> {
            let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
            arguments.extend(what);
            Ok(self.program.run(at, &arguments)?.status.success())
        };
        let url = self.url.as_str();
        let full = place.commit.len() == 40;
        let one = full && fetch(&["--depth=1", "--", url, &place.commit])?;
        let named = one || !place.reference.is_empty() && fetch(&["--depth=1", "--", url, &place.reference])?;
        let has = |commit: &str| {
            let object = format!("{commit}^{{commit}}");
            self.program.run(
                at,
                &["rev-parse", "--quiet", "--verify", "--end-of-options", &object],
            )
        };
        let mut found = has(&place.commit)?;
        if !named || !found.status.success() {
            let all = ["fetch", "--quiet", "--", url, "+refs/*:refs/*"];
            self.program.must(at, &all, url)?;
            found = has(&place.commit)?;
        }
        if !found.status.success() {
            return Err(Failure::not_found(format!(
                "git+{}: there is no commit {}",
                shown(url),
                place.commit
            )));
        }
        let commit = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if self.kind == Kind::Collection {
            // A collection is all that is checked out, whatever archives leave out.
            let info = repository.join("info");
            fs::create_dir_all(&info)?;
            fs::write(info.join("attributes"), "* -export-ignore -export-subst\n")?;
        }
        let archive = repository.join("content.tar");
        let output = format!("--output={}", archive.display());
        self.program
            .must(at, &["archive", "--format=tar", &output, &commit], url)?;
        let mut incoming = self.store.incoming()?;
        incoming.take_all(&mut File::open(&archive)?)?;
        Ok((commit, self.store.keep(incoming, None)?))
    }
}
