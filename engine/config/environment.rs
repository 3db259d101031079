//! What configuration depends on outside its file.

use std::{collections::BTreeMap, path::PathBuf};

/// Environment variables, working and home directory.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Variables whose name and value are text.
    pub variables: BTreeMap<String, String>,
    /// Working directory.
    pub working_directory: PathBuf,
    /// Home of the user.
    pub home: PathBuf,
}

impl Environment {
    /// Those of this process.
    pub fn of_process() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
            .collect();
        let home = variables
            .get("HOME")
            .map_or_else(|| PathBuf::from("/"), PathBuf::from);
        Self {
            variables,
            working_directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            home,
        }
    }

    /// A variable's text.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The text with `~`, `$NAME` and `${NAME}` replaced; unknown variables stay as they are.
    pub(crate) fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let (name, tail, written) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
                Some((name, tail)) => (name, tail, format!("${{{name}}}")),
                None => {
                    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let end = after.find(|c| !word(c)).unwrap_or(after.len());
                    let (name, tail) = after.split_at(end);
                    (name, tail, format!("${name}"))
                }
            };
            out.push_str(self.get(name).unwrap_or(&written));
            rest = tail;
        }
        out.push_str(rest);
        match out.strip_prefix('~') {
            Some(tail) if tail.is_empty() || tail.starts_with('/') => {
                format!("{}{tail}", self.home.display())
            }
            _ => out,
        }
    }
}
