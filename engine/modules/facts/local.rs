//! Facts that the host's administrator keeps in `*.fact` files.

use super::Gather;
use crate::{Host, host::Command};
use kdo_value::{Map, Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let out = Map::new();
    let mut paths: Vec<_> = fs::read_dir(&g.fact_path)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "fact") && !hidden(p));
    paths.sort();
    for path in paths {
        let name = path
            .file_stem()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        out.insert(name, fact(g.host, &path, g.limit));
    }
    g.facts.insert("local", out);
}

fn hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.to_string_lossy().starts_with('.'))
}

fn fact(host: &mut Host<'_>, path: &Path, limit: Duration) -> Value {
    let executable = fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o100 != 0);
    let text = if executable {
        match host.query(Command::new(path).timeout(limit)) {
            Ok(out) if out.rc == 0 => out.stdout_text(),
            Ok(out) => {
                let note = format!(
                    "Failure executing fact script ({}), rc: {}, err: {}",
                    path.display(),
                    out.rc,
                    out.stderr_text()
                );
                host.warn(note.clone());
                return Value::str(note);
            }
            Err(e) => {
                let note = format!(
                    "Could not execute fact script ({}): {}",
                    path.display(),
                    e.message
                );
                host.warn(note.clone());
                return Value::str(note);
            }
        }
    } else {
        fs::read(path)
            .map(|b| String::from_utf8_lossy(&b).into_owned())
            .unwrap_or_default()
    };
    if let Ok(value) = json::read(&text) {
        return value;
    }
    match ini(&text) {
        Ok(map) => map.into(),
        Err(line) => {
            let note = format!(
                "error loading facts as JSON or ini - please check content: {}",
                path.display()
            );
            host.warn(format!("{note}: line {line}"));
            Value::str(note)
        }
    }
}

/// Sections of `name = value` lines as Python's configparser reads them; the error is the line that is neither.
fn ini(text: &str) -> Result<Map, usize> {
    let out = Map::new();
    let mut section: Option<Map> = None;
    let mut last: Option<(String, usize)> = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if let (Some(map), Some((key, depth))) = (&section, &last)
            && indent > *depth
        {
            let before = map.get(key).map(|v| v.to_text()).unwrap_or_default();
            map.insert(key.as_str(), format!("{before}\n{trimmed}"));
            continue;
        }
        if let Some(name) = trimmed
            .strip_prefix('[')
            .and_then(|t| t.split_once(']'))
            .map(|(n, _)| n)
        {
            let map = match out.get(name) {
                Some(Value::Map(m)) => m,
                _ => Map::new(),
            };
            out.insert(name, map.clone());
            (section, last) = (Some(map), None);
            continue;
        }
        let (Some(map), Some((key, value))) = (&section, trimmed.split_once(['=', ':'])) else {
            return Err(number + 1);
        };
        let key = key.trim().to_lowercase();
        map.insert(key.as_str(), value.trim());
        last = Some((key, indent));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::ini;
    use kdo_value::json;

    #[test]
    fn sections_become_dicts_of_text() {
        let map = ini("# c\n[web]\nPort = 80\nname: a\n  b\n[empty]\n").unwrap();
        assert_eq!(
            json::line(&map.into()),
            r#"{"web": {"port": "80", "name": "a\nb"}, "empty": {}}"#
        );
        assert!(ini("free text").is_err());
    }
}
