//! The file of a PAM service: its rules and what stands between them.

use super::pamd::words;
use crate::{
    prelude::*,
    pyregex::{Flags, Pattern, compile},
};
use std::fmt;

/// What a rule is found by: type, control, module.
pub(super) type Key<'a> = (&'a str, &'a str, &'a str);

const RULE: &str = r"(-?(?:auth|account|session|password))\s+(\[[^\]]*\]|\S*)\s+(\S*)\s*(.*)\s*";

const CONTROLS: &[&str] = &[
    "required",
    "requisite",
    "sufficient",
    "optional",
    "include",
    "substack",
    "definitive",
];
const CONTROL_VALUES: &[&str] = &[
    "success",
    "open_err",
    "symbol_err",
    "service_err",
    "system_err",
    "buf_err",
    "perm_denied",
    "auth_err",
    "cred_insufficient",
    "authinfo_unavail",
    "user_unknown",
    "maxtries",
    "new_authtok_reqd",
    "acct_expired",
    "session_err",
    "cred_unavail",
    "cred_expired",
    "cred_err",
    "no_module_data",
    "conv_err",
    "authtok_err",
    "authtok_recover_err",
    "authtok_lock_busy",
    "authtok_disable_aging",
    "try_again",
    "ignore",
    "abort",
    "authtok_expired",
    "module_unknown",
    "bad_item",
    "conv_again",
    "incomplete",
    "default",
];
const CONTROL_ACTIONS: &[&str] = &["ignore", "bad", "die", "ok", "done", "reset"];

#[derive(Clone, Debug)]
struct Rule {
    kind: String,
    control: String,
    path: String,
    arguments: Vec<String>,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{: <11}{} {}", self.kind, self.control, self.path)?;
        self.arguments.iter().try_for_each(|a| write!(f, " {a}"))
    }
}

impl Rule {
    fn new((kind, control, path): Key<'_>, arguments: &[String]) -> Self {
        Self {
            kind: kind.to_owned(),
            control: bracketed(control),
            path: path.to_owned(),
            arguments: arguments.to_vec(),
        }
    }

    fn is(&self, key: Key<'_>) -> bool {
        (self.kind.as_str(), self.control.as_str(), self.path.as_str()) == key
    }

    /// Whether its control is one of those that PAM knows.
    fn check(&self) -> Result<(), String> {
        let Some(inner) = self.control.strip_prefix('[').and_then(|c| c.strip_suffix(']')) else {
            return match CONTROLS.contains(&self.control.as_str()) {
                true => Ok(()),
                false => Err(format!(
                    "Rule control, {}, is not valid in rule {self}",
                    self.control
                )),
            };
        };
        for part in inner.split(' ') {
            let (value, action) = part.split_once('=').unwrap_or((part, ""));
            if !CONTROL_VALUES.contains(&value) {
                return Err(format!(
                    "Rule control value, {value}, is not valid in rule {self}"
                ));
            }
            if !CONTROL_ACTIONS.contains(&action) && action.parse::<u64>().is_err() {
                return Err(format!(
                    "Rule control action, {action}, is not valid in rule {self}"
                ));
            }
        }
        Ok(())
    }
}

/// A control in brackets without spaces around its signs.
fn bracketed(control: &str) -> String {
    match control.starts_with('[') {
        true => format!("[{}]", control.replace(" = ", "=").replace(['[', ']'], "")),
        false => control.to_owned(),
    }
}

#[derive(Clone, Debug)]
enum Line {
    Rule(Rule),
    Include(String),
    /// A comment or nothing.
    Other(String),
}

impl Line {
    fn rule(&self) -> Option<&Rule> {
        match self {
            Self::Rule(rule) => Some(rule),
            _ => None,
        }
    }

    fn is(&self, key: Key<'_>) -> bool {
        self.rule().is_some_and(|r| r.is(key))
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Rule(rule) => rule.check(),
            // They must begin their line.
            Self::Include(text) | Self::Other(text)
                if text.starts_with(char::is_whitespace) && !text.trim().is_empty() =>
            {
                Err(format!("Rule is not valid {text}"))
            }
            _ => Ok(()),
        }
    }
}

/// A service.
pub(super) struct Service {
    lines: Vec<Line>,
}

impl Service {
    pub(super) fn read(content: &str) -> Result<Self, Failure> {
        let pattern = compile(RULE, Flags::default())?;
        let lines: Result<_, _> = content.lines().map(|l| line(&pattern, l)).collect();
        Ok(Self { lines: lines? })
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        self.lines.iter().try_for_each(Line::check).map_err(Failure::new)
    }

    /// The file's text with that line as the second, in the place of an older one.
    pub(super) fn text(&self, mark: &str) -> String {
        let mut lines: Vec<String> = self
            .lines
            .iter()
            .map(|line| match line {
                Line::Rule(rule) => rule.to_string(),
                Line::Include(text) | Line::Other(text) => text.clone(),
            })
            .collect();
        if lines.len() <= 1 {
            lines.insert(0, String::new());
        } else if lines
            .get(1)
            .is_some_and(|l| l.starts_with("# Updated by Ansible"))
        {
            lines.remove(1);
        }
        lines.insert(1, mark.to_owned());
        lines.join("\n") + "\n"
    }

    fn line(&self, at: usize) -> Option<&Line> {
        self.lines.get(at)
    }

    fn rules(&mut self, key: Key<'_>) -> impl Iterator<Item = &mut Rule> {
        self.lines.iter_mut().filter_map(move |line| match line {
            Line::Rule(rule) if rule.is(key) => Some(rule),
            _ => None,
        })
    }

    pub(super) fn remove(&mut self, key: Key<'_>) -> usize {
        let before = self.lines.len();
        self.lines.retain(|line| !line.is(key));
        before - self.lines.len()
    }

    /// Sets what is given: type, control, module, arguments.
    pub(super) fn update(
        &mut self,
        key: Key<'_>,
        [kind, control, path]: [Option<&str>; 3],
        arguments: Option<&[String]>,
    ) -> usize {
        let mut changes = 0;
        for rule in self.rules(key) {
            let differs = |new: Option<&str>, old: &str| new.is_some_and(|new| new != old);
            let changed = differs(kind, &rule.kind)
                || differs(control, &rule.control)
                || differs(path, &rule.path)
                || arguments.is_some_and(|a| a != rule.arguments);
            let (kind, path) = (kind.unwrap_or(&rule.kind), path.unwrap_or(&rule.path));
            let control = control.unwrap_or(&rule.control);
            *rule = Rule::new((kind, control, path), arguments.unwrap_or(&rule.arguments));
            changes += usize::from(changed);
        }
        changes
    }

    /// Puts a rule before or after each that is found, unless its neighbour there is such a rule.
    pub(super) fn insert(&mut self, key: Key<'_>, new: Key<'_>, arguments: &[String], after: bool) -> usize {
        let mut changes = 0;
        let found = (0..self.lines.len()).filter(|&i| self.line(i).is_some_and(|l| l.is(key)));
        // From the last one on, so that the places of those before stay.
        for at in found.collect::<Vec<_>>().into_iter().rev() {
            let counts = |i: &usize| !matches!(self.line(*i), Some(Line::Other(_)) | None);
            let neighbour = match after {
                true => (at + 1..self.lines.len()).find(counts),
                false => (0..at).rev().find(counts),
            };
            if neighbour.and_then(|n| self.line(n)).is_some_and(|l| l.is(new)) {
                continue;
            }
            let rule = Line::Rule(Rule::new(new, arguments));
            // What stands between the two is lost, but for the comments at the head of the file.
            match (after, neighbour) {
                (true, next) => {
                    let end = next.unwrap_or(self.lines.len());
                    self.lines.splice(at + 1..end, [rule]);
                }
                (false, Some(previous)) => {
                    self.lines.splice(previous + 1..at, [rule]);
                }
                (false, None) => self.lines.insert(at, rule),
            }
            changes += 1;
        }
        changes
    }

    /// Adds arguments; those with a value (`a=b`) get it where they are.
    pub(super) fn add_arguments(&mut self, key: Key<'_>, arguments: &[String]) -> usize {
        let mut changes = 0;
        for rule in self.rules(key) {
            let mut changed = false;
            for argument in arguments {
                if rule.arguments.contains(argument) {
                    continue;
                }
                changed = true;
                let same = |old: &String| match (argument.split_once('='), old.split_once('=')) {
                    (Some((new, _)), Some((old, _))) => new == old && !old.starts_with('['),
                    _ => false,
                };
                match rule
                    .arguments
                    .iter()
                    .rposition(same)
                    .and_then(|i| rule.arguments.get_mut(i))
                {
                    Some(old) => old.clone_from(argument),
                    None => rule.arguments.push(argument.clone()),
                }
            }
            changes += usize::from(changed);
        }
        changes
    }

    pub(super) fn remove_arguments(&mut self, key: Key<'_>, arguments: &[String]) -> usize {
        let mut changes = 0;
        for rule in self.rules(key) {
            let before = rule.arguments.len();
            rule.arguments.retain(|a| !arguments.contains(a));
            changes += usize::from(rule.arguments.len() != before);
        }
        changes
    }
}

fn line(pattern: &Pattern, text: &str) -> Result<Line, Failure> {
    let bare = text.trim_start();
    if bare.is_empty() || bare.starts_with('#') {
        return Ok(Line::Other(text.to_owned()));
    }
    if bare.starts_with("@include") {
        return Ok(Line::Include(text.to_owned()));
    }
    let Some(found) = pattern.captures(text)? else {
        return Err(Failure::new(format!("Rule is not valid {text}")));
    };
    let part = |n| found.get(n).map_or("", |m| m.as_str());
    Ok(Line::Rule(Rule::new(
        (part(1), part(2), part(3)),
        &words([part(4).to_owned()]),
    )))
}

#[cfg(test)]
mod tests {
    use super::Service;

    const KEY: super::Key<'static> = ("auth", "required", "pam_a.so");
    const NEW: super::Key<'static> = ("auth", "optional", "pam_n.so");

    fn after(content: &str, edit: impl FnOnce(&mut Service) -> usize) -> (usize, String) {
        let mut service = Service::read(content).unwrap();
        let changes = edit(&mut service);
        (changes, service.text("# mark"))
    }

    #[test]
    fn a_rule_before_the_first_stays_behind_the_comments_of_the_head() {
        let (changes, text) = after("# head\nauth required pam_a.so\n", |s| {
            s.insert(KEY, NEW, &["x".into()], false)
        });
        assert_eq!(changes, 1);
        assert_eq!(
            text,
            "# head\n# mark\nauth       optional pam_n.so x\nauth       required pam_a.so\n"
        );
    }

    #[test]
    fn every_rule_that_is_found_gets_its_own() {
        let twice = "auth required pam_a.so\nauth required pam_b.so\nauth required pam_a.so\n";
        for is_after in [true, false] {
            let (changes, text) = after(twice, |s| s.insert(KEY, NEW, &[], is_after));
            assert_eq!(changes, 2, "{text}");
            let (again, _) = after(&text, |s| s.insert(KEY, NEW, &[], is_after));
            assert_eq!(again, 0, "{text}");
        }
    }

    #[test]
    fn brackets_are_one_control_and_one_argument() {
        let content = "auth [success = 1 default=ignore] pam_a.so [a b] c\nauth required pam_b.so\n";
        let (changes, text) = after(content, |s| {
            let key = ("auth", "[success=1 default=ignore]", "pam_a.so");
            s.remove_arguments(key, &["[a b]".into()])
        });
        assert_eq!(changes, 1);
        assert!(
            text.starts_with("auth       [success=1 default=ignore] pam_a.so c\n# mark\n"),
            "{text}"
        );
    }

    #[test]
    fn controls_that_pam_does_not_know_are_refused() {
        for bad in ["maybe", "[succes=1]", "[success=-1]", "[success=]"] {
            let service = Service::read(&format!("auth {bad} pam_a.so\n")).unwrap();
            assert!(service.check().is_err(), "{bad}");
        }
        assert!(Service::read("no rule\n").is_err());
        assert!(Service::read(" # indented\n").unwrap().check().is_err());
    }
}
