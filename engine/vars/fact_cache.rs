//! Facts that outlive a run: a folder with a JSON file for each host, as ansible-core's `jsonfile` keeps them.

use crate::tagged_json;
use kdo_value::{Map, Value, json};
use std::{
    fs::{self, Permissions},
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, SystemTime},
};
use tempfile::Builder;

/// The version of the files' format, in front of each name.
const SCHEMA: &str = "s1_";
/// The facts are a JSON text within a JSON text.
const PAYLOAD: &str = "__payload__";

/// Cached facts in files.
#[derive(Clone, Debug)]
pub struct FactCache {
    folder: PathBuf,
    prefix: String,
    lifetime: Option<Duration>,
}

impl FactCache {
    /// A cache in this folder, which is made if it is not there. `prefix` begins the files' names; facts older than
    /// `seconds` do not count (0: all count).
    pub fn open(folder: PathBuf, prefix: &str, seconds: u64) -> Result<Self, String> {
        let shown = folder.display().to_string();
        fs::create_dir_all(&folder).map_err(|e| {
            format!("error in 'jsonfile' cache, configured path ({shown}) does not have necessary permissions (rwx), disabling plugin: {e}")
        })?;
        Ok(Self {
            folder,
            prefix: prefix.to_owned(),
            lifetime: (seconds > 0).then(|| Duration::from_secs(seconds)),
        })
    }

    /// The file of a host; none for a name that cannot be one of a file here.
    fn path(&self, host: &str) -> Option<PathBuf> {
        let usable = !host.is_empty() && !host.contains(['/', '\0']);
        usable.then(|| self.folder.join(format!("{}{SCHEMA}{host}", self.prefix)))
    }

    /// A host's facts by the names under which they came; `None` if there are none or they are too old. A file that cannot
    /// be read as such is removed and told.
    pub fn load(&self, host: &str) -> Result<Option<Map>, String> {
        let Some(path) = self.path(host) else {
            return Ok(None);
        };
        let too_old = |lifetime: Duration| {
            let changed = fs::metadata(&path).and_then(|m| m.modified()).ok();
            let age = changed.and_then(|t| SystemTime::now().duration_since(t).ok());
            age.is_some_and(|a| a > lifetime)
        };
        if self.lifetime.is_some_and(too_old) {
            return Ok(None);
        }
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == ErrorKind::InvalidData => {
                return Err(self.drop_broken(host, "it is not UTF-8"));
            }
            Err(e) => {
                return Err(format!(
                    "error in 'jsonfile' cache plugin while trying to read {}: {e}",
                    path.display()
                ));
            }
        };
        read(&text).map(Some).map_err(|why| self.drop_broken(host, &why))
    }

    fn drop_broken(&self, host: &str, why: &str) -> String {
        let Some(path) = self.path(host) else {
            return why.to_owned();
        };
        // If it cannot be removed it is told again next time.
        let _ = fs::remove_file(&path);
        format!(
            "The cache file {} was corrupt, or did not otherwise contain valid data ({why}). It has been removed",
            path.display()
        )
    }

    /// Keeps a host's facts in place of those before; in one step, so that a reader never sees half a file.
    pub fn save(&self, host: &str, facts: &Map) -> Result<(), String> {
        let Some(path) = self.path(host) else {
            return Ok(());
        };
        let inner = json::line(&tagged_json::encode(facts));
        let text = format!("{{\"{PAYLOAD}\": {}}}", json::quote(&inner, true));
        let failed = |e: std::io::Error| {
            format!(
                "error in 'jsonfile' cache plugin while trying to write to {}: {e}",
                path.display()
            )
        };
        // The user's umask decides who may read, as for any new file.
        let mut file = Builder::new()
            .prefix(".facts-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(&self.folder)
            .map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.persist(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }

    /// Forgets a host.
    pub fn remove(&self, host: &str) {
        if let Some(path) = self.path(host) {
            // What is not there is forgotten.
            let _ = fs::remove_file(path);
        }
    }
}

fn read(text: &str) -> Result<Map, String> {
    let Value::Map(outer) = json::read(text)? else {
        return Err("it is no dictionary".into());
    };
    let Some(inner) = outer.get(PAYLOAD) else {
        return Err(format!("there is no {PAYLOAD}"));
    };
    let inner = inner.as_str().ok_or("the facts are no text")?.to_owned();
    match tagged_json::decode(&json::read(&inner)?) {
        Value::Map(facts) if facts.entries().iter().all(|(k, _)| k.as_str().is_some()) => Ok(facts),
        _ => Err("the facts are no dictionary".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::FactCache;
    use kdo_value::{Map, Text, Value, json};
    use std::fs;

    fn cache(folder: &tempfile::TempDir, seconds: u64) -> FactCache {
        FactCache::open(folder.path().join("c"), "pre_", seconds).unwrap()
    }

    #[test]
    fn facts_come_back_with_trust_and_secrecy() {
        let folder = tempfile::tempdir().unwrap();
        let facts = Map::new();
        facts.insert("ansible_os", "{{ 1 }}");
        facts.insert("template", Value::Str(Text::trusted("{{ x }}", None)));
        facts.insert("password", Value::Str(Text::secret("s3")));
        facts.insert(
            "list",
            Value::list([Value::Int(1), Value::None, Value::Float(1.5), Value::Bool(true)]),
        );
        let cache = cache(&folder, 0);
        cache.save("h", &facts).unwrap();
        assert!(folder.path().join("c/pre_s1_h").exists());
        let back = cache.load("h").unwrap().unwrap();
        assert_eq!(
            json::line(&Value::Map(back.clone())),
            json::line(&Value::Map(facts))
        );
        let text = |name: &str| match back.get(name) {
            Some(Value::Str(t)) => (t.is_trusted(), t.is_secret()),
            _ => panic!("{name}"),
        };
        assert_eq!(text("ansible_os"), (false, false));
        assert_eq!(text("template"), (true, false));
        assert_eq!(text("password"), (false, true));
        cache.remove("h");
        assert!(cache.load("h").unwrap().is_none());
    }

    #[test]
    fn what_a_host_says_cannot_become_trusted_through_the_cache() {
        let folder = tempfile::tempdir().unwrap();
        let facts = Map::new();
        let evil = r#"{"value": "{{ 1 }}", "tags": [{"__ansible_type": "TrustedAsTemplate"}], "__ansible_type": "_AnsibleTaggedStr"}"#;
        facts.insert("ansible_evil", json::read(evil).unwrap());
        facts.insert("ansible_good", 1);
        let cache = cache(&folder, 0);
        cache.save("h", &facts).unwrap();
        let back = cache.load("h").unwrap().unwrap();
        assert_eq!(json::line(&Value::Map(back)), r#"{"ansible_good": 1}"#);
    }

    #[test]
    fn files_of_ansible_core_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(&folder, 0);
        fs::write(
            folder.path().join("c/pre_s1_h"),
            include_str!("fixtures/cached_facts.json"),
        )
        .unwrap();
        let back = cache.load("h").unwrap().unwrap();
        assert_eq!(
            json::line(&Value::Map(back)),
            r#"{"ansible_pkg_mgr": "apt", "b": true, "d": "2024-01-01", "f": 1.5, "lst": [1, {"a": "b"}], "m": {"1": 2}, "mine": 1, "nul": null, "sec": "topsecret", "txt": "\u00e4x"}"#
        );
    }

    #[test]
    fn old_and_broken_files_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let one = cache(&folder, 1);
        one.save("h", &Map::new()).unwrap();
        let path = folder.path().join("c/pre_s1_h");
        assert!(one.load("h").unwrap().is_some());
        let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
        fs::File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(hour_ago)
            .unwrap();
        assert!(one.load("h").unwrap().is_none());
        for broken in [
            "",
            "{",
            "[1]",
            "{}",
            r#"{"__payload__": "[1]"}"#,
            r#"{"__payload__": 1}"#,
        ] {
            fs::write(&path, broken).unwrap();
            let told = one.load("h").unwrap_err();
            assert!(told.contains("corrupt") && !path.exists(), "{broken}: {told}");
        }
        assert!(one.load("../h").unwrap().is_none());
        assert!(one.save("../h", &Map::new()).is_ok());
        assert_eq!(fs::read_dir(folder.path().join("c")).unwrap().count(), 0);
    }
}
