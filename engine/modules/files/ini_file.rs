//! `ini_file`: settings in files with sections.

use super::{
    edit::Edit,
    file::{resolve, text},
};
use crate::{
    params::Sub,
    prelude::*,
    pyregex::{Flags, Pattern, compile},
};
use std::path::PathBuf;

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// A condition on a section.
#[derive(Params)]
struct Condition {
    /// Setting that the section has.
    #[param(required)]
    option: String,
    /// Its value.
    value: Option<String>,
    /// Values of which it has one.
    #[param(elements = "str")]
    values: Option<Vec<String>>,
}

/// Set and remove settings in files with sections (INI)
#[derive(Params)]
#[params(exclusive(value, values))]
pub struct IniFile {
    /// The file.
    #[param(required, alias = "dest")]
    path: PathBuf,
    /// The section; without, the lines before the first one.
    section: Option<String>,
    /// Only a section that has these settings; among several of the same name.
    #[param(options)]
    section_has_values: Option<Vec<Sub<Condition>>>,
    /// The setting; without it, the whole section is meant.
    option: Option<String>,
    /// Its value.
    value: Option<String>,
    /// Its values, for a setting that occurs several times.
    #[param(elements = "str")]
    values: Option<Vec<String>>,
    /// Whether it should be there.
    #[param(default = "present")]
    state: State,
    /// Other values of the setting are removed.
    #[param(default = true)]
    exclusive: bool,
    /// Write `a=b` instead of `a = b`.
    #[param(default = false)]
    no_extra_spaces: bool,
    /// A line that differs only in blanks around `=` stays.
    #[param(default = false)]
    ignore_spaces: bool,
    /// Make the file if it is missing.
    #[param(default = true)]
    create: bool,
    /// The setting may stand without a value.
    #[param(default = false)]
    allow_no_value: bool,
    /// Use a line that is commented out.
    #[param(default = true)]
    modify_inactive_option: bool,
    /// Edit the target of a link instead of replacing the link.
    #[param(default = false)]
    follow: bool,
    /// Keep a copy of the old file.
    #[param(default = false)]
    backup: bool,
    /// Write into the existing file where it cannot be replaced in one step.
    #[param(default = false)]
    unsafe_writes: bool,
    #[param(flatten)]
    attrs: FileAttrs,
}

fn escaped(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_punctuation() && c != '_' || c == ' ' {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// Recognises the lines of a setting.
struct Setting {
    any: Pattern,
    active: Pattern,
}

impl Setting {
    fn new(name: &str) -> Result<Self, Failure> {
        let name = escaped(name);
        let make = |comment: &str| {
            compile(
                &format!(r"^[ \t]*({comment})[ \t]*{name}[ \t]*(?:=|$)[ \t]*(.*)"),
                Flags::default(),
            )
        };
        Ok(Self {
            any: make("[#;]?")?,
            active: make("")?,
        })
    }

    /// Whether the line is commented out, and the value in it.
    fn value(&self, line: &str, active: bool) -> Option<(bool, String)> {
        let pattern = if active { &self.active } else { &self.any };
        let found = pattern.captures(line).ok()??;
        let group = |n: usize| found.get(n).map_or("", |m| m.as_str()).to_owned();
        Some((!group(1).is_empty(), group(2)))
    }
}

struct Section<'a> {
    ini: &'a IniFile,
    setting: Option<Setting>,
    lines: Vec<String>,
    touched: Vec<bool>,
    changed: bool,
    message: &'static str,
}

impl Section<'_> {
    fn line(&self, value: Option<&str>) -> String {
        self.ini
            .line(self.ini.option.as_deref().unwrap_or_default(), value)
    }

    fn update(&mut self, index: usize, new: String) {
        let Some(old) = self.lines.get_mut(index) else {
            return;
        };
        let mut differs = *old != new;
        if self.ini.ignore_spaces
            && let Some(setting) = &self.setting
            && let (Some((false, a)), Some((_, b))) = (setting.value(old, false), setting.value(&new, false))
        {
            differs = a != b;
        }
        if differs {
            *old = new;
            self.changed = true;
            self.message = "option changed";
        }
        if let Some(touched) = self.touched.get_mut(index) {
            *touched = true;
        }
    }

    fn set(&mut self, mut values: Vec<String>) {
        let active = !self.ini.modify_inactive_option;
        let matched = |s: &Self, n: usize| -> Option<String> {
            let line = s.lines.get(n)?;
            s.setting.as_ref()?.value(line, active).map(|(_, v)| v)
        };
        let mut bare = false;
        for n in 0..self.lines.len() {
            let Some(value) = matched(self, n) else { continue };
            if let Some(at) = values.iter().position(|v| *v == value) {
                let none = value.is_empty() && self.ini.allow_no_value;
                bare |= none;
                let line = self.line((!none).then_some(&value));
                self.update(n, line);
                values.remove(at);
            } else if values.is_empty()
                && self.ini.allow_no_value
                && self.ini.option.is_some()
                && !self.had_values()
            {
                bare = true;
                let line = self.line(None);
                self.update(n, line);
                break;
            }
        }
        if self.ini.exclusive && !self.ini.allow_no_value && self.setting.is_some() {
            for n in 0..self.lines.len() {
                if values.is_empty() {
                    break;
                }
                if !self.touched.get(n).copied().unwrap_or(true) && matched(self, n).is_some() {
                    let line = self.line(Some(&values.remove(0)));
                    self.update(n, line);
                }
            }
            for n in (1..self.lines.len()).rev() {
                let untouched = !self.touched.get(n).copied().unwrap_or(true);
                if untouched && matched(self, n).is_some() {
                    self.lines.remove(n);
                    self.touched.remove(n);
                    self.changed = true;
                    self.message = "option changed";
                }
            }
        }
        self.insert(values, bare);
    }

    fn had_values(&self) -> bool {
        self.ini.value.is_some() || self.ini.values.as_ref().is_some_and(|v| !v.is_empty())
    }

    /// Puts what is missing after the last line that is neither blank nor a comment.
    fn insert(&mut self, values: Vec<String>, bare: bool) {
        let blank = |line: &String| {
            line.trim().is_empty() || line.trim_start_matches([' ', '\t']).starts_with(['#', ';'])
        };
        let Some(at) = self.lines.iter().rposition(|l| !blank(l)).map(|n| n + 1) else {
            return;
        };
        let mut new: Vec<String> = Vec::new();
        if self.ini.option.is_some() {
            new = values.iter().map(|v| self.line(Some(v))).collect();
            if values.is_empty() && self.ini.allow_no_value && !bare && !self.had_values() {
                new.push(self.line(None));
            }
        }
        if !new.is_empty() {
            self.lines.splice(at..at, new);
            self.changed = true;
            self.message = "option added";
        }
    }

    fn remove(&mut self, values: &[String]) {
        let before = self.lines.len();
        match &self.setting {
            None => {
                self.lines.clear();
                if before > 0 {
                    self.changed = true;
                    self.message = "section removed";
                }
                return;
            }
            Some(setting) => {
                let exclusive = self.ini.exclusive;
                self.lines.retain(|l| match setting.value(l, true) {
                    Some((_, value)) => !(exclusive || values.contains(&value)),
                    None => true,
                });
            }
        }
        if self.lines.len() != before {
            self.changed = true;
            self.message = "option changed";
        }
    }
}

impl IniFile {
    fn line(&self, option: &str, value: Option<&str>) -> String {
        match value {
            None => format!("{option}\n"),
            Some(v) if self.no_extra_spaces => format!("{option}={v}\n"),
            Some(v) => format!("{option} = {v}\n"),
        }
    }

    fn wanted(&self) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let values = self.value.iter().chain(self.values.iter().flatten());
        for v in values {
            if !out.contains(v) {
                out.push(v.clone());
            }
        }
        out
    }

    fn conditions(&self) -> Vec<(&str, Vec<String>)> {
        let all = self.section_has_values.iter().flatten();
        all.map(|Sub(c)| {
            let values = c.value.iter().chain(c.values.iter().flatten()).cloned().collect();
            (c.option.as_str(), values)
        })
        .collect()
    }

    fn meant(&self, lines: &[String]) -> Result<bool, Failure> {
        for (option, values) in self.conditions() {
            let setting = Setting::new(option)?;
            let has = |l: &String| {
                setting
                    .value(l, false)
                    .is_some_and(|(_, v)| values.is_empty() || values.contains(&v))
            };
            if !lines.iter().any(has) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// First and last line (exclusive) of the section.
    fn find(&self, lines: &[String]) -> Result<Option<(usize, usize)>, Failure> {
        let mut start = match self.section.as_deref() {
            None | Some("") => Some(0),
            Some(_) => None,
        };
        let name = self.section.as_deref().unwrap_or_default().trim();
        for (n, line) in lines.iter().enumerate() {
            if !line.starts_with('[') {
                continue;
            }
            if let Some(s) = start {
                if self.meant(lines.get(s..n).unwrap_or_default())? {
                    return Ok(Some((s, n)));
                }
                start = None;
            }
            let title = line
                .get(1..)
                .and_then(|l| l.find(']').and_then(|end| l.get(..end)));
            if !name.is_empty() && title.map(str::trim) == Some(name) {
                start = Some(n);
            }
        }
        match start {
            Some(s) if self.meant(lines.get(s..).unwrap_or_default())? => Ok(Some((s, lines.len()))),
            _ => Ok(None),
        }
    }

    fn edit(&self, content: &str) -> Result<(String, bool, &'static str), Failure> {
        let mut lines: Vec<String> = content.split_inclusive('\n').map(str::to_owned).collect();
        let mut completed = false;
        if lines.is_empty() {
            lines.push("\n".into());
        }
        if let Some(last) = lines.last_mut().filter(|l| !l.ends_with('\n')) {
            last.push('\n');
            completed = true;
        }
        let values = self.wanted();
        let nameless = self.section.as_deref().unwrap_or_default().is_empty();
        let found = self.find(&lines)?;
        let Some((start, end)) = found else {
            if self.state == State::Absent {
                return Ok((lines.concat(), completed, "OK"));
            }
            return Ok(self.add_section(lines, values));
        };
        let after = lines.split_off(end);
        let mut own = lines.split_off(start);
        if nameless {
            // A title line, so that settings have something to stand after.
            own.insert(0, "[".into());
        }
        let mut section = Section {
            ini: self,
            setting: self.option.as_deref().map(Setting::new).transpose()?,
            touched: vec![false; own.len()],
            lines: own,
            changed: completed,
            message: "OK",
        };
        match self.state {
            State::Present => section.set(values),
            State::Absent => section.remove(&values),
        }
        if nameless && !section.lines.is_empty() {
            section.lines.remove(0);
        }
        let text = [lines.concat(), section.lines.concat(), after.concat()].concat();
        Ok((text, section.changed, section.message))
    }

    fn add_section(&self, mut lines: Vec<String>, mut values: Vec<String>) -> (String, bool, &'static str) {
        lines.push(format!("[{}]\n", self.section.as_deref().unwrap_or_default()));
        for (option, wanted) in self.conditions() {
            if Some(option) == self.option.as_deref() {
                if !self.exclusive {
                    let missing: Vec<_> = wanted.into_iter().filter(|v| !values.contains(v)).collect();
                    values.extend(missing);
                }
            } else if wanted.is_empty() && self.allow_no_value {
                lines.push(self.line(option, None));
            } else {
                lines.extend(wanted.iter().map(|v| self.line(option, Some(v))));
            }
        }
        let message = match &self.option {
            Some(option) if !values.is_empty() => {
                lines.extend(values.iter().map(|v| self.line(option, Some(v))));
                "section and option added"
            }
            Some(option) if self.allow_no_value => {
                lines.push(self.line(option, None));
                "section and option added"
            }
            _ => "only section added",
        };
        (lines.concat(), true, message)
    }
}

impl Module for IniFile {
    const META: Meta = Meta {
        name: "community.general.ini_file",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "backup_file",
                doc: "The copy of the old file, with `backup`.",
            },
            Return {
                name: "msg",
                doc: "What was done.",
            },
            Return {
                name: "path",
                doc: "The file.",
            },
        ],
        examples: &[Example {
            title: "A setting in a section",
            args: r#"{"path": "{dir}/a.ini", "section": "two", "option": "x", "value": "5"}"#,
            given: &[("a.ini", "[one]\nx = 1\n\n[two]\ny = 2\n\n[three]\n")],
            then: &[("a.ini", "[one]\nx = 1\n\n[two]\ny = 2\nx = 5\n\n[three]\n")],
            changed: true,
            runs: true,
        }],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        self.option = self.option.filter(|o| !o.is_empty());
        if self.state == State::Present
            && !self.allow_no_value
            && self.value.is_none()
            && self.values.is_none()
        {
            return Err(
                "Parameter 'value(s)' must be defined if state=present and allow_no_value=False.".into(),
            );
        }
        let target = if self.follow {
            resolve(&self.path)
        } else {
            self.path.clone()
        };
        if !target.exists() && !self.create {
            let words = format!("Destination {} does not exist!", target.display());
            return Err(Failure::new(words).with("rc", 257_i64));
        }
        let old = host.stat(&target)?.map(|_| host.read(&target)).transpose()?;
        let content = String::from_utf8(old.clone().unwrap_or_default())
            .map_err(|_| Failure::new(format!("{} is not UTF-8", target.display())))?;
        let content = plain(&content);
        let (new, mut changed, message) = self.edit(&content)?;
        let save = Save {
            backup: self.backup,
            validate: None,
            unsafe_writes: self.unsafe_writes,
        };
        let edit = Edit {
            path: &target,
            replace_link: true,
            old: old.as_deref(),
            new: new.as_bytes(),
            save: &save,
        };
        let backup = if changed { edit.write(host)? } else { String::new() };
        // Without --diff too there is one, of nothing.
        let shown = |text: &str| {
            if host.context().diff {
                text.to_owned()
            } else {
                String::new()
            }
        };
        let header = format!("{} (content)", self.path.display());
        let diff = Map::from_iter([("before", shown(&content)), ("after", shown(&new))]);
        diff.insert("before_header", header.as_str());
        diff.insert("after_header", header);
        // In check mode only the content counts.
        if !host.check() && self.path.exists() {
            let noted = (Map::new(), Map::new());
            changed |= host.apply_noting(&target, &self.attrs, false, &noted.0, &noted.1)?;
        }
        let outcome = Outcome::new()
            .changed(changed)
            .with("diff", diff)
            .with("msg", message);
        let outcome = outcome.with("path", text(&self.path));
        Ok(if backup.is_empty() {
            outcome
        } else {
            outcome.with("backup_file", backup)
        })
    }
}

/// The text without byte order mark and with Unix line ends.
fn plain(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.replace("\r\n", "\n").replace('\r', "\n")
}
