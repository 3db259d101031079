//! `lineinfile`: one line of a text file is there, or lines are gone.

use super::edit::{Edit, load};
use crate::{
    prelude::*,
    pyregex::{Decoded, Flags, Pattern, compile},
};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Keep one line in a text file, or remove lines
///
/// The last line that matches `regexp` (or holds `search_string`) becomes `line`; without a match the line is put
/// where `insertafter` or `insertbefore` say, at the end otherwise.
#[derive(Params)]
#[params(
    exclusive(insertbefore, insertafter),
    exclusive(regexp, search_string),
    exclusive(backrefs, search_string)
)]
pub struct Lineinfile {
    /// The file.
    #[param(required, alias = "dest", alias = "destfile", alias = "name")]
    path: PathBuf,
    /// Python regular expression of the line to replace, or of the lines to remove.
    #[param(alias = "regex")]
    regexp: Option<String>,
    /// Plain text that the line holds, instead of `regexp`.
    search_string: Option<String>,
    /// Whether the line should be there.
    #[param(default = "present")]
    state: State,
    /// The line.
    #[param(alias = "value")]
    line: Option<String>,
    /// Fill `\1` and the like in `line` from the match; without a match nothing is done.
    #[param(default = false)]
    backrefs: bool,
    /// `EOF`, or a regular expression: put a new line after the last match.
    insertafter: Option<String>,
    /// `BOF`, or a regular expression: put a new line before the last match.
    insertbefore: Option<String>,
    /// Make the file if it is missing.
    #[param(default = false)]
    create: bool,
    /// Use the first match instead of the last.
    #[param(default = false)]
    firstmatch: bool,
    #[param(flatten)]
    save: Save,
    #[param(flatten)]
    attrs: FileAttrs,
}

fn pattern(text: &str, content: &Decoded) -> Result<Pattern, Failure> {
    compile(&content.adopt(text), Flags::default()).map_err(Failure::new)
}

fn stripped(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

enum Wanted<'a> {
    Pattern(Pattern),
    Text(&'a str),
}

impl Wanted<'_> {
    fn found(&self, line: &str) -> Result<bool, Failure> {
        match self {
            Self::Pattern(p) => p.is_match(line).map_err(Failure::new),
            Self::Text(text) => Ok(line.contains(text)),
        }
    }
}

impl Lineinfile {
    fn edit<'a>(&'a self, old: Option<&'a [u8]>, new: &'a [u8]) -> Edit<'a> {
        Edit {
            path: &self.path,
            replace_link: false,
            old,
            new,
            save: &self.save,
        }
    }

    fn present(&self, content: &Decoded) -> Result<(Vec<String>, &'static str), Failure> {
        let mut lines: Vec<String> = content.text.split_inclusive('\n').map(str::to_owned).collect();
        let line = content.adopt(self.line.as_deref().unwrap_or_default());
        let search = self.search_string.as_deref().map(|s| content.adopt(s));
        let wanted = match (&self.regexp, &search) {
            (Some(r), _) => Some(Wanted::Pattern(pattern(r, content)?)),
            (None, Some(s)) => Some(Wanted::Text(s)),
            _ => None,
        };
        // An empty place is no place.
        let given = |place: &'_ Option<String>| place.clone().filter(|p| !p.is_empty());
        let (after, before) = match (given(&self.insertafter), given(&self.insertbefore)) {
            (None, None) => (Some("EOF".to_owned()), None),
            given => given,
        };
        let (after, before) = (after.as_deref(), before.as_deref());
        let place = match (after, before) {
            (Some(a), _) if a != "BOF" && a != "EOF" => Some(pattern(a, content)?),
            (None, Some(b)) if b != "BOF" => Some(pattern(b, content)?),
            _ => None,
        };
        let (mut at, mut matched, mut put) = (None, false, None);
        if let Some(wanted) = &wanted {
            for (n, l) in lines.iter().enumerate() {
                if wanted.found(l)? {
                    (at, matched) = (Some(n), true);
                    if self.firstmatch {
                        break;
                    }
                }
            }
        }
        if !matched {
            for (n, l) in lines.iter().enumerate() {
                if stripped(l) == line {
                    at = Some(n);
                } else if let Some(place) = &place
                    && place.is_match(l).map_err(Failure::new)?
                {
                    put = Some(if after.is_some() { n + 1 } else { n });
                    if self.firstmatch {
                        break;
                    }
                }
            }
        }
        let ended = |l: &str| {
            if l.ends_with('\n') {
                l.to_owned()
            } else {
                format!("{l}\n")
            }
        };
        if let Some(n) = at
            && let Some(old) = lines.get_mut(n)
        {
            let mut new = line.clone();
            if self.backrefs
                && matched
                && let Some(Wanted::Pattern(p)) = &wanted
                && let Some(found) = p.captures(old).map_err(Failure::new)?
            {
                new = p.expand(&found, &line)?;
            }
            let new = ended(&new);
            if *old == new {
                return Ok((lines, ""));
            }
            *old = new;
            return Ok((lines, "line replaced"));
        }
        if self.backrefs {
            return Ok((lines, ""));
        }
        let new = format!("{line}\n");
        match put {
            _ if before == Some("BOF") || after == Some("BOF") => lines.insert(0, new),
            Some(n) if after.is_some_and(|a| a != "EOF") => {
                // The line is already where it would be put.
                let neighbour = if n == lines.len() {
                    n.checked_sub(1)
                } else {
                    Some(n)
                };
                if neighbour
                    .and_then(|i| lines.get(i))
                    .is_some_and(|l| stripped(l) == line)
                {
                    return Ok((lines, ""));
                }
                let last_index = lines.len().saturating_sub(1);
                if let Some(last) = lines.last_mut().filter(|l| !l.ends_with('\n'))
                    && n > last_index
                {
                    last.push('\n');
                }
                lines.insert(n.min(lines.len()), new);
            }
            Some(n) if before.is_some() => lines.insert(n.min(lines.len()), new),
            _ => {
                if let Some(last) = lines.last_mut().filter(|l| !l.ends_with(['\n', '\r'])) {
                    last.push('\n');
                }
                lines.push(new);
            }
        }
        Ok((lines, "line added"))
    }

    fn absent(&self, content: &Decoded) -> Result<(Vec<String>, usize), Failure> {
        let line = content.adopt(self.line.as_deref().unwrap_or_default());
        let search = self.search_string.as_deref().map(|s| content.adopt(s));
        let wanted = match (&self.regexp, &search) {
            (Some(r), _) => Some(Wanted::Pattern(pattern(r, content)?)),
            (None, Some(s)) => Some(Wanted::Text(s)),
            _ => None,
        };
        let (mut kept, mut found) = (Vec::new(), 0);
        for l in content.text.split_inclusive('\n') {
            let hit = match &wanted {
                Some(wanted) => wanted.found(l)?,
                None => stripped(l) == line,
            };
            if hit {
                found += 1;
            } else {
                kept.push(l.to_owned());
            }
        }
        Ok((kept, found))
    }

    fn warn_of_empty(&self, host: &mut Host<'_>) {
        let consequences = "which will match every line in the file. This may have unintended consequences, such as replacing the last line in the file rather than appending.";
        if self.regexp.as_deref() == Some("") {
            host.warn(format!(
                "The regular expression is an empty string, {consequences} If this is desired, use '^' to match every line in the file and avoid this warning."
            ));
        }
        if self.search_string.as_deref() == Some("") {
            host.warn(format!("The search string is an empty string, {consequences}"));
        }
    }
}

impl Module for Lineinfile {
    const META: Meta = Meta {
        name: "ansible.builtin.lineinfile",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "backup",
                doc: "The copy of the old file, or empty.",
            },
            Return {
                name: "found",
                doc: "How many lines were removed.",
            },
            Return {
                name: "msg",
                doc: "What was done.",
            },
        ],
        examples: &[
            Example {
                title: "A setting, commented out or not",
                args: r#"{"path": "{dir}/sshd", "regexp": "^#?PermitRootLogin", "line": "PermitRootLogin no"}"#,
                given: &[("sshd", "Port 22\n#PermitRootLogin yes\n")],
                then: &[("sshd", "Port 22\nPermitRootLogin no\n")],
                changed: true,
                runs: true,
            },
            Example {
                title: "Words added to a kernel command line",
                args: r#"{"path": "{dir}/grub", "backrefs": true, "regexp": "^(LINUX=\"(?:(?!quiet).)*)\"$", "line": "\\1 quiet\""}"#,
                given: &[("grub", "LINUX=\"a\"\n")],
                then: &[("grub", "LINUX=\"a quiet\"\n")],
                changed: true,
                runs: true,
            },
            Example {
                title: "Lines removed",
                args: r#"{"path": "{dir}/a", "regexp": "^x", "state": "absent"}"#,
                given: &[("a", "x1\ny\nx2")],
                then: &[("a", "y\n")],
                changed: true,
                runs: true,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        self.warn_of_empty(host);
        if self.path.is_dir() {
            return Err(
                Failure::new(format!("Path {} is a directory !", self.path.display())).with("rc", 256_i64),
            );
        }
        if self.state == State::Present {
            if self.backrefs && self.regexp.is_none() {
                return Err("regexp is required with backrefs=true".into());
            }
            if self.line.is_none() {
                return Err("line is required with state=present".into());
            }
            let old = load(&self.path, self.create, "Destination", host)?;
            let content = Decoded::new(old.clone().unwrap_or_default());
            let (lines, message) = self.present(&content)?;
            let new = content.encode(&lines.concat());
            let (outcome, backup) =
                self.edit(old.as_deref(), &new)
                    .save(host, message.to_owned(), &self.attrs)?;
            return Ok(outcome.with("backup", backup));
        }
        if self.regexp.is_none() && self.search_string.is_none() && self.line.is_none() {
            return Err("one of line, search_string, or regexp is required with state=absent".into());
        }
        if !self.path.exists() {
            return Ok(Outcome::new().changed(false).with("msg", "file not present"));
        }
        let old = host.read(&self.path)?;
        let content = Decoded::new(old.clone());
        let (lines, found) = self.absent(&content)?;
        let new = content.encode(&lines.concat());
        let message = match found {
            0 => String::new(),
            n => format!("{n} line(s) removed"),
        };
        let (outcome, backup) = self.edit(Some(&old), &new).save(host, message, &self.attrs)?;
        Ok(outcome.with("found", found).with("backup", backup))
    }
}
