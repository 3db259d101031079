//! One task on one host: its items and its result.

use crate::{actions, engine::Engine, failure::TaskFailure, play_run::PlayRun, step::Step};
use kdo_event::{Event, HostResult, OPEN, Status, TaskInfo};
use kdo_modules::registry;
use kdo_playbook::Task;
use kdo_template::Variables;
use kdo_value::{Map, Object, Text, Value};
use kdo_vars::{HostVars, TaskVars};
use std::{rc::Rc, time::Instant};

/// Key of an item's result that names the host it was delegated to.
pub(crate) const DELEGATED: &str = "_ansible_delegated_host";

/// What stands for a loop's item, or a message, of a task with `no_log`.
pub(crate) const CENSORED_ITEM: &str = "(censored due to no_log)";

/// Tasks or a role to be included, as the include action found them for one host and item.
#[derive(Clone, Debug)]
pub(crate) struct Include {
    /// Evaluated arguments.
    pub(crate) args: Map,
    /// Variables for what is included: the loop's.
    pub(crate) vars: Map,
    /// The item's label, for the output.
    pub(crate) item: Option<String>,
}

/// How a task ended on a host.
pub(crate) struct Done {
    /// The host.
    pub(crate) host: String,
    /// Its result, loops with `results`.
    pub(crate) result: Map,
    /// How it ended.
    pub(crate) status: Status,
    /// Whether a failure is ignored.
    pub(crate) ignored: bool,
    /// The host it was delegated to.
    pub(crate) delegated: Option<String>,
    /// What it includes.
    pub(crate) includes: Vec<Include>,
}

/// How one item ended.
pub(crate) struct ItemDone {
    pub(crate) result: Map,
    pub(crate) include: Option<Include>,
    pub(crate) delegated: Option<String>,
    pub(crate) ignored: bool,
}

pub(crate) fn truthy(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|v| match &v {
        Value::Str(s) => kdo_modules::params::parse_bool(s).unwrap_or(!s.is_empty()),
        v => v.truthy(),
    })
}

/// Whether a result is a failure. What `failed_when` says counts more than tries that were used up.
fn counts_as_failed(result: &Map) -> bool {
    const JUDGED: &str = "failed_when_result";
    if result.contains(JUDGED) {
        return truthy(result, JUDGED);
    }
    if let Some(Value::List(items)) = result.get("results") {
        let items = items.to_vec();
        let judged = |v: &&Value| v.as_map().is_some_and(|m| m.contains(JUDGED));
        if items.iter().any(|v| judged(&v)) {
            return items.iter().filter_map(Value::as_map).any(|m| truthy(m, JUDGED));
        }
    }
    truthy(result, "failed")
}

/// How a result ended.
pub(crate) fn status(result: &Map) -> Status {
    if truthy(result, "unreachable") {
        Status::Unreachable
    } else if counts_as_failed(result) {
        Status::Failed
    } else if truthy(result, "skipped") {
        Status::Skipped
    } else if truthy(result, "changed") {
        Status::Changed
    } else {
        Status::Ok
    }
}

impl Engine {
    /// The task as outputs show it on this host.
    pub(crate) fn task_info(&self, vars: &TaskVars, task: &Rc<Task>) -> Rc<TaskInfo> {
        let name = match &task.name {
            Some(text) => match self.with_templar(vars, |t| t.template(text)) {
                Ok(value) => value.to_text(),
                Err(_) => self.name_with_errors(vars, text),
            },
            None => shown_action(task),
        };
        let flag = |name: &str, default: bool| self.flag(vars, task, name).ok().flatten().unwrap_or(default);
        let path = task.origin.map(|o| {
            let source = self.sources().path(o.file).unwrap_or_default();
            let source = std::path::absolute(&source).unwrap_or(source);
            format!("{}:{}", source.display(), o.line)
        });
        Rc::new(TaskInfo {
            id: task.id,
            name,
            role: task
                .scope
                .role()
                .filter(|_| task.action.short() != "include_role")
                .map(|r| r.full_name()),
            action: task.action.name.clone(),
            path: path.unwrap_or_default(),
            handler: task.handler,
            check: flag("check_mode", self.options.info.check),
            diff: flag("diff", self.options.info.diff),
            // What cannot be evaluated must not be shown.
            no_log: self
                .flag(vars, task, "no_log")
                .map_or(true, |hidden| hidden.unwrap_or(self.options.no_log)),
            tags: task
                .scope
                .collected("tags")
                .iter()
                .flat_map(crate::tags::words)
                .collect(),
            output_verbosity: vars
                .get("output_verbosity")
                .and_then(|v| self.resolve(vars, &v).ok())
                .and_then(|v| v.to_text().trim().parse().ok()),
            args: self
                .options
                .show_args
                .then(|| crate::invocation::written(&task.action.name, &task.action.args)),
        })
    }

    /// A name in which some template cannot be evaluated: the others' values, and what is wrong with these.
    fn name_with_errors(&self, vars: &TaskVars, text: &Text) -> String {
        let (mut out, mut rest, mut errors) = (String::new(), text.as_str(), 0);
        while let Some((before, after)) = rest.split_once("{{") {
            let Some((inner, behind)) = after.split_once("}}") else {
                return text.as_str().to_owned();
            };
            out.push_str(before);
            let part = Text::trusted(format!("{{{{{inner}}}}}"), text.origin());
            match self.with_templar(vars, |t| t.template(&part)) {
                Ok(value) => out.push_str(&value.to_text()),
                Err(e) => {
                    errors += 1;
                    out.push_str(&format!("<< error {errors} - {} >>", e.message));
                }
            }
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    /// Runs a task on a host, all items of its loop.
    pub(crate) async fn run_task(&self, play: &Rc<PlayRun>, task: &Rc<Task>, host: &str) -> Done {
        let started = Instant::now();
        let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
        let (task, problem) = match self.with_known_action(task, &vars) {
            Ok(task) => (task, None),
            Err(failure) => (Rc::clone(task), Some(failure)),
        };
        let task = &task;
        self.warn_of_names(play, task, host);
        if let Some(rescue) = play.rescue_vars.borrow().get(host) {
            vars.push(rescue.clone());
        }
        if let Some(changed) = play.debug_vars.borrow().get(host) {
            vars.push(changed.clone());
        }
        if task.keyword("delegate_to").is_none() {
            vars.push(self.connection_facts(&vars, task));
        }
        let mut info = self.task_info(&vars, task);
        self.tell(&Event::HostStart {
            host: host.to_owned(),
            task: Rc::clone(&info),
        });
        let mut done = match problem.map_or_else(|| self.items(&vars, task), Err) {
            Ok(None) => {
                let item = self.run_item(play, task, &info, &vars, host).await;
                let mut include = item.include;
                if let Some(include) = &mut include {
                    item.result.insert("changed", false);
                    include.item = info.no_log.then(|| CENSORED_ITEM.to_owned());
                }
                Done {
                    host: host.to_owned(),
                    status: status(&item.result),
                    result: item.result,
                    ignored: item.ignored,
                    delegated: item.delegated,
                    includes: include.into_iter().collect(),
                }
            }
            Ok(Some(items)) => {
                let templated = || task.keyword("no_log").is_some_and(|v| v.is_templated());
                if items.is_empty() && info.no_log && templated() {
                    // Nothing ran that could be hidden, and Ansible has not asked for the value.
                    info = Rc::new(TaskInfo {
                        no_log: false,
                        ..TaskInfo::clone(&info)
                    });
                }
                self.run_loop(play, task, &info, &vars, host, items).await
            }
            Err(failure) => {
                // What makes the loop impossible does not matter where the task is not to run.
                let result = match self.when(&vars, task) {
                    Ok(Some(skipped)) => skipped,
                    _ => failure.into_result(),
                };
                Done {
                    host: host.to_owned(),
                    status: status(&result),
                    result,
                    ignored: false,
                    delegated: None,
                    includes: Vec::new(),
                }
            }
        };
        if done.status == Status::Changed && self.misses_handler(play, task, &vars) {
            return done;
        }
        if done.status == Status::Failed && !done.ignored {
            done.ignored = self.ignores(&vars, task);
        }
        if done.status == Status::Unreachable {
            done.ignored = self
                .flag(&vars, task, "ignore_unreachable")
                .ok()
                .flatten()
                .unwrap_or(false);
        }
        let error = match task.repeat {
            Some(_) if done.result.contains("results") => None,
            _ => self.told_failure(task, &info, done.status, &done.result),
        };
        let result = HostResult {
            host: host.to_owned(),
            delegated: self.shown_delegate(&vars, done.delegated.as_deref()),
            task: as_told(&info, &done.result),
            status: done.status,
            ignored: done.ignored,
            result: done.result.clone(),
            item: None,
            looped: done.result.contains("results") && task.repeat.is_some(),
            error,
            elapsed: started.elapsed().as_secs_f64(),
        };
        let includes = !done.includes.is_empty() && done.status == Status::Ok;
        self.tell(&match includes {
            true => Event::IncludeResult(result),
            false => Event::HostResult(result),
        });
        done
    }

    /// The task with the name of its action evaluated, if that is a template.
    pub(crate) fn with_known_action(
        &self,
        task: &Rc<Task>,
        vars: &TaskVars,
    ) -> Result<Rc<Task>, TaskFailure> {
        if !task.action.name.contains("{{") {
            return Ok(Rc::clone(task));
        }
        let text = Text::trusted(task.action.name.as_str(), task.action.origin);
        let name = self.resolve(vars, &Value::Str(text))?.to_text();
        if (self.loader.known)(&name).is_err() {
            return Err(TaskFailure::early(format!(
                "couldn't resolve module/action '{name}'"
            )));
        }
        Ok(Rc::new(Task {
            action: kdo_playbook::Action {
                name,
                ..task.action.clone()
            },
            ..(**task).clone()
        }))
    }

    /// The host that a task was delegated to, with its address where that is another.
    pub(crate) fn shown_delegate(&self, vars: &TaskVars, target: Option<&str>) -> Option<String> {
        let target = target?;
        let there = TaskVars::new(&self.store, &vars.play, target, None);
        let address = there
            .get("ansible_host")
            .and_then(|raw| self.resolve(&there, &raw).ok());
        match address.map(|v| v.to_text()) {
            Some(address) if address != target && vars.host != target => Some(format!("{target}({address})")),
            _ => Some(target.to_owned()),
        }
    }

    /// How the host that a task is delegated to is reached, as the task sees it.
    fn delegate_facts(&self, vars: &TaskVars, task: &Task, target: &str) -> Map {
        let there = TaskVars {
            host: target.to_owned(),
            scope: None,
            local: Rc::default(),
            ..vars.clone()
        };
        let known = Map::new();
        let address = there.get("ansible_host").unwrap_or_else(|| Value::str(target));
        known.insert("ansible_host", address);
        let usual = || {
            let kind = self.keyword(vars, task, "connection").ok().flatten();
            kind.unwrap_or_else(|| Value::str(self.options.connection.connection.as_str()))
        };
        known.insert(
            "ansible_connection",
            there.get("ansible_connection").unwrap_or_else(usual),
        );
        let all = HostVars::new(&self.store, &vars.play);
        if let Some(host) = all.get(&Value::str(target)) {
            let delegated = Map::new();
            delegated.insert(target, host);
            known.insert("ansible_delegated_vars", delegated);
        }
        known
    }

    /// How the host is reached, under the names of the variables that say so, where these are not given.
    fn connection_facts(&self, vars: &TaskVars, task: &Task) -> Map {
        let defaults = &self.options.connection;
        let known = Map::new();
        if vars.get("ansible_host").is_none() && vars.get("ansible_ssh_host").is_none() {
            known.insert("ansible_host", vars.host.as_str());
        }
        if vars.get("ansible_connection").is_none() {
            let kind = self.keyword(vars, task, "connection").ok().flatten();
            known.insert(
                "ansible_connection",
                kind.unwrap_or_else(|| Value::str(defaults.connection.as_str())),
            );
        }
        if vars.get("ansible_user").is_none() && vars.get("ansible_ssh_user").is_none() {
            let user = self.keyword(vars, task, "remote_user").ok().flatten();
            if let Some(user) = user.or_else(|| defaults.user.as_deref().map(Value::str)) {
                known.insert("ansible_user", user);
            }
        }
        known
    }

    pub(crate) fn ignores(&self, vars: &TaskVars, task: &Task) -> bool {
        self.flag(vars, task, "ignore_errors")
            .ok()
            .flatten()
            .unwrap_or(false)
    }

    /// The first condition that does not hold, as the result of a skipped task.
    pub(crate) fn when(&self, vars: &TaskVars, task: &Task) -> Result<Option<Map>, TaskFailure> {
        for condition in task.scope.collected("when") {
            let conditions = match &condition {
                Value::List(l) => l.to_vec(),
                v => vec![v.clone()],
            };
            for c in conditions {
                let holds = self.conditional(vars, &c)?;
                if !holds {
                    let map = Map::new();
                    map.insert("changed", false);
                    map.insert("skipped", true);
                    map.insert("skip_reason", "Conditional result was False");
                    map.insert("false_condition", untrusted(&c));
                    return Ok(Some(map));
                }
            }
        }
        Ok(None)
    }

    pub(crate) async fn run_item(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        info: &Rc<TaskInfo>,
        vars: &TaskVars,
        host: &str,
    ) -> ItemDone {
        let mut delegated = None;
        let depth = vars.local.borrow().len();
        let outcome = self.try_item(play, task, info, vars, host, &mut delegated).await;
        vars.local.borrow_mut().truncate(depth);
        let (result, include) = match outcome {
            Ok((result, include)) => {
                result.remove(OPEN);
                (result, include)
            }
            Err(failure) => (failure.into_result(), None),
        };
        if !result.contains("changed") && include.is_none() {
            result.insert("changed", false);
        }
        if truthy(&result, "failed") && !result.contains("msg") {
            result.insert("msg", "Task failed: Action failed: Unknown error.");
        }
        // What conditions skip says no more than that; a module that skips has not failed.
        if !result.contains("failed")
            && !result.contains("skip_reason")
            && !truthy(&result, "unreachable")
            && include.is_none()
        {
            result.insert("failed", false);
        }
        crate::key_order::arrange(&task.action.name, &result);
        if info.no_log {
            result.insert("_ansible_no_log", true);
        }
        let ignored = status(&result) == Status::Failed && self.ignores(vars, task);
        ItemDone {
            result,
            include,
            delegated,
            ignored,
        }
    }

    async fn try_item(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        info: &Rc<TaskInfo>,
        vars: &TaskVars,
        host: &str,
        delegated: &mut Option<String>,
    ) -> Result<(Map, Option<Include>), TaskFailure> {
        if let Some(skipped) = self.when(vars, task)? {
            return Ok((skipped, None));
        }
        self.check_keywords(vars, task)?;
        if let Some(target) = self
            .keyword(vars, task, "delegate_to")?
            .map(|v| v.to_text())
            .filter(|t| !t.is_empty())
        {
            *delegated = Some(target);
        }
        let short = task.action.short().to_owned();
        if matches!(short.as_str(), "include_tasks" | "include_role") {
            let args = self.arguments(vars, task)?;
            let map = include_result(&short, &args);
            let include = Include {
                args,
                vars: Map::new(),
                item: None,
            };
            return Ok((map, Some(include)));
        }
        if let Some(target) = &*delegated {
            vars.push(self.delegate_facts(vars, task, target));
        }
        let environment = self.environment(vars, task)?;
        let needs_route = actions::needs_connection(&short);
        let route = if needs_route {
            let target = delegated.as_deref().unwrap_or(host);
            let route_vars = TaskVars {
                host: target.to_owned(),
                ..vars.clone()
            };
            Some(self.route(&route_vars, task)?)
        } else {
            None
        };
        let step = Step {
            host: host.to_owned(),
            delegated: delegated.clone(),
            task: Rc::clone(task),
            info: Rc::clone(info),
            play: Rc::clone(play),
            vars: vars.clone(),
            environment,
            route,
        };
        let limit = match self.keyword(vars, task, "timeout")? {
            Some(v) => match v.to_text().trim().parse::<i64>() {
                Ok(n @ 0..=100_000_000) => n.unsigned_abs(),
                Ok(n) => {
                    return Err(TaskFailure::early(format!(
                        "Timeout {n} is invalid, it must be between 0 and 100000000."
                    )));
                }
                Err(_) => {
                    return Err(TaskFailure::early(format!(
                        "Error processing keyword 'timeout': The value {} could not be converted to 'int'.",
                        v.repr()
                    )));
                }
            },
            None => self.options.task_timeout,
        };
        let result = self.tries(&step, limit).await?;
        Ok((result, None))
    }

    /// A condition of the user's.
    pub(crate) fn conditional(&self, vars: &TaskVars, raw: &Value) -> Result<bool, TaskFailure> {
        self.condition(vars, raw).map_err(|e| match e.undefined {
            true => e.during("Error while evaluating conditional"),
            false => e,
        })
    }
}

/// What is registered for an include.
fn include_result(action: &str, args: &Map) -> Map {
    let (map, rest) = (Map::new(), args.copied());
    if action == "include_tasks" {
        let file = rest.remove("file");
        map.insert(
            "include",
            rest.remove("_raw_params").or(file).unwrap_or(Value::None),
        );
    }
    map.insert("include_args", rest);
    map
}

/// A module's name with its namespace.
pub(crate) fn full_name(name: &str) -> String {
    match registry::find(name).filter(|entry| !entry.meta.name.starts_with("kdo.")) {
        Some(entry) => match name.rsplit('.').next() {
            Some("shell") => "ansible.builtin.shell".into(),
            _ => entry.meta.name.to_owned(),
        },
        None => {
            let short = name.strip_prefix("ansible.legacy.").unwrap_or(name);
            if short.contains('.') {
                short.to_owned()
            } else {
                format!("ansible.builtin.{short}")
            }
        }
    }
}

/// What is shown for a task without a name.
fn shown_action(task: &Task) -> String {
    let name = &task.action.name;
    let role = task.action.arg("name").or_else(|| task.action.arg("role"));
    match (task.action.short(), role) {
        ("include_role", Some(role)) => format!("{name} : {}", role.to_text()),
        _ => name.clone(),
    }
}

fn untrusted(value: &Value) -> Value {
    match value {
        Value::Str(t) => Value::Str(Text::new(t.as_str())),
        v => v.clone(),
    }
}

/// The task as outputs are to know it: a result may ask to be hidden though the task does not.
pub(crate) fn as_told(info: &Rc<TaskInfo>, result: &Map) -> Rc<TaskInfo> {
    if info.no_log || !truthy(result, "_ansible_no_log") {
        return Rc::clone(info);
    }
    Rc::new(TaskInfo {
        no_log: true,
        ..TaskInfo::clone(info)
    })
}
