//! From what the user names to playbook files.

use crate::{
    settings::Settings,
    stop::{Result, Stop},
};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Playbooks to run, in order.
#[derive(Default)]
pub(crate) struct Playbooks {
    /// Their paths.
    pub(crate) paths: Vec<PathBuf>,
    /// Texts of those that are no files.
    pub(crate) texts: HashMap<PathBuf, String>,
}

impl Playbooks {
    /// One playbook that is no file; the path gives its folder.
    pub(crate) fn of_text(path: PathBuf, text: String) -> Self {
        let mut playbooks = Self::default();
        playbooks.add(path, text);
        playbooks
    }

    fn add(&mut self, path: PathBuf, text: String) {
        self.paths.push(path.clone());
        self.texts.insert(path, text);
    }
}

/// Where roles and collections are.
#[derive(Default)]
pub(crate) struct Places {
    /// `roles_path`
    pub(crate) roles: Vec<PathBuf>,
    /// `collections_path`
    pub(crate) collections: Vec<PathBuf>,
}

impl Places {
    /// Those of the configuration.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            roles: settings.roles_path(),
            collections: settings.paths("collections_path"),
        }
    }

    /// A path in the collection of `NAMESPACE.COLLECTION.REST`: in the `folder` of it, wherever it is installed.
    fn in_collections<'a>(
        &'a self,
        name: &str,
        folder: &'a str,
    ) -> Option<impl Iterator<Item = PathBuf> + use<'a>> {
        let mut parts = name.splitn(3, '.');
        let collection = Path::new("ansible_collections")
            .join(parts.next()?)
            .join(parts.next()?);
        let rest = parts.next()?.replace('.', "/");
        let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !name.chars().all(word) {
            return None;
        }
        let beside = [PathBuf::from("collections")].into_iter();
        let all = beside.chain(self.collections.iter().cloned());
        Some(all.map(move |base| base.join(&collection).join(folder).join(&rest)))
    }

    /// A playbook of a collection.
    fn playbook(&self, name: &str) -> Option<PathBuf> {
        let ends = |path: PathBuf| [path.with_extension("yml"), path.with_extension("yaml")];
        self.in_collections(name, "playbooks")?
            .flat_map(ends)
            .find(|p| p.is_file())
    }
}

/// Finds `NAME`, `NAME.yml`, `playbooks/NAME.yml`, a playbook of a collection, or a role of that name.
///
/// A role runs on the hosts of the limit, the implicit localhost too, or on all.
pub(crate) fn find(names: &[String], places: &Places, limit: Option<&str>) -> Result<Playbooks> {
    let hosts = limit.filter(|l| !l.contains('@')).unwrap_or("all");
    let mut found = Playbooks::default();
    for name in names {
        match file(name)? {
            Some(path) if path.is_file() => found.paths.push(path),
            Some(pipe) => {
                // It can be read only once.
                let text = std::fs::read_to_string(&pipe)
                    .map_err(|e| Stop::new(format!("cannot read the playbook {name}: {e}")))?;
                found.add(pipe, text);
            }
            None => {
                if let Some(path) = places.playbook(name) {
                    found.paths.push(path);
                    continue;
                }
                let role = role(name, places).ok_or_else(|| missing(name, &places.roles))?;
                let shown = role
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                // By its name the role is found in the same places again, and is called by it.
                let called = if name.contains('/') {
                    role.as_path()
                } else {
                    Path::new(name)
                };
                found.add(format!("<role {shown}>").into(), of_role(called, hosts));
            }
        }
    }
    Ok(found)
}

fn file(name: &str) -> Result<Option<PathBuf>> {
    let given = Path::new(name);
    if given.is_file() {
        return Ok(Some(given.to_owned()));
    }
    // Not a regular file, yet readable: a pipe, as with `<(…)`.
    if given.exists() && !given.is_dir() {
        return Ok(Some(given.to_owned()));
    }
    if name.contains('/') || name.ends_with(".yml") || name.ends_with(".yaml") {
        return match given.exists() {
            true => Err(Stop::new(format!(
                "the playbook: {name} does not appear to be a file"
            ))),
            false if name.contains('/') && !name.ends_with(".yml") && !name.ends_with(".yaml") => Ok(None),
            false => Err(Stop::new(format!("the playbook: {name} could not be found"))),
        };
    }
    let candidates = [
        format!("{name}.yml"),
        format!("{name}.yaml"),
        format!("playbooks/{name}.yml"),
        format!("playbooks/{name}.yaml"),
    ];
    Ok(candidates.iter().map(PathBuf::from).find(|p| p.is_file()))
}

/// A role's folder: a path, a name on the roles path, or one of a collection.
fn role(name: &str, places: &Places) -> Option<PathBuf> {
    let is_role = |dir: &Path| {
        ["tasks", "meta", "handlers", "defaults", "vars"]
            .iter()
            .any(|part| dir.join(part).is_dir())
    };
    let beside = Path::new("roles").join(name);
    let given = name.contains('/').then(|| PathBuf::from(name));
    given
        .into_iter()
        .chain([beside])
        .chain(places.roles.iter().map(|p| p.join(name)))
        .chain(places.in_collections(name, "roles").into_iter().flatten())
        .find(|dir| is_role(dir))
        .and_then(|dir| std::path::absolute(dir).ok())
}

fn of_role(role: &Path, hosts: &str) -> String {
    // A JSON text is a YAML text, whatever is in the name.
    let name = kdo_value::json::quote(&role.display().to_string(), false);
    let hosts = kdo_value::json::quote(hosts, false);
    format!("- hosts: {hosts}\n  gather_facts: true\n  roles:\n    - role: {name}\n")
}

fn missing(name: &str, roles_path: &[PathBuf]) -> Stop {
    let mut places = vec![
        format!("{name}.yml"),
        format!("playbooks/{name}.yml"),
        format!("roles/{name}"),
    ];
    places.extend(roles_path.iter().map(|p| p.join(name).display().to_string()));
    Stop::new(format!(
        "the playbook: {name} could not be found\n  = note: neither a file nor a role; looked for {}",
        places.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::{Places, find, of_role};
    use std::path::Path;

    #[test]
    fn a_role_on_the_roles_path_becomes_a_playbook() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("web/tasks")).unwrap();
        let path = Places {
            roles: vec![dir.path().to_owned()],
            ..Places::default()
        };
        let found = find(&["web".into()], &path, Some("web:&x")).unwrap();
        let text = &found.texts[&found.paths[0]];
        assert!(text.contains("role: \"web\"\n"), "{text}");
        assert!(text.contains("hosts: \"web:&x\""), "{text}");
        assert!(find(&["nothing".into()], &path, None).is_err());
    }

    #[test]
    fn a_file_is_taken_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.txt");
        std::fs::write(&file, "").unwrap();
        let found = find(&[file.display().to_string()], &Places::default(), None).unwrap();
        assert_eq!(found.paths, [file]);
        assert!(find(&[dir.path().display().to_string()], &Places::default(), None).is_err());
        assert!(find(&["gone.yml".into()], &Places::default(), None).is_err());
    }

    #[test]
    fn odd_names_stay_one_text() {
        assert!(of_role(Path::new("/a/\"b\n"), "all").contains(r#""/a/\"b\n""#));
    }
}
