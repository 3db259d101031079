//! `include_vars`: variables from files while the play runs.

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_inventory::{HashBehaviour, merge};
use kdo_template::SearchPath;
use kdo_template::Variables;
use kdo_value::{Map, Value};
use std::{
    io::Read,
    path::{Path, PathBuf},
};

/// Arguments for folders.
const DIR_ONLY: &[&str] = &[
    "dir",
    "depth",
    "files_matching",
    "ignore_files",
    "extensions",
    "ignore_unknown_extensions",
];

pub(crate) fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let text = |name: &str| args.get(name).filter(|v| !v.is_none()).map(|v| v.to_text());
    let known = [
        "file",
        "dir",
        "depth",
        "files_matching",
        "ignore_files",
        "extensions",
        "ignore_unknown_extensions",
        "name",
        "hash_behaviour",
        "_raw_params",
    ];
    if let Some((key, _)) = args
        .text_entries()
        .into_iter()
        .find(|(k, _)| !known.contains(&k.as_str()))
    {
        return Err(TaskFailure::early(format!(
            "{key} is not a valid option in include_vars"
        )));
    }
    let given = |name: &&str| args.contains(name);
    if DIR_ONLY.iter().any(given) && ["file", "_raw_params"].iter().any(given) {
        return Err(TaskFailure::early(
            "You are mixing file only and dir only arguments, these are incompatible",
        ));
    }
    let (all, mut files) = (Map::new(), Vec::new());
    if let Err(failure) = read(engine, step, args, &all, &mut files) {
        let result = told(&files);
        result.insert("ansible_facts", Map::new());
        result.insert("failed", true);
        result.insert("message", failure.message);
        if let Some(rendered) = failure.rendered {
            result.insert(crate::failure::RENDERED, rendered);
        }
        return Ok(result);
    }
    let behaviour = behaviour(engine, args);
    let facts = match text("name") {
        Some(name) => Map::from_iter([(name, Value::Map(all.into_frozen_map()))]),
        None => all,
    };
    if matches!(text("hash_behaviour").as_deref(), Some("merge")) {
        // Dicts are merged into what the variables are now.
        for (key, value) in facts.text_entries() {
            if let (Value::Map(new), Some(raw)) = (&value, step.vars.get(&key))
                && let Value::Map(old) = engine.resolve(&step.vars, &raw)?
            {
                let merged = old.copied();
                merge(&merged, new, HashBehaviour::Merge);
                facts.insert(key, merged);
            }
        }
    }
    facts.freeze();
    engine.warn_of_reserved(&facts);
    engine.store.include(&step.host, &facts, behaviour);
    let result = told(&files);
    result.insert("ansible_facts", facts);
    Ok(result)
}

/// The result's part that tells of the files.
fn told(files: &[PathBuf]) -> Map {
    let result = Map::new();
    result.insert(
        "ansible_included_var_files",
        Value::list(files.iter().map(|f| {
            let path = std::path::absolute(f).unwrap_or_else(|_| f.clone());
            Value::str(path.to_string_lossy())
        })),
    );
    result.insert("changed", false);
    // What was encrypted is not shown, and nothing that came along with it.
    result.insert("_ansible_no_log", files.iter().any(|f| is_encrypted(f)));
    result
}

fn is_encrypted(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|f| f.take(HEAD).read_to_end(&mut head));
    read.is_ok() && kdo_vault::is_sealed(&head)
}

/// Bytes by which an encrypted file is told.
const HEAD: u64 = 14;

fn behaviour(engine: &Engine, args: &Map) -> HashBehaviour {
    match args.get("hash_behaviour").map(|v| v.to_text()).as_deref() {
        Some("merge") => HashBehaviour::Merge,
        Some("replace") => HashBehaviour::Replace,
        _ => engine.options.info.hash_behaviour,
    }
}

/// Reads the file or the folder's files into `all`, and notes which ones.
fn read(
    engine: &Engine,
    step: &Step,
    args: &Map,
    all: &Map,
    files: &mut Vec<PathBuf>,
) -> Result<(), TaskFailure> {
    let text = |name: &str| args.get(name).filter(|v| !v.is_none()).map(|v| v.to_text());
    let search = SearchPath {
        bases: step.vars.search_bases(),
    };
    if let Some(dir) = text("dir") {
        let candidates = search.candidates("vars", &dir);
        let Some(folder) = candidates.iter().find(|p| p.is_dir()) else {
            let here = match step.task.scope.role() {
                Some(role) => Some(role.role.path.join("vars")),
                None => search.bases.first().cloned(),
            };
            let folder = here.unwrap_or_default().join(&dir);
            let folder = std::path::absolute(&folder).unwrap_or(folder);
            let text = format!("{} directory does not exist", folder.display());
            return Err(TaskFailure::new(text));
        };
        let chosen = Choice::new(args)?;
        chosen.collect(folder, 1, files)?;
        // Among themselves the folder's files replace each other's values, whatever is done with the outcome.
        for file in &*files {
            merge(all, &load(engine, file)?, HashBehaviour::Replace);
        }
    } else {
        let named = ["file", "_raw_params"]
            .iter()
            .find_map(|k| args.get(k).filter(Value::truthy));
        let Some(name) = named.map(|v| v.to_text().trim_end_matches('\n').to_owned()) else {
            return Err(TaskFailure::new(
                "Could not find file on the Ansible Controller.\nIf you are using a module and expect the file to \
                 exist on the remote, see the remote_src option",
            ));
        };
        let Some(path) = search.candidates("vars", &name).into_iter().find(|p| p.is_file()) else {
            let looked: Vec<_> = search
                .candidates("vars", &name)
                .iter()
                .map(|p| format!("\t{}", p.display()))
                .collect();
            return Err(TaskFailure::new(format!(
                "Could not find or access '{name}'\nSearched in:\n{} on the Ansible Controller.\nIf you are using a module and expect the file to exist on the remote, see the remote_src option",
                looked.join("\n")
            )));
        };
        merge(all, &load(engine, &path)?, behaviour(engine, args));
        files.push(path);
    }
    Ok(())
}

/// Freezes a map that was put together here.
trait Frozen {
    fn into_frozen_map(self) -> Map;
}

impl Frozen for Map {
    fn into_frozen_map(self) -> Map {
        self.freeze();
        self
    }
}

fn load(engine: &Engine, path: &Path) -> Result<Map, TaskFailure> {
    match engine.loader.try_yaml(path) {
        Ok(Value::Map(map)) => Ok(map),
        Ok(Value::None) => Ok(Map::new()),
        Ok(_) => Err(TaskFailure::new(format!(
            "{} must be stored as a dictionary/hash",
            path.display()
        ))),
        Err(d) => {
            let text = kdo_syntax::excerpt(&d, engine.sources());
            Err(TaskFailure {
                message: d.message.clone(),
                rendered: Some(text),
                ..TaskFailure::default()
            })
        }
    }
}

/// Which files of a folder are taken.
struct Choice {
    depth: usize,
    matching: Option<fancy::Regex>,
    ignore: Vec<String>,
    extensions: Vec<String>,
    ignore_unknown: bool,
}

use crate::actions::About;
use fancy_regex as fancy;
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.include_vars",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "ansible_facts",
                doc: "The variables.",
            },
            Return {
                name: "ansible_included_var_files",
                doc: "The files that were read.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Read variables from files while the play runs",
        &[
            Param::new("free-form", Kind::Str, "The file."),
            Param::new("file", Kind::Path, "The file."),
            Param::new(
                "dir",
                Kind::Path,
                "A folder whose files are read in the order of their names.",
            ),
            Param::new(
                "depth",
                Kind::Int,
                "How many folders below that one are entered; 0 for all.",
            )
            .default(Fixed::Int(0)),
            Param::texts("extensions", "Endings of the files that are read.")
                .default(Fixed::List(&["json", "yaml", "yml"])),
            Param::new(
                "files_matching",
                Kind::Str,
                "Read only files whose names match this regular expression.",
            ),
            Param::texts("ignore_files", "Names of files that are left out."),
            Param::new(
                "ignore_unknown_extensions",
                Kind::Bool,
                "Pass over files with other endings instead of failing.",
            )
            .default(Fixed::Bool(false)),
            Param::new("name", Kind::Str, "Put all variables into a dict of this name."),
            Param::new(
                "hash_behaviour",
                Kind::Str,
                "Whether dicts replace those that are there or are merged with them.",
            )
            .choices(&["replace", "merge"]),
        ],
    ),
};

impl Choice {
    fn new(args: &Map) -> Result<Self, TaskFailure> {
        let list = |name: &str, default: &[&str]| match args.get(name) {
            Some(Value::List(l)) => l.to_vec().iter().map(Value::to_text).collect(),
            Some(Value::Str(s)) => s.split(',').map(|p| p.trim().to_owned()).collect::<Vec<_>>(),
            _ => default.iter().map(|s| (*s).to_owned()).collect(),
        };
        let matching = match args.get("files_matching").filter(|v| !v.is_none()) {
            Some(v) => Some(
                fancy::Regex::new(&v.to_text())
                    .map_err(|e| TaskFailure::new(format!("files_matching: {e}")))?,
            ),
            None => None,
        };
        Ok(Self {
            depth: args
                .get("depth")
                .and_then(|v| v.to_text().trim().parse().ok())
                .unwrap_or(0),
            matching,
            ignore: list("ignore_files", &[]),
            extensions: list("extensions", &["yaml", "yml", "json"]),
            ignore_unknown: args.get("ignore_unknown_extensions").is_some_and(|v| v.truthy()),
        })
    }

    fn collect(&self, folder: &Path, level: usize, out: &mut Vec<PathBuf>) -> Result<(), TaskFailure> {
        let entries = std::fs::read_dir(folder)
            .map_err(|e| TaskFailure::new(format!("cannot read {}: {e}", folder.display())))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.sort();
        let (dirs, files): (Vec<_>, Vec<_>) = paths.into_iter().partition(|p| p.is_dir());
        for path in files {
            let name = path
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default();
            if self
                .matching
                .as_ref()
                .is_some_and(|r| !r.is_match(&name).unwrap_or(false))
            {
                continue;
            }
            if self.ignore.iter().any(|i| {
                fancy::Regex::new(&format!("{i}$")).is_ok_and(|r| r.is_match(&name).unwrap_or(false))
            }) {
                continue;
            }
            // A name without an extension has an empty one.
            let extension = path.extension().map(|e| e.to_string_lossy());
            let extension = extension.as_deref().unwrap_or_default();
            let known = self.extensions.iter().any(|e| e == extension);
            if !known && self.ignore_unknown {
                continue;
            }
            if !known && self.matching.is_none() {
                return Err(TaskFailure::new(format!(
                    "{} does not have a valid extension: {}",
                    path.display(),
                    self.extensions.join(", ")
                )));
            }
            out.push(path);
        }
        if self.depth == 0 || level < self.depth {
            for dir in dirs {
                self.collect(&dir, level + 1, out)?;
            }
        }
        Ok(())
    }
}
