//! Facts that the host's administrator keeps in `*.fact` files.

use super::Gather;
use crate::{
    Failure, Host,
    host::{Command, errno},
};
use kdo_value::{Map, Value, json};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

pub(super) fn collect(g: &mut Gather<'_, '_>) -> Result<(), Failure> {
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
            .file_name()
            .map(|n| n.to_string_lossy().replace(".fact", ""))
            .unwrap_or_default();
        out.insert(name, fact(g.host, &path)?);
    }
    g.facts.insert("local", out);
    Ok(())
}

fn hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|n| n.to_string_lossy().starts_with('.'))
}

/// A fact, or words for why there is none. A program that cannot be started is a failure of the whole.
fn fact(host: &mut Host<'_>, path: &Path) -> Result<Value, Failure> {
    let shown = path.display();
    let noted = |host: &mut Host<'_>, note: String| {
        host.warn(note.clone());
        Ok(Value::from(note))
    };
    let executable = match fs::metadata(path) {
        Ok(meta) => meta.permissions().mode() & 0o100 != 0,
        Err(e) => {
            let why = errno(&e, &shown.to_string());
            return noted(host, format!("Could not stat fact ({shown}): {why}"));
        }
    };
    let text = if executable {
        let answer = host.query(Command::new(path)).map_err(|failure| Failure {
            message: format!("Error executing command: {}", failure.message),
            values: failure.with("stdout", "").with("stderr", "").values,
        })?;
        if answer.rc != 0 {
            let (rc, why) = (answer.rc, answer.stderr_text());
            let note = format!("Failure executing fact script ({shown}), rc: {rc}, err: {why}");
            return noted(host, note);
        }
        answer.stdout_text()
    } else {
        // What cannot be read as a text counts as empty.
        fs::read_to_string(path).unwrap_or_default()
    };
    if let Ok(value) = json::read(&text) {
        return Ok(value);
    }
    let check = "please check content";
    match ini(&text).map(|map| interpolated(&map)) {
        Some(Ok(map)) => Ok(map.into()),
        Some(Err(why)) => noted(
            host,
            format!("error loading facts as ini - {check}: {shown} ({why})"),
        ),
        None => noted(
            host,
            format!("error loading facts as JSON or ini - {check}: {shown}"),
        ),
    }
}

/// Sections of `name = value` lines as Python's configparser reads them; `None` for a line that is neither, or says again
/// what was said. What `[DEFAULT]` has, all sections have.
fn ini(text: &str) -> Option<Map> {
    let (out, defaults) = (Map::new(), Map::new());
    let mut section: Option<Map> = None;
    // The option that deeper lines continue, its depth, and blank lines that may be a part of it.
    let mut last: Option<(String, usize, usize)> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if trimmed.is_empty() {
            if let Some((_, _, blank)) = &mut last {
                *blank += 1;
            }
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if let (Some(map), Some((key, depth, blank))) = (&section, &mut last)
            && indent > *depth
        {
            let before = map.get(key).map(|v| v.to_text()).unwrap_or_default();
            let gap = "\n".repeat(*blank + 1);
            map.insert(key.as_str(), format!("{before}{gap}{trimmed}"));
            *blank = 0;
            continue;
        }
        if let Some(name) = trimmed
            .strip_prefix('[')
            .and_then(|t| t.rsplit_once(']'))
            .map(|(n, _)| n)
            .filter(|n| !n.is_empty())
        {
            let map = if name == "DEFAULT" {
                defaults.clone()
            } else if out.contains(name) {
                return None;
            } else {
                let map = Map::new();
                out.insert(name, map.clone());
                map
            };
            (section, last) = (Some(map), None);
            continue;
        }
        let (Some(map), Some((key, value))) = (&section, trimmed.split_once(['=', ':'])) else {
            return None;
        };
        let key = key.trim().to_lowercase();
        if key.is_empty() || map.contains(&key) {
            return None;
        }
        map.insert(key.as_str(), value.trim());
        last = Some((key, indent, 0));
    }
    for (_, section) in out.text_entries() {
        if let Value::Map(section) = section {
            for (key, value) in defaults.text_entries() {
                if !section.contains(&key) {
                    section.insert(key, value);
                }
            }
        }
    }
    Some(out)
}

/// The sections with `%%` and `%(name)s` in their values filled in.
fn interpolated(sections: &Map) -> Result<Map, String> {
    let out = Map::new();
    for (name, section) in sections.text_entries() {
        let filled = Map::new();
        if let Some(section) = section.as_map() {
            for (key, value) in section.text_entries() {
                filled.insert(key.as_str(), fill(&value.to_text(), section, (&name, &key), 10)?);
            }
        }
        out.insert(name, filled);
    }
    Ok(out)
}

fn fill(text: &str, section: &Map, place: (&str, &str), depth: u8) -> Result<String, String> {
    let (name, key) = place;
    if depth == 0 {
        return Err(format!(
            "Recursion limit exceeded in value substitution: option '{key}' in section '{name}' contains an \
             interpolation key which cannot be substituted in 10 steps. Raw value: '{text}'"
        ));
    }
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('%') {
            out.push('%');
            rest = tail;
        } else if let Some(tail) = after.strip_prefix('(') {
            let Some((variable, tail)) = tail.split_once(")s") else {
                return Err(format!("bad interpolation variable reference '%{after}'"));
            };
            let Some(value) = section.get(variable.to_lowercase().as_str()) else {
                return Err(format!(
                    "Bad value substitution: option '{key}' in section '{name}' contains an interpolation key \
                     '{variable}' which is not a valid option name. Raw value: '{text}'"
                ));
            };
            out.push_str(&fill(&value.to_text(), section, place, depth - 1)?);
            rest = tail;
        } else {
            return Err(format!("'%' must be followed by '%' or '(', found: '%{after}'"));
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{ini, interpolated};
    use kdo_value::json;

    #[test]
    fn sections_become_dicts_of_text() {
        let map = ini("# c\n[web]\nPort = 80\nname: a\n  b\n[empty]\n").unwrap();
        assert_eq!(
            json::line(&map.into()),
            r#"{"web": {"port": "80", "name": "a\nb"}, "empty": {}}"#
        );
        let map = ini("[DEFAULT]\na = 1\nb = 2\n[x]\nb = 3\n\n[y]\nlong = one\n\n  two\n").unwrap();
        assert_eq!(
            json::line(&map.into()),
            r#"{"x": {"b": "3", "a": "1"}, "y": {"long": "one\n\ntwo", "a": "1", "b": "2"}}"#
        );
        for wrong in [
            "free text",
            "[a]\nx = 1\nX = 2\n",
            "[a]\n[b]\n[a]\n",
            "[a]\nalone\n",
            "x = 1\n",
        ] {
            assert!(ini(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn percent_signs_name_other_values() {
        let filled = |text: &str| interpolated(&ini(text).unwrap()).map(|m| json::line(&m.into()));
        assert_eq!(
            filled("[a]\nx = 5%%\ny = <%(X)s>\n").unwrap(),
            r#"{"a": {"x": "5%", "y": "<5%>"}}"#
        );
        assert_eq!(
            filled("[a]\nv = a % bad % fact\n").unwrap_err(),
            "'%' must be followed by '%' or '(', found: '% bad % fact'"
        );
        assert!(filled("[a]\nv = %(v)s\n").unwrap_err().starts_with("Recursion"));
        assert!(filled("[a]\nv = %(w)s\n").unwrap_err().starts_with("Bad value"));
    }
}
