//! `alternatives`: which of several programs a general name means.

use crate::{host::Command, prelude::*};
use std::path::PathBuf;

/// Choose which program a general name means
#[derive(Params)]
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

#[derive(Default, Debug)]
struct Now {
    link: Option<String>,
    auto: bool,
    value: Option<String>,
    choices: Vec<Choice>,
}

/// Path, priority and the further links (name and path) of an alternative.
type Choice = (String, i64, Vec<(String, String)>);

/// What `update-alternatives --query` prints.
fn parse(text: &str) -> Now {
    let mut now = Now::default();
    let mut slaves = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix(' ') {
            if slaves
                && let Some((name, path)) = rest.split_once(' ')
                && let Some(choice) = now.choices.last_mut()
            {
                choice.2.push((name.to_owned(), path.to_owned()));
            }
            continue;
        }
        slaves = line.starts_with("Slaves:");
        let Some((key, value)) = line.split_once(": ") else {
            continue;
        };
        match key {
            "Link" => now.link = Some(value.to_owned()),
            "Status" => now.auto = value == "auto",
            "Value" => now.value = Some(value.to_owned()),
            "Alternative" => now.choices.push((value.to_owned(), 0, Vec::new())),
            "Priority" => {
                if let Some(choice) = now.choices.last_mut() {
                    choice.1 = value.parse().unwrap_or(0);
                }
            }
            _ => {}
        }
    }
    now
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
                .args(["--query", &self.name])
                .env("LC_ALL", "C"),
        )?;
        let now = if out.rc == 0 {
            parse(&out.stdout_text())
        } else {
            Now::default()
        };
        let describe = |value: &Option<String>, auto: bool, there: bool| {
            let map = Map::new();
            map.insert(
                "state",
                if !there {
                    "absent"
                } else if auto {
                    "auto"
                } else {
                    "selected"
                },
            );
            map.insert("path", value.clone());
            map
        };
        let path = self.path.as_ref().map(|p| p.to_string_lossy().into_owned());
        let path = match path {
            Some(path) => path,
            None if self.state == "auto" => now.value.clone().unwrap_or_default(),
            None => return Err(Failure::new("path is required")),
        };
        let choice = now.choices.iter().find(|(p, ..)| *p == path);
        let mut runs: Vec<Vec<String>> = Vec::new();
        let word = |w: &str| w.to_owned();
        if self.state == "absent" {
            if choice.is_some() {
                runs.push(vec![word("--remove"), self.name.clone(), path.clone()]);
            }
        } else {
            let subcommands: Vec<_> = self.subcommands.iter().flatten().map(|s| s.0.clone()).collect();
            let same_links = self.subcommands.is_none()
                || choice.is_some_and(|(_, _, links)| {
                    links.len() == subcommands.len()
                        && subcommands.iter().all(|s| {
                            links
                                .iter()
                                .any(|(n, p)| *n == s.name && *p == s.path.to_string_lossy())
                        })
                });
            let same_priority = choice.is_some_and(|(_, p, _)| self.priority.is_none_or(|w| w == *p));
            let wanted_link = self.link.as_ref().map(|l| l.to_string_lossy().into_owned());
            let same_link = wanted_link.is_none() || wanted_link == now.link;
            if !(same_links && same_priority && same_link) {
                let link = wanted_link.or_else(|| now.link.clone()).ok_or_else(|| {
                    Failure::new(
                        "Needed to install the alternative, but unable to do so as we are missing the link",
                    )
                })?;
                let priority = self.priority.or_else(|| choice.map(|(_, p, _)| *p)).unwrap_or(50);
                let mut words = vec![
                    word("--install"),
                    link,
                    self.name.clone(),
                    path.clone(),
                    priority.to_string(),
                ];
                for s in &subcommands {
                    words.push(word("--slave"));
                    words.extend([
                        s.link.to_string_lossy().into_owned(),
                        s.name.clone(),
                        s.path.to_string_lossy().into_owned(),
                    ]);
                }
                if let Some(family) = &self.family {
                    words.extend([word("--family"), family.clone()]);
                }
                runs.push(words);
            }
            if self.state == "selected"
                && (now.value.as_deref() != Some(&path) || now.auto && choice.is_none())
            {
                runs.push(vec![word("--set"), self.name.clone(), path.clone()]);
            } else if self.state == "auto" && !now.auto {
                runs.push(vec![word("--auto"), self.name.clone()]);
            }
        }
        let before = describe(&now.value, now.auto, choice.is_some());
        for words in &runs {
            if let Some(out) = host.execute(Command::new(&program).args(words))? {
                out.success("update-alternatives failed")?;
            }
        }
        let result = Outcome::new();
        if !runs.is_empty() && host.wants_diff() {
            let after = Map::from_iter([("state", self.state.as_str()), ("path", path.as_str())]);
            return Ok(result.with("diff", Map::from_iter([("before", before), ("after", after)])));
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn queries_are_read() {
        let text = "Name: editor\nLink: /usr/bin/editor\nSlaves:\n editor.1.gz /usr/share/man/man1/editor.1.gz\nStatus: auto\nBest: /bin/nano\nValue: /bin/nano\n\nAlternative: /bin/nano\nPriority: 40\nSlaves:\n editor.1.gz /usr/share/man/man1/nano.1.gz\n\nAlternative: /bin/ed\nPriority: -100\nSlaves:\n";
        let now = parse(text);
        assert!(now.auto && now.value.as_deref() == Some("/bin/nano"));
        assert_eq!(
            now.choices[0],
            (
                "/bin/nano".into(),
                40,
                vec![("editor.1.gz".into(), "/usr/share/man/man1/nano.1.gz".into())]
            )
        );
        assert_eq!(now.choices[1].1, -100);
    }
}
