//! Host patterns: `web:&prod:!old`, globs, `~regex`, slices, `@file`.

use crate::{Inventory, LOCALHOST, parse_address};
use fancy_regex::Regex;
use indexmap::IndexSet;
use kdo_syntax::{Diagnostic, read_file};
use kdo_value::glob;
use std::path::Path;

/// Hosts that a pattern selects.
#[derive(Debug, Default)]
pub struct Selection {
    /// Names, in the order of the pattern and, within it, of the inventory.
    pub hosts: Vec<String>,
    /// Patterns that match nothing; those with the severity of an error must end a play.
    pub warnings: Vec<Diagnostic>,
}

/// What becomes of a pattern that matches nothing (`host_pattern_mismatch`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mismatch {
    /// It is told.
    #[default]
    Warning,
    /// It is an error.
    Error,
    /// It is passed over.
    Ignore,
}

impl Mismatch {
    /// By the word of the configuration.
    pub fn of(word: &str) -> Self {
        match word {
            "error" => Self::Error,
            "ignore" => Self::Ignore,
            _ => Self::Warning,
        }
    }
}

/// The parts of a pattern that are separated by commas, or by colons and blanks (not those of addresses and slices).
pub fn split_pattern(pattern: &str) -> Vec<String> {
    let parts: Vec<&str> = if pattern.contains(',') {
        pattern.split(',').collect()
    } else if parse_address(pattern, true).is_some() {
        vec![pattern]
    } else {
        colons(pattern)
    };
    parts
        .into_iter()
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Runs of characters that are no blank, colon or bracket, or whole bracket groups.
fn colons(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(c) = pattern.get(at..).and_then(|r| r.chars().next()) {
        let next = at + c.len_utf8();
        if c == '['
            && let Some(close) = pattern.get(next..).and_then(|r| r.find(']'))
        {
            at = next + close + 1;
            continue;
        }
        if c.is_whitespace() || matches!(c, ':' | '[' | ']') {
            parts.extend(pattern.get(start..at));
            start = next;
        }
        at = next;
    }
    parts.extend(pattern.get(start..));
    parts
}

impl Inventory {
    /// Hosts of the patterns (a play's `hosts`), cut down to those of the limit if there is one.
    pub fn select(&self, patterns: &[String], limit: Option<&[String]>) -> Result<Selection, Diagnostic> {
        let mut warnings = Vec::new();
        let parts: Vec<String> = patterns.iter().flat_map(|p| split_pattern(p)).collect();
        let mut hosts = self.evaluate(&parts, &mut warnings)?;
        if let Some(limit) = limit {
            let allowed = self.evaluate(limit, &mut warnings)?;
            hosts.retain(|h| allowed.contains(h));
        }
        Ok(Selection {
            hosts: hosts.into_iter().collect(),
            warnings,
        })
    }

    /// The parts of a `--limit`: `@file` stands for the lines of the file.
    pub fn read_limit(limit: &str) -> Result<Vec<String>, Diagnostic> {
        let mut parts = Vec::new();
        for part in split_pattern(limit) {
            match part.strip_prefix('@') {
                Some(path) => {
                    if Path::new(path).is_dir() {
                        let message =
                            format!("Limit starting with \"@\" must be a file, not a directory: {path}");
                        return Err(Diagnostic::error(message));
                    }
                    let text = read_file(Path::new(path)).map_err(|d| {
                        Diagnostic::error(format!("Unable to find limit file {path}")).note(d.message)
                    })?;
                    parts.extend(
                        text.lines()
                            .map(str::trim)
                            .filter(|l| !l.is_empty())
                            .map(str::to_owned),
                    );
                }
                None => parts.push(part),
            }
        }
        Ok(parts)
    }

    fn evaluate(
        &self,
        parts: &[String],
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<IndexSet<String>, Diagnostic> {
        let of = |f: fn(&str) -> bool| parts.iter().map(String::as_str).filter(move |p| f(p));
        let mut hosts: IndexSet<String> = IndexSet::new();
        let mut plain: Vec<&str> = of(|p| !p.starts_with(['!', '&'])).collect();
        if plain.is_empty() {
            plain.push("all");
        }
        for part in plain {
            if self.hosts.contains_key(part) {
                hosts.insert(part.to_owned());
            } else {
                hosts.extend(self.one(part, warnings)?);
            }
        }
        for part in of(|p| p.starts_with('&')) {
            let only: IndexSet<String> = self
                .one(part.trim_start_matches('&'), warnings)?
                .into_iter()
                .collect();
            hosts.retain(|h| only.contains(h));
        }
        for part in of(|p| p.starts_with('!')) {
            for host in self.one(part.trim_start_matches('!'), warnings)? {
                hosts.shift_remove(&host);
            }
        }
        Ok(hosts)
    }

    fn one(&self, part: &str, warnings: &mut Vec<Diagnostic>) -> Result<Vec<String>, Diagnostic> {
        let (expression, slice) = slice(part, warnings);
        let hosts = self.matches(expression, warnings)?;
        Ok(match slice {
            None => hosts,
            Some(Slice::At(n)) => {
                let index = if n < 0 {
                    usize::try_from(n + hosts.len() as i64)
                } else {
                    usize::try_from(n)
                };
                let chosen = index.ok().and_then(|i| hosts.get(i).cloned());
                if chosen.is_none() && !hosts.is_empty() {
                    let message = format!("No hosts matched the subscripted pattern '{part}'");
                    warnings.push(Diagnostic::error(message));
                }
                chosen.into_iter().collect()
            }
            Some(Slice::Range(from, to)) => {
                let to = to.unwrap_or(usize::MAX).max(from);
                let count = to.saturating_sub(from).saturating_add(1);
                hosts.into_iter().skip(from).take(count).collect()
            }
        })
    }

    fn matches(&self, pattern: &str, warnings: &mut Vec<Diagnostic>) -> Result<Vec<String>, Diagnostic> {
        let mut found: IndexSet<&str> = IndexSet::new();
        let mut any_group = false;
        if !pattern.starts_with('~') && !pattern.contains(['.', '?', '*', '[']) {
            if self.groups.contains_key(pattern) {
                any_group = true;
                found = self.group_hosts(pattern);
            } else if let Some(host) = self.hosts.get(pattern) {
                found.insert(&host.name);
            }
        } else {
            let fits = matcher(pattern)?;
            for name in self.groups.keys().filter(|n| fits(n)) {
                any_group = true;
                found.extend(self.group_hosts(name));
            }
            found.extend(self.hosts.keys().map(String::as_str).filter(|n| fits(n)));
        }
        if found.is_empty()
            && LOCALHOST.contains(&pattern)
            && let Some(host) = self.host(pattern)
        {
            found.insert(&host.name);
        }
        if found.is_empty() && !any_group && pattern != "all" {
            let message = format!("Could not match supplied host pattern, ignoring: {pattern}");
            if !warnings.iter().any(|w| w.message == message) {
                match self.pattern_mismatch {
                    Mismatch::Warning => warnings.push(Diagnostic::warning(message)),
                    Mismatch::Error => warnings.push(Diagnostic::error(message)),
                    Mismatch::Ignore => {}
                }
            }
        }
        Ok(found.into_iter().map(str::to_owned).collect())
    }
}

enum Slice {
    At(i64),
    Range(usize, Option<usize>),
}

/// Takes a final `[n]`, `[n:m]` or `[n:]` off.
fn slice<'a>(part: &'a str, warnings: &mut Vec<Diagnostic>) -> (&'a str, Option<Slice>) {
    let cut = || {
        let (expression, inner) = part.strip_suffix(']')?.rsplit_once('[')?;
        if part.starts_with('~') || expression.is_empty() {
            return None;
        }
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if digits(inner.strip_prefix('-').unwrap_or(inner)) {
            return Some((expression, Slice::At(inner.parse().ok()?), false));
        }
        let (from, to) = inner.split_once([':', '-'])?;
        if !digits(from) || !(to.is_empty() || digits(to)) {
            return None;
        }
        let to = if to.is_empty() {
            None
        } else {
            Some(to.parse().ok()?)
        };
        Some((
            expression,
            Slice::Range(from.parse().ok()?, to),
            inner.contains('-'),
        ))
    };
    match cut() {
        None => (part, None),
        Some((expression, slice, dash)) => {
            if dash {
                let message = "Use [x:y] inclusive subscripts instead of [x-y] which has been removed";
                warnings.push(Diagnostic::warning(message));
            }
            (expression, Some(slice))
        }
    }
}

type Matcher = Box<dyn Fn(&str) -> bool>;

fn matcher(pattern: &str) -> Result<Matcher, Diagnostic> {
    let source = match pattern.strip_prefix('~') {
        Some(regex) => format!("\\A(?:{regex})"),
        None => format!("(?s)\\A{}\\z", glob::as_regex(pattern, ".")),
    };
    let regex = Regex::new(&source)
        .map_err(|e| Diagnostic::error(format!("invalid host pattern: {pattern}")).note(e.to_string()))?;
    Ok(Box::new(move |name| regex.is_match(name).unwrap_or(false)))
}
