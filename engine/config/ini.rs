//! INI files as Python's `configparser` reads them, with `;` comments after values and without interpolation.

use crate::ConfigError;
use std::path::Path;

/// One `key = value` of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its section.
    pub section: String,
    /// The key in small letters.
    pub key: String,
    /// The value; indented lines below it belong to it.
    pub value: String,
    /// Line of the key, from 1.
    pub line: usize,
}

/// All entries of a file in order. Those of `[DEFAULT]` hold for each section and are kept under that name.
pub fn parse_ini(path: &Path, text: &str) -> Result<Vec<Entry>, ConfigError> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut sections: Vec<String> = Vec::new();
    let mut section: Option<String> = None;
    let mut open = false;
    let mut indent = 0;
    for (index, raw) in text.lines().enumerate() {
        let fail = |why: String| ConfigError::Syntax {
            path: path.to_owned(),
            line: index + 1,
            why,
        };
        let line = without_comment(raw);
        let content = line.trim();
        if content.is_empty() {
            // An empty line belongs to the value if more of it follows; a comment is no line at all.
            if open
                && raw.trim().is_empty()
                && let Some(last) = entries.last_mut()
            {
                last.value.push('\n');
            }
            continue;
        }
        let depth = line.chars().take_while(|c| c.is_whitespace()).count();
        if open && depth > indent {
            if let Some(last) = entries.last_mut() {
                last.value.push('\n');
                last.value.push_str(content);
            }
            continue;
        }
        indent = depth;
        open = false;
        if let Some(rest) = content.strip_prefix('[')
            && let Some(end) = rest.rfind(']')
        {
            let name = rest.get(..end).unwrap_or("").to_owned();
            if sections.contains(&name) && name != "DEFAULT" {
                return Err(fail(format!("the section [{name}] is there twice")));
            }
            sections.push(name.clone());
            section = Some(name);
            continue;
        }
        let Some(section) = &section else {
            return Err(fail(
                "there must be a section such as [defaults] before the first setting".into(),
            ));
        };
        let Some((key, value)) = content.split_once(['=', ':']) else {
            return Err(fail(format!("`{content}` is no `key = value`")));
        };
        let key = key.trim().to_lowercase();
        if key.is_empty() {
            return Err(fail("the key is missing".into()));
        }
        if entries.iter().any(|e| e.key == key && e.section == *section) {
            return Err(fail(format!("`{key}` is there twice in [{section}]")));
        }
        open = true;
        entries.push(Entry {
            section: section.clone(),
            key,
            value: value.trim().to_owned(),
            line: index + 1,
        });
    }
    for entry in &mut entries {
        entry.value.truncate(entry.value.trim_end().len());
    }
    Ok(entries)
}

/// Cuts a whole-line comment and what follows a `;` after a blank.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with(['#', ';']) {
        return "";
    }
    let mut before_blank = false;
    for (i, c) in line.char_indices() {
        if c == ';' && before_blank {
            return line.get(..i).unwrap_or(line);
        }
        before_blank = c.is_whitespace();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::parse_ini;
    use std::path::Path;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let entries = parse_ini(Path::new("a.cfg"), text).map_err(|e| e.to_string())?;
        Ok(entries
            .into_iter()
            .map(|e| (format!("{}.{}", e.section, e.key), e.value))
            .collect())
    }

    #[test]
    fn values_comments_and_continuations_are_those_of_configparser() {
        let text = "# c\n[defaults]\nA = 1 ; c\nb: x;y # z\nc = a\n  ,b\n\n  d\ne=\n[x y]\n  a = 2\n";
        let got = read(text).unwrap();
        let want = [
            ("defaults.a", "1"),
            ("defaults.b", "x;y # z"),
            ("defaults.c", "a\n,b\n\nd"),
            ("defaults.e", ""),
            ("x y.a", "2"),
        ];
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn broken_files_are_told_with_their_line() {
        for (text, want) in [
            ("forks=1\n", "a.cfg:1: there must be a section"),
            ("[defaults\nforks=1\n", "a.cfg:1: there must be a section"),
            ("[d]\nforks\n", "a.cfg:2: `forks` is no `key = value`"),
            ("[d]\na=1\nA=2\n", "a.cfg:3: `a` is there twice"),
            ("[d]\n[d]\n", "a.cfg:2: the section [d] is there twice"),
            ("[d]\n=1\n", "a.cfg:2: the key is missing"),
        ] {
            let got = read(text).unwrap_err();
            assert!(got.starts_with(want), "{got}");
        }
    }
}
