//! `alternatives`: which of several programs a general name means.

use crate::{host::Command, prelude::*};
use std::path::{Path, PathBuf};

/// Choose which program a general name means
#[derive(Params)]
#[params(one_of(path, family))]
pub struct Alternatives {
    /// Family of the alternative, on RHEL.
    family: Option<String>,
    /// The link with the general name.
    link: Option<PathBuf>,
    /// The general name.
    #[param(required)]
    name: String,
    /// The program that it means.
    path: Option<PathBuf>,
    /// Its priority; 50 for a new one.
    priority: Option<i64>,
    /// Registered, chosen, chosen by priority, or gone.
    #[param(default = "selected", choices("present", "selected", "auto", "absent"))]
    state: String,
    /// Links that go with it.
    #[param(alias = "slaves", options)]
    subcommands: Option<Vec<crate::params::Sub<Subcommand>>>,
}

/// A link that goes with an alternative.
#[derive(Params, Clone)]
struct Subcommand {
    /// The link.
    #[param(required)]
    link: PathBuf,
    /// Its general name.
    #[param(required)]
    name: String,
    /// Where it leads.
    #[param(required)]
    path: PathBuf,
}

/// What the host has under the general name.
#[derive(Default, Debug)]
struct Now {
    link: Option<String>,
    manual: bool,
    value: Option<String>,
    choices: Vec<Choice>,
}

/// One of the programs.
#[derive(Default, Debug, PartialEq, Eq)]
struct Choice {
    path: String,
    family: String,
    priority: i64,
    /// Name, path and link of what goes with it.
    links: Vec<[String; 3]>,
}

/// What `update-alternatives --display` prints, on Debian and on RHEL.
fn parse(text: &str) -> Now {
    let mut now = Now::default();
    let mut places: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let inner = line.trim_start();
        let follower = inner
            .strip_prefix("slave ")
            .or_else(|| inner.strip_prefix("follower "));
        if inner.len() == line.len() {
            let Some((path, rest)) = line.split_once(" - ") else {
                continue;
            };
            match (path.starts_with('/'), choice(path, rest)) {
                (true, Some(choice)) => now.choices.push(choice),
                _ => now.manual = rest.contains("manual"),
            }
        } else if let Some(path) = inner.strip_prefix("link currently points to ") {
            now.value = Some(path.to_owned());
        } else if let Some((name, path)) = follower.and_then(|f| f.split_once(": ")) {
            if let Some(choice) = now.choices.last_mut().filter(|_| path != "(null)") {
                let place = places.iter().find(|(n, _)| n == name);
                let place = place.map(|(_, l)| l.clone()).unwrap_or_default();
                choice.links.push([name.to_owned(), path.to_owned(), place]);
            }
        } else if let Some((name, link)) = follower.and_then(|f| f.split_once(" is ")) {
            places.push((name.to_owned(), link.to_owned()));
        } else if let Some((name, link)) = inner.strip_prefix("link ").and_then(|l| l.split_once(" is "))
            && !name.contains(' ')
        {
            now.link = Some(link.to_owned());
        }
    }
    now
}

/// `family F priority 5` or `priority 5`.
fn choice(path: &str, rest: &str) -> Option<Choice> {
    let (family, rest) = match rest.strip_prefix("family ") {
        Some(rest) => rest.split_once(' ')?,
        None => ("", rest),
    };
    let priority = rest.strip_prefix("priority ")?.split_whitespace().next()?;
    Some(Choice {
        path: path.to_owned(),
        family: family.to_owned(),
        priority: priority.parse().ok()?,
        links: Vec::new(),
    })
}

/// The further links as results show them.
fn shown(links: &[[String; 3]]) -> Value {
    Value::list(links.iter().map(|[name, path, link]| {
        let map = Map::from_iter([("link", link.as_str()), ("name", name), ("path", path)]);
        Value::from(map)
    }))
}

/// What is done, and what is said of it.
#[derive(Default)]
struct Steps {
    runs: Vec<Vec<String>>,
    messages: Vec<String>,
    after: Map,
}

impl Alternatives {
    fn install(&self, now: &Now, path: &str, steps: &mut Steps) -> Result<(), Failure> {
        if !Path::new(path).exists() {
            return Err(Failure::new(format!("Specified path {path} does not exist")));
        }
        let link = self.link.as_ref().map(|l| l.to_string_lossy().into_owned());
        let link = link.or_else(|| now.link.clone()).ok_or_else(|| {
            Failure::new("Needed to install the alternative, but unable to do so as we are missing the link")
        })?;
        let choice = now.choices.iter().find(|c| c.path == path);
        let priority = self.priority.or_else(|| choice.map(|c| c.priority)).unwrap_or(50);
        let mut words: Vec<String> = ["--install", &link, &self.name, path].map(str::to_owned).into();
        words.push(priority.to_string());
        if let Some(family) = &self.family {
            words.extend(["--family".to_owned(), family.clone()]);
        }
        for [name, path, link] in self.wanted_links().into_iter().flatten() {
            words.extend(["--slave".to_owned(), link, name, path]);
        }
        steps.runs.push(words);
        steps
            .messages
            .push(format!("Install alternative '{path}' for '{}'.", self.name));
        steps.after = Map::from_iter([("link", link.as_str()), ("path", path), ("state", "present")]);
        steps.after.insert("family", self.family.clone());
        steps.after.insert("priority", priority);
        let links = self
            .wanted_links()
            .or_else(|| choice.map(|c| c.links.clone()))
            .unwrap_or_default();
        if !links.is_empty() {
            steps.after.insert("subcommands", shown(&links));
        }
        Ok(())
    }

    fn wanted_links(&self) -> Option<Vec<[String; 3]>> {
        let text = |p: &Path| p.to_string_lossy().into_owned();
        let wanted = self.subcommands.as_ref()?;
        let links = wanted
            .iter()
            .map(|s| [s.0.name.clone(), text(&s.0.path), text(&s.0.link)]);
        Some(links.collect())
    }

    /// Whether the program is registered as wanted.
    fn registered(&self, choice: Option<&Choice>) -> bool {
        let Some(choice) = choice else { return false };
        let links = self.wanted_links().is_none_or(|wanted| {
            wanted.iter().all(|w| choice.links.contains(w)) && choice.links.iter().all(|l| wanted.contains(l))
        });
        links && self.priority.is_none_or(|p| p == choice.priority)
    }

    fn steps(&self, now: &Now, path: Option<&str>) -> Result<Steps, Failure> {
        let mut steps = Steps::default();
        let choice = now.choices.iter().find(|c| Some(c.path.as_str()) == path);
        let name = self.name.clone();
        if self.state == "absent" {
            if let Some(path) = choice.map(|c| c.path.clone()) {
                steps
                    .messages
                    .push(format!("Remove alternative '{path}' from '{name}'."));
                steps.runs.push(vec!["--remove".into(), name, path]);
                steps.after.insert("state", "absent");
            }
            return Ok(steps);
        }
        if let Some(path) = path.filter(|_| !self.registered(choice)) {
            self.install(now, path, &mut steps)?;
        }
        let chosen = now.choices.iter().find(|c| Some(&c.path) == now.value.as_ref());
        let same = path.is_some() && now.value.as_deref() == path
            || self.family.is_some() && chosen.map(|c| &c.family) == self.family.as_ref();
        if self.state == "selected" && !same {
            let what = path.or(self.family.as_deref()).unwrap_or_default().to_owned();
            steps
                .messages
                .push(format!("Set alternative '{what}' for '{name}'."));
            steps.runs.push(vec!["--set".into(), name, what]);
            steps.after.insert("state", "selected");
        } else if self.state == "auto" && now.manual {
            steps
                .messages
                .push(format!("Set alternative to auto for '{name}'."));
            steps.runs.push(vec!["--auto".into(), name]);
            steps.after.insert("state", "present");
        }
        Ok(steps)
    }
}

impl Now {
    fn describe(&self, path: Option<&str>) -> Map {
        let Some(choice) = self.choices.iter().find(|c| Some(c.path.as_str()) == path) else {
            return Map::from_iter([("state", "absent")]);
        };
        let elsewhere = self.manual && self.value.as_ref() != Some(&choice.path);
        let map = Map::from_iter([("path", choice.path.as_str())]);
        map.insert("state", if elsewhere { "selected" } else { "present" });
        map.insert("link", self.link.clone());
        map.insert("priority", choice.priority);
        if !choice.links.is_empty() {
            map.insert("subcommands", shown(&choice.links));
        }
        map
    }
}

impl Module for Alternatives {
    const META: Meta = Meta {
        name: "community.general.alternatives",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[],
        examples: &[Example {
            title: "Choose the editor",
            args: r#"{"name": "editor", "path": "/usr/bin/vim.basic"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let program = match host.find_program("update-alternatives") {
            Some(path) => path,
            None => host.need_program("alternatives", "chkconfig")?,
        };
        let out = host.query(
            Command::new(&program)
                .args(["--display", &self.name])
                .env("LC_ALL", "C"),
        )?;
        // Another code than 0: there is no such name yet.
        let known = out.rc == 0;
        let now = if known {
            parse(&out.stdout_text())
        } else {
            Now::default()
        };
        let path = self.path.as_ref().map(|p| p.to_string_lossy().into_owned());
        let before = match known && host.wants_diff() {
            true => now.describe(path.as_deref()),
            false => Map::new(),
        };
        let steps = self.steps(&now, path.as_deref())?;
        for words in steps.runs {
            let command = Command::new(&program).args(words).env("LC_ALL", "C");
            let line = command.argv_text().join(" ");
            if let Some(out) = host.execute(command)? {
                out.success("update-alternatives failed")
                    .map_err(|f| f.with("cmd", line))?;
            }
        }
        let after = if host.wants_diff() {
            steps.after
        } else {
            Map::new()
        };
        Ok(Outcome::new()
            .with("msg", steps.messages.join(" "))
            .with("diff", Map::from_iter([("before", before), ("after", after)])))
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, parse};

    #[test]
    fn displays_of_debian_are_read() {
        let text = "editor - auto mode\n  link best version is /bin/nano\n  link currently points to /bin/nano\n  link editor is /usr/bin/editor\n  slave editor.1 is /usr/share/man/man1/editor.1\n/bin/ed - priority -100\n/bin/nano - priority 40\n  slave editor.1: /usr/share/man/man1/nano.1\n";
        let now = parse(text);
        assert!(!now.manual && now.value.as_deref() == Some("/bin/nano"));
        assert_eq!(now.link.as_deref(), Some("/usr/bin/editor"));
        let nano = Choice {
            path: "/bin/nano".into(),
            priority: 40,
            links: vec![[
                "editor.1".into(),
                "/usr/share/man/man1/nano.1".into(),
                "/usr/share/man/man1/editor.1".into(),
            ]],
            ..Choice::default()
        };
        assert_eq!(now.choices[1], nano);
        assert_eq!(now.choices[0].priority, -100);
    }

    #[test]
    fn displays_of_rhel_have_families() {
        let text = "java - status is manual.\n link currently points to /usr/lib/jvm/17/java\n/usr/lib/jvm/17/java - family java-17 priority 17\n follower jjs: (null)\n";
        let now = parse(text);
        assert!(now.manual && now.link.is_none());
        assert_eq!(now.choices[0].family, "java-17");
        assert!(now.choices[0].links.is_empty());
    }
}
