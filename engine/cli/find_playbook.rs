//! From what the user names to playbook files.

use crate::stop::{Result, Stop};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Playbooks to run; the folder holds those that were written for roles.
pub(crate) struct Playbooks {
    pub(crate) files: Vec<PathBuf>,
    /// Kept until the run has ended.
    #[expect(dead_code, reason = "its drop removes the folder")]
    pub(crate) written: Option<TempDir>,
}

/// Finds `NAME`, `NAME.yml`, `playbooks/NAME.yml`, or a role of that name.
pub(crate) fn find(names: &[String], roles_path: &[PathBuf]) -> Result<Playbooks> {
    let mut files = Vec::new();
    let mut written = None;
    for name in names {
        match file(name)? {
            Some(path) => files.push(path),
            None => {
                let Some(role) = role(name, roles_path) else {
                    return Err(missing(name, roles_path));
                };
                let folder = match written.take() {
                    Some(folder) => folder,
                    None => TempDir::with_prefix("kdo-play-")?,
                };
                let path = folder.path().join(format!("{}.yml", files.len() + 1));
                std::fs::write(&path, of_role(&role))?;
                files.push(path);
                written = Some(folder);
            }
        }
    }
    Ok(Playbooks { files, written })
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

/// A role's folder: a path, or a name on the roles path.
fn role(name: &str, roles_path: &[PathBuf]) -> Option<PathBuf> {
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
        .chain(roles_path.iter().map(|p| p.join(name)))
        .find(|dir| is_role(dir))
        .and_then(|dir| std::path::absolute(dir).ok())
}

fn of_role(role: &Path) -> String {
    // A JSON text is a YAML text, whatever is in the name.
    let name = kdo_value::json::quote(&role.display().to_string(), false);
    format!("- hosts: all\n  gather_facts: true\n  roles:\n    - role: {name}\n")
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
    use super::{find, of_role};
    use std::path::{Path, PathBuf};

    #[test]
    fn a_role_on_the_roles_path_becomes_a_playbook() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("web/tasks")).unwrap();
        let path = [dir.path().to_owned()];
        let found = find(&["web".into()], &path).unwrap();
        let text = std::fs::read_to_string(&found.files[0]).unwrap();
        assert!(
            text.contains(&format!("role: \"{}/web\"", dir.path().display())),
            "{text}"
        );
        assert!(find(&["nothing".into()], &path).is_err());
    }

    #[test]
    fn a_file_is_taken_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.txt");
        std::fs::write(&file, "").unwrap();
        let found = find(&[file.display().to_string()], &[]).unwrap();
        assert_eq!(found.files, [file]);
        assert!(find(&[dir.path().display().to_string()], &[]).is_err());
        assert!(find(&["gone.yml".into()], &[PathBuf::from(".")]).is_err());
    }

    #[test]
    fn odd_names_stay_one_text() {
        assert!(of_role(Path::new("/a/\"b\n")).contains(r#""/a/\"b\n""#));
    }
}
