//! `--list-hosts`, `--list-tasks`, `--list-tags`.

use crate::{engine::Engine, play::evaluated_tags};
use kdo_playbook::{Item, Play, Task};
use kdo_value::Value;
use std::{fmt::Write, path::Path, rc::Rc};

impl Engine {
    /// What is asked for, as text.
    pub(crate) fn listing(&self, playbooks: &[(std::path::PathBuf, Vec<Rc<Play>>)]) -> String {
        let mut out = String::new();
        for (path, plays) in playbooks {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "\nplaybook: {}", path.display());
            if self.options.listing.only_syntax() {
                continue;
            }
            for (i, play) in plays.iter().enumerate() {
                self.list_play(&mut out, i + 1, play, path);
            }
        }
        out
    }

    fn list_play(&self, out: &mut String, number: usize, play: &Rc<Play>, _path: &Path) {
        let listing = &self.options.listing;
        let pattern = self.play_pattern(play);
        let name = self.play_name(play);
        let play_tags = sorted(
            play.scope
                .collected("tags")
                .iter()
                .flat_map(crate::tags::words)
                .collect(),
        );
        let _ = writeln!(
            out,
            "\n  play #{number} ({pattern}): {name}\tTAGS: [{}]",
            play_tags.join(",")
        );
        if listing.hosts {
            let hosts = self.play_hosts(play).unwrap_or_default();
            let patterns: Vec<String> = match &play.hosts {
                Value::List(l) => l.to_vec().iter().map(|v| format!("'{}'", v.to_text())).collect(),
                _ => vec![format!("'{pattern}'")],
            };
            let _ = writeln!(
                out,
                "    pattern: [{}]\n    hosts ({}):",
                patterns.join(", "),
                hosts.len()
            );
            for host in hosts {
                let _ = writeln!(out, "      {host}");
            }
        }
        if !listing.tasks && !listing.tags {
            return;
        }
        let mut all_tags: Vec<String> = play_tags;
        let select = self.selector(play);
        if listing.tasks {
            let _ = writeln!(out, "    tasks:");
        }
        for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            self.list_items(out, items, play, &*select, &mut all_tags);
        }
        if listing.tags {
            let _ = writeln!(out, "      TASK TAGS: [{}]", sorted(all_tags).join(", "));
        }
    }

    fn list_items(
        &self,
        out: &mut String,
        items: &[Item],
        play: &Rc<Play>,
        select: &dyn Fn(&Rc<Task>) -> bool,
        all: &mut Vec<String>,
    ) {
        for item in items {
            // As Ansible: of a block only what is done if all goes well.
            let task = match item {
                Item::Task(task) => task,
                Item::Block(block) => {
                    self.list_items(out, &block.body, play, select, all);
                    continue;
                }
            };
            let own = evaluated_tags(task, &self.store.extra, play);
            let shown = select(task)
                || (self.options.listing.tags
                    && self.options.tags.is_empty()
                    && self.options.skip_tags.is_empty()
                    && own.iter().any(|t| t == "never"));
            if task.action.short() == "meta" && task.origin.is_none() || !shown {
                continue;
            }
            all.extend(own.iter().cloned());
            if self.options.listing.tasks {
                // Ansible says the role of tasks that have a name, and not of those that include a role.
                let name = match (&task.name, task.scope.role()) {
                    (None, _) => task.action.name.clone(),
                    (Some(name), Some(role)) if task.action.short() != "include_role" => {
                        format!("{} : {}", role.full_name(), name.as_str())
                    }
                    (Some(name), _) => name.as_str().to_owned(),
                };
                let _ = writeln!(out, "      {name}\tTAGS: [{}]", sorted(own).join(", "));
            }
        }
    }
}

fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags.dedup();
    tags
}
