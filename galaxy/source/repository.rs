//! A repository of git, whatever is taken from it: asked for its branches and tags once in a run, and each commit
//! fetched and unpacked once.

use super::git_program::GitProgram;
use crate::{
    Digest, Failure, Kind, Result, Store,
    http::shown,
    member::follow,
    unpack::{make_links, unpack},
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};
use tempfile::TempDir;

/// A repository, for packages of one kind.
pub(super) struct Repository {
    pub(super) url: String,
    /// A collection is all that is checked out; of a role, archives leave out what its attributes say.
    pub(super) kind: Kind,
    pub(super) store: Arc<Store>,
    offline: bool,
    program: GitProgram,
    listing: OnceLock<Result<String>>,
    checkouts: Mutex<HashMap<String, Arc<OnceLock<Result<Arc<Checkout>>>>>>,
}

/// A commit, and the name it was found by.
#[derive(Debug)]
pub(super) struct Place {
    commit: String,
    reference: String,
}

/// The files of a commit.
pub(super) struct Checkout {
    pub(super) commit: String,
    /// Links that lead out of the repository, by their full paths: they are left out.
    pub(super) outward: BTreeMap<PathBuf, PathBuf>,
    folders: BTreeSet<PathBuf>,
    /// The path of the folder without links in it.
    root: PathBuf,
    _folder: TempDir,
}

impl Place {
    /// Exactly that commit.
    pub(super) fn of_commit(commit: &str) -> Self {
        Self {
            commit: commit.to_owned(),
            reference: String::new(),
        }
    }

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

impl Checkout {
    /// A folder of it; never through a link.
    pub(super) fn folder(&self, inner: &Path) -> Option<PathBuf> {
        let inner = inner.strip_prefix(".").unwrap_or(inner);
        let there = inner.as_os_str().is_empty() || self.folders.contains(inner);
        there.then(|| self.root.join(inner))
    }
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl Repository {
    pub(super) fn new(url: &str, kind: Kind, store: Arc<Store>, offline: bool, program: GitProgram) -> Self {
        Self {
            url: url.to_owned(),
            kind,
            store,
            offline,
            program,
            listing: OnceLock::new(),
            checkouts: Mutex::default(),
        }
    }

    fn note_of(&self, revision: &str) -> String {
        format!("git {} {revision}", self.url)
    }

    /// The commit of a branch or tag: as the repository has it now, or, where nobody may be asked, as it was.
    pub(super) fn find(&self, revision: &str) -> Result<Place> {
        if !self.offline {
            return self.look_up(revision);
        }
        let noted = self.store.noted(&self.note_of(revision));
        noted.map(|text| Place::of_note(&text)).ok_or_else(|| {
            Failure::not_found(format!(
                "git+{}: {revision} is not in the store, and nobody may be asked (--offline)",
                shown(&self.url)
            ))
        })
    }

    /// Keeps what a revision stood for, for when nobody may be asked.
    pub(super) fn remember(&self, revision: &str, place: &Place) -> Result<()> {
        self.store.note(&self.note_of(revision), &place.to_note())
    }

    fn listing(&self) -> Result<&str> {
        let ask = || {
            let said = self
                .program
                .must(None, &["ls-remote", "--", &self.url], &self.url)?;
            Ok(String::from_utf8_lossy(&said).into_owned())
        };
        self.listing.get_or_init(ask).as_deref().map_err(Clone::clone)
    }

    fn look_up(&self, revision: &str) -> Result<Place> {
        if revision.len() == 40 && is_commit(revision) {
            return Ok(Place::of_commit(revision));
        }
        let listing = self.listing()?;
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
            return Ok(Place::of_commit(revision));
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

    /// The files of a commit.
    pub(super) fn check_out(&self, place: &Place) -> Result<Arc<Checkout>> {
        let once = {
            let mut all = self
                .checkouts
                .lock()
                .map_err(|_| Failure::server("an earlier request failed"))?;
            all.entry(place.commit.clone()).or_default().clone()
        };
        once.get_or_init(|| self.unpack(place).map(Arc::new)).clone()
    }

    /// From the store, else fetched.
    fn unpack(&self, place: &Place) -> Result<Checkout> {
        let note = format!("git-content {} {} {}", self.kind.word(), self.url, place.commit);
        let known = self.store.noted(&note).and_then(|text| {
            let (commit, digest) = text.trim().split_once(' ')?;
            let digest = Digest::parse(digest).ok()?;
            Some((commit.to_owned(), self.store.get(&digest).ok()??))
        });
        let (commit, archive) = match known {
            Some(known) => known,
            None if self.offline => {
                return Err(Failure::not_found(format!(
                    "git+{}: {} is not in the store, and nobody may be asked (--offline)",
                    shown(&self.url),
                    place.commit
                )));
            }
            None => {
                let (commit, digest) = self.fetch(place)?;
                self.store.note(&note, &format!("{commit} {digest}"))?;
                (commit, self.store.must_get(&digest)?)
            }
        };
        let folder = tempfile::tempdir()?;
        let root = fs::canonicalize(folder.path())?;
        let mut content = unpack(archive, &root, self.store.limits())?;
        let links = std::mem::take(&mut content.links);
        let (inward, outward) = links
            .clone()
            .into_iter()
            .partition(|(link, _)| follow(link, &links).is_some());
        content.links = inward;
        make_links(&root, &content)?;
        Ok(Checkout {
            commit,
            outward: outward.into_iter().map(|(l, t)| (root.join(l), t)).collect(),
            folders: content.folders,
            root,
            _folder: folder,
        })
    }

    /// The content of a commit as an archive in the store: only that commit where the server lets us.
    fn fetch(&self, place: &Place) -> Result<(String, Digest)> {
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
