//! `--explain VAR`: where plays and inventory set a variable. No host is touched.

use crate::{check_args::each_task, engine::Engine};
use kdo_playbook::{Play, ScopeKind, Task};
use kdo_template::{Environment, SearchPath, Templar};
use kdo_value::{Map, Value};
use kdo_vars::{Place, PlayVars, TaskVars, Watched, explanation};
use std::{path::PathBuf, rc::Rc};

impl Engine {
    /// For each play and its hosts the places that set the variable; hosts of which the same is told stand together.
    pub(crate) fn explain(&self, playbooks: &[(PathBuf, Vec<Rc<Play>>)], name: &str) -> String {
        let mut out = String::new();
        for play in playbooks.iter().flat_map(|(_, plays)| plays) {
            out.push_str(&format!("\nplay {}\n", self.play_name(play)));
            match self.explain_play(play, name) {
                Ok(text) => out.push_str(&text),
                Err(why) => out.push_str(&format!("cannot be explained: {why}\n")),
            }
        }
        out
    }

    fn explain_play(&self, play: &Rc<Play>, name: &str) -> Result<String, String> {
        let hosts = self.play_hosts(play).map_err(|d| d.message)?;
        if hosts.is_empty() {
            return Ok("no hosts matched\n".to_owned());
        }
        let vars = Rc::new(PlayVars::new(Rc::clone(play), Map::new()));
        *vars.name.borrow_mut() = self.play_name(play);
        for list in [&vars.all_hosts, &vars.active_hosts, &vars.batch] {
            list.borrow_mut().clone_from(&hosts);
        }
        let of_tasks = task_places(play, name);
        // The text of a host without its name, and the hosts of which it is told.
        let mut told: Vec<(Vec<Place>, Result<Value, String>, Vec<String>, String)> = Vec::new();
        for host in hosts {
            self.load_vars_files(&vars, &host).map_err(|d| d.message)?;
            let seen = TaskVars::new(&self.store, &vars, &host, Some(&play.scope));
            let mut places = seen.places(name);
            for prompt in &play.vars_prompt {
                if prompt.get("name").is_some_and(|n| n.to_text() == name) {
                    let place = Place::new(
                        13,
                        "play vars_prompt",
                        prompt.get("default").unwrap_or(Value::None),
                    );
                    places.push(place.only("asked for in a run,"));
                }
            }
            places.extend(of_tasks.iter().cloned());
            places.sort_by_key(|p| if p.number == 0 { u8::MAX } else { p.number });
            let result = match kdo_template::Variables::get(&seen, name) {
                Some(raw) => {
                    let vault = self.store.vault.as_deref();
                    let watched = Watched::new(&seen, vault);
                    let environment = Environment {
                        vault,
                        search: SearchPath {
                            bases: seen.search_bases(),
                        },
                        ..Environment::default()
                    };
                    Templar::new(&watched, &environment)
                        .resolve_keep_omit(&raw)
                        .map(|v| watched.hide(&v))
                        .map_err(|e| watched.hide_text(&e.message))
                }
                None => Ok(Value::None),
            };
            let text = explanation(name, &[], &places, &result, self.sources());
            match told.iter_mut().find(|(_, _, _, t)| *t == text) {
                Some((_, _, hosts, _)) => hosts.push(host),
                None => told.push((places, result, vec![host], text)),
            }
        }
        Ok(told
            .iter()
            .map(|(places, result, hosts, _)| explanation(name, hosts, places, result, self.sources()))
            .collect::<Vec<_>>()
            .join("\n"))
    }
}

/// All tasks of a play, handlers last.
fn all_tasks(play: &Play) -> Vec<Rc<Task>> {
    let mut all = Vec::new();
    for section in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
        each_task(section, &mut |task| all.push(Rc::clone(task)));
    }
    all.extend(play.handlers.borrow().iter().cloned());
    all
}

/// What tasks, blocks and includes set, each for a part of the run only.
fn task_places(play: &Play, name: &str) -> Vec<Place> {
    let mut out: Vec<Place> = Vec::new();
    for task in all_tasks(play) {
        let title = title(&task);
        for scope in task.scope.chain().collect::<Vec<_>>() {
            let (number, what, part) = match scope.kind {
                ScopeKind::Task => (17, "task vars", format!("in task {title}")),
                ScopeKind::Block => (16, "block vars", "in the block".to_owned()),
                ScopeKind::Import => (16, "import vars", "in the imported tasks".to_owned()),
                ScopeKind::Include => (21, "include vars", "in the included tasks".to_owned()),
                ScopeKind::Role | ScopeKind::Play | ScopeKind::Playbook => continue,
            };
            let place = Place::of_map(number, what, &scope.vars, name).map(|p| p.at(scope.origin).only(part));
            // Tasks of one block share it.
            if let Some(place) = place
                && !out.iter().any(|p| p.number == number && p.origin == place.origin)
            {
                out.push(place);
            }
        }
        let after = format!("after task {title}");
        if task.keyword("register").is_some_and(|r| r.to_text() == name) {
            let value = Value::str("(the task's result)");
            out.push(
                Place::new(19, "register", value)
                    .at(task.origin)
                    .only(after.as_str()),
            );
        }
        if task.action.short() == "set_fact" {
            let place = Place::of_map(19, "set_fact", &task.action.args, name);
            out.extend(place.map(|p| p.at(task.origin).only(after.as_str())));
        }
        let included = task.action.short() == "include_vars";
        if included && task.action.arg("name").is_some_and(|n| n.to_text() == name) {
            let value = Value::str("(the file's content)");
            out.push(Place::new(18, "include_vars", value).at(task.origin).only(after));
        }
    }
    out
}

fn title(task: &Task) -> String {
    match &task.name {
        Some(name) => format!("\"{}\"", name.as_str()),
        None => task.action.name.clone(),
    }
}
