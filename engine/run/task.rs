//! One task on one host: its loop, its items, its result.

use crate::{
    actions,
    engine::Engine,
    failure::{TaskFailure, take_rendered},
    invoke::Order,
    play_run::PlayRun,
    step::Step,
};
use kdo_event::{Event, HostResult, Status, TaskInfo};
use kdo_modules::registry;
use kdo_playbook::Task;
use kdo_template::Variables;
use kdo_value::{Map, Text, Value};
use kdo_vars::TaskVars;
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

/// Key of an item's result that names the host it was delegated to.
pub(crate) const DELEGATED: &str = "_ansible_delegated_host";

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
struct ItemDone {
    result: Map,
    include: Option<Include>,
    delegated: Option<String>,
    ignored: bool,
}

pub(crate) fn truthy(map: &Map, key: &str) -> bool {
    map.get(key).is_some_and(|v| match &v {
        Value::Str(s) => kdo_modules::params::parse_bool(s).unwrap_or(!s.is_empty()),
        v => v.truthy(),
    })
}

/// How a result ended.
pub(crate) fn status(result: &Map) -> Status {
    if truthy(result, "unreachable") {
        Status::Unreachable
    } else if truthy(result, "failed") {
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
            no_log: flag("no_log", false),
            tags: task
                .scope
                .collected("tags")
                .iter()
                .flat_map(crate::tags::words)
                .collect(),
            args: None,
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
        if let Some(rescue) = play.rescue_vars.borrow().get(host) {
            vars.push(rescue.clone());
        }
        if task.keyword("delegate_to").is_none() {
            vars.push(self.connection_facts(&vars, task));
        }
        let info = self.task_info(&vars, task);
        self.tell(&Event::HostStart {
            host: host.to_owned(),
            task: Rc::clone(&info),
        });
        let mut done = match problem.map_or_else(|| self.items(&vars, task), Err) {
            Ok(None) => {
                let item = self.run_item(play, task, &info, &vars, host).await;
                Done {
                    host: host.to_owned(),
                    status: status(&item.result),
                    result: item.result,
                    ignored: item.ignored,
                    delegated: item.delegated,
                    includes: item.include.into_iter().collect(),
                }
            }
            Ok(Some(items)) => {
                self.run_loop(play, task, &info, &vars, host, items, started)
                    .await
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
        let error = take_rendered(&done.result).or_else(|| self.told_failure(task, &info, &done));
        let quiet = !done.includes.is_empty() && done.status == Status::Ok;
        if !quiet {
            self.tell(&Event::HostResult(HostResult {
                host: host.to_owned(),
                delegated: done.delegated.clone(),
                task: info,
                status: done.status,
                ignored: done.ignored,
                result: done.result.clone(),
                item: None,
                looped: done.result.contains("results") && task.repeat.is_some(),
                error,
                elapsed: started.elapsed().as_secs_f64(),
            }));
        }
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
            id: task.id,
            name: task.name.clone(),
            action: kdo_playbook::Action {
                name,
                ..task.action.clone()
            },
            scope: Rc::clone(&task.scope),
            repeat: task.repeat.clone(),
            handler: task.handler,
            origin: task.origin,
        }))
    }

    /// How the host that a task is delegated to is reached, as the task sees it.
    fn delegate_facts(&self, vars: &TaskVars, target: &str) -> Map {
        let there = TaskVars {
            host: target.to_owned(),
            scope: None,
            local: Rc::default(),
            ..vars.clone()
        };
        let known = Map::new();
        known.insert(
            "ansible_host",
            there.get("ansible_host").unwrap_or_else(|| Value::str(target)),
        );
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

    /// A failed module's message with the place of its task.
    fn told_failure(&self, task: &Task, info: &TaskInfo, done: &Done) -> Option<String> {
        if done.status != Status::Failed || info.no_log || task.repeat.is_some() {
            return None;
        }
        let message = done.result.get("msg")?.to_text();
        let text = if message.starts_with("Task failed: ") {
            message
        } else {
            let what = if actions::exists(&task.action.name) {
                "Action"
            } else {
                "Module"
            };
            format!("Task failed: {what} failed: {message}")
        };
        let d = kdo_syntax::Diagnostic::error(text).at(task.origin);
        Some(kdo_syntax::render(&d, self.sources(), false))
    }

    fn ignores(&self, vars: &TaskVars, task: &Task) -> bool {
        self.flag(vars, task, "ignore_errors")
            .ok()
            .flatten()
            .unwrap_or(false)
    }

    /// The loop's items, if the task is looped.
    fn items(&self, vars: &TaskVars, task: &Task) -> Result<Option<Vec<Value>>, TaskFailure> {
        let Some(repeat) = &task.repeat else {
            return Ok(None);
        };
        let list = match &repeat.lookup {
            None => {
                let Some(value) = self.resolve_or_omit(vars, &repeat.value)? else {
                    return Ok(None);
                };
                match value {
                    Value::List(l) => l.to_vec(),
                    Value::Tuple(t) => t.to_vec(),
                    other => {
                        return Err(TaskFailure::new(format!(
                            "The `loop` value must resolve to a 'list', not '{}'.",
                            other.type_name()
                        )));
                    }
                }
            }
            Some(name) => {
                // `with_LOOKUP` is `query('LOOKUP', …)` over its terms. Where it looks for files depends on the action.
                let action = &task.action.name;
                let folder = ["template", "var", "file"]
                    .into_iter()
                    .find(|f| action.contains(f));
                let options: Vec<(String, Value)> = match (name.rsplit('.').next(), folder) {
                    (Some("first_found"), Some(folder)) => {
                        vec![("_subdir".into(), Value::str(format!("{folder}s")))]
                    }
                    _ => Vec::new(),
                };
                self.with_templar(vars, |t| t.lookup_terms(name, &repeat.value, options))
                    .map_err(|e| self.template_failure(e))?
            }
        };
        Ok(Some(list))
    }

    #[allow(clippy::too_many_arguments)]
    async fn run_loop(
        &self,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        info: &Rc<TaskInfo>,
        vars: &TaskVars,
        host: &str,
        items: Vec<Value>,
        started: Instant,
    ) -> Done {
        let control = match task.own("loop_control") {
            Some(Value::Map(m)) => m,
            _ => Map::new(),
        };
        let text = |key: &str| match control.get(key) {
            None | Some(Value::None) => None,
            Some(raw) => self.resolve(vars, &raw).ok().map(|v| v.to_text()),
        };
        let flag = |key: &str| {
            control
                .get(key)
                .is_some_and(|raw| self.resolve(vars, &raw).is_ok_and(|v| v.truthy()))
        };
        let loop_var = text("loop_var").unwrap_or_else(|| "item".into());
        let index_var = text("index_var");
        let pause = text("pause")
            .and_then(|p| p.trim().parse::<f64>().ok())
            .unwrap_or(0.0);
        let extended = flag("extended");
        let all_items = control.get("extended_allitems").is_none_or(|v| v.truthy());
        if vars.get(&loop_var).is_some() && loop_var == "item" && in_loop(vars) {
            self.warn(format!(
                "The loop variable '{loop_var}' is already in use. You should set the `loop_var` value in the `loop_control` option for the task to something else to avoid variable collisions and unexpected behavior."
            ));
        }
        let (mut results, mut includes, mut delegated) = (Vec::new(), Vec::new(), None);
        let mut every_failure_ignored = true;
        let count = items.len();
        for (index, item) in items.iter().enumerate() {
            let began = Instant::now();
            if index > 0 && pause > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(pause)).await;
            }
            let level = Map::new();
            level.insert(loop_var.as_str(), item.clone());
            level.insert("ansible_loop_var", loop_var.as_str());
            if let Some(name) = &index_var {
                level.insert(name.as_str(), index);
                level.insert("ansible_index_var", name.as_str());
            }
            if extended {
                level.insert("ansible_loop", extended_loop(&items, index, all_items));
            }
            vars.push(level.clone());
            let done = self.run_item(play, task, info, vars, host).await;
            let result = done.result;
            let label = match control.get("label") {
                Some(raw) if !raw.is_none() => {
                    self.with_result(vars, task, &result);
                    let label = self.resolve(vars, &raw);
                    vars.pop();
                    label.unwrap_or_else(|failure| {
                        let text = format!("Failed to template loop_control.label: {}", failure.message);
                        result.insert("failed", true);
                        result.insert("msg", text);
                        item.clone()
                    })
                }
                _ => item.clone(),
            };
            result.insert("ansible_loop_var", loop_var.as_str());
            result.insert(loop_var.as_str(), item.clone());
            if let Some(name) = &index_var {
                result.insert("ansible_index_var", name.as_str());
                result.insert(name.as_str(), index);
            }
            if extended && let Some(extended) = level.get("ansible_loop") {
                result.insert("ansible_loop", extended);
            }
            if control.contains("label") {
                result.insert("_ansible_item_label", label.clone());
            }
            let state = status(&result);
            let failed = matches!(state, Status::Failed | Status::Unreachable);
            if failed {
                every_failure_ignored &= done.ignored || self.ignores(vars, task);
            }
            let stop = match control.get("break_when") {
                Some(raw) if !raw.is_none() => {
                    vars.push(result.clone());
                    let stop = self.condition(vars, &raw).unwrap_or(false);
                    vars.pop();
                    stop
                }
                _ => false,
            };
            if let Some(mut include) = done.include {
                include.vars = level.copied();
                include.item = Some(label.to_text());
                includes.push(include);
            }
            delegated = delegated.or(done.delegated.clone());
            vars.pop();
            if includes.is_empty() || state != Status::Ok {
                self.tell(&Event::ItemResult(HostResult {
                    host: host.to_owned(),
                    delegated: done.delegated.clone(),
                    task: Rc::clone(info),
                    status: state,
                    ignored: failed && every_failure_ignored,
                    result: result.clone(),
                    item: Some(if info.no_log {
                        Value::str("(censored due to no_log)")
                    } else {
                        label
                    }),
                    looped: false,
                    error: take_rendered(&result),
                    elapsed: began.elapsed().as_secs_f64(),
                }));
            }
            let lost = state == Status::Unreachable;
            if task.action.short() == "set_fact" {
                // The next item sees what this one set.
                self.keep_item_facts(task, host, done.delegated.as_deref(), &result);
                if let Some(target) = &done.delegated {
                    result.insert(DELEGATED, target.as_str());
                }
            }
            results.push(Value::Map(result));
            if lost || stop || self.interrupted.get() {
                break;
            }
        }
        let _ = (count, started);
        let result = loop_result(&results);
        let state = status(&result);
        let ignored = state == Status::Failed && every_failure_ignored;
        Done {
            host: host.to_owned(),
            status: state,
            result,
            ignored,
            delegated,
            includes,
        }
    }

    /// The first condition that does not hold, as the result of a skipped task.
    fn when(&self, vars: &TaskVars, task: &Task) -> Result<Option<Map>, TaskFailure> {
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

    async fn run_item(
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
            Ok((result, include)) => (result, include),
            Err(failure) => (failure.into_result(), None),
        };
        if !result.contains("changed") {
            result.insert("changed", false);
        }
        if truthy(&result, "failed") && !result.contains("msg") {
            result.insert("msg", "Task failed: Action failed: Unknown error.");
        }
        if !result.contains("failed") && !truthy(&result, "skipped") && !truthy(&result, "unreachable") {
            result.insert("failed", false);
        }
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
        for name in [
            "become",
            "check_mode",
            "diff",
            "no_log",
            "ignore_errors",
            "run_once",
        ] {
            self.flag(vars, task, name)?;
        }
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
            let map = Map::new();
            map.insert("changed", false);
            let include = Include {
                args,
                vars: Map::new(),
                item: None,
            };
            return Ok((map, Some(include)));
        }
        if let Some(target) = &*delegated {
            vars.push(self.delegate_facts(vars, target));
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

    /// Runs the step until its `until` holds or its tries are used up.
    async fn tries(&self, step: &Step, limit: u64) -> Result<Map, TaskFailure> {
        let (task, vars) = (&step.task, &step.vars);
        let until = task.own("until");
        let number = |name: &str| -> Result<Option<f64>, TaskFailure> {
            match task.own(name) {
                None => Ok(None),
                Some(raw) => {
                    let value = self
                        .resolve_or_omit(vars, &raw)
                        .map_err(|e| e.during(&format!("Error processing keyword '{name}'")))?;
                    match value {
                        None => Ok(None),
                        Some(v) => v.to_text().trim().parse().map(Some).map_err(|_| {
                            TaskFailure::early(format!(
                                "Error processing keyword '{name}': The value {} could not be converted to 'int'.",
                                v.repr()
                            ))
                        }),
                    }
                }
            }
        };
        let retries = number("retries")?;
        let tries = if until.is_some() || retries.is_some() {
            retries.unwrap_or(3.0).max(0.0) as u64 + 1
        } else {
            1
        };
        let delay = number("delay")?.unwrap_or(5.0).max(0.0);
        let mut attempt = 1;
        loop {
            let run = self.once(step);
            let result = if limit > 0 {
                match tokio::time::timeout(Duration::from_secs(limit), run).await {
                    Ok(result) => result?,
                    Err(_) => {
                        let map = Map::new();
                        let details = Map::new();
                        details.insert("period", limit);
                        map.insert("timedout", details);
                        return Err(TaskFailure {
                            message: format!("Timed out after {limit} second(s)."),
                            early: true,
                            values: Some(map),
                            ..TaskFailure::default()
                        });
                    }
                }
            } else {
                run.await?
            };
            let judged = self.judge(step, result)?;
            if tries == 1 {
                return Ok(judged);
            }
            judged.insert("attempts", attempt);
            let held = match &until {
                Some(condition) => {
                    let registered = self.with_result(vars, task, &judged);
                    let held = self.conditional(vars, condition);
                    if registered {
                        vars.pop();
                    }
                    held?
                }
                None => !truthy(&judged, "failed"),
            };
            if held {
                return Ok(judged);
            }
            if attempt >= tries {
                judged.insert("failed", true);
                judged.insert("attempts", tries - 1);
                return Ok(judged);
            }
            judged.insert("retries", tries);
            if !judged.contains("changed") {
                judged.insert("changed", false);
            }
            self.tell(&Event::Retry {
                host: step.host.clone(),
                task: Rc::clone(&step.info),
                left: tries - attempt,
                result: judged,
            });
            attempt += 1;
            tokio::time::sleep(Duration::from_secs_f64(delay)).await;
        }
    }

    /// Makes the result visible under its registered name; says whether a level was added.
    fn with_result(&self, vars: &TaskVars, task: &Task, result: &Map) -> bool {
        let level = Map::new();
        if let Some(name) = task.own("register") {
            let shown = result.copied();
            shown.freeze();
            level.insert(name.to_text(), shown);
        }
        vars.push(level);
        true
    }

    /// `failed`, `changed_when`, `failed_when` and the lines of outputs.
    fn judge(&self, step: &Step, result: Map) -> Result<Map, TaskFailure> {
        for name in ["stdout", "stderr"] {
            let lines = format!("{name}_lines");
            if let Some(Value::Str(text)) = result.get(name)
                && !result.contains(&lines)
            {
                result.insert(lines, lines_of(&text));
            }
        }
        if !result.contains("failed")
            && let Some(rc) = result.get("rc")
            && !matches!(&rc, Value::Int(0) | Value::None)
            && rc.to_text() != "0"
        {
            result.insert("failed", true);
        }
        let (task, vars) = (&step.task, &step.vars);
        if truthy(&result, "skipped") || truthy(&result, "unreachable") {
            return Ok(result);
        }
        for key in ["changed", "failed"] {
            let keyword = format!("{key}_when");
            // An empty condition is as if there were none, as it was before ansible-core 2.12.
            let Some(condition) = task.own(&keyword) else {
                continue;
            };
            if condition.as_list().is_some_and(kdo_value::List::is_empty) {
                continue;
            }
            self.with_result(vars, task, &result);
            let held = self.conditional(vars, &condition);
            vars.pop();
            match held {
                Ok(held) => {
                    if key == "failed" {
                        if !held && truthy(&result, "failed") {
                            result.insert("failed_when_suppressed_exception", "(traceback unavailable)");
                        }
                        result.insert("failed_when_result", held);
                    }
                    result.insert(key, held);
                }
                Err(e) => {
                    result.insert("failed", true);
                    result.insert(format!("{keyword}_result"), Value::str(e.message.clone()));
                    if let Some(rendered) = e.rendered {
                        result.insert(crate::failure::RENDERED, rendered);
                    }
                }
            }
        }
        if let Some(Value::Map(facts)) = result.get("ansible_facts") {
            self.take_facts(step, &facts);
        }
        Ok(result)
    }

    fn take_facts(&self, step: &Step, facts: &Map) {
        let action = step.task.action.short();
        let owner = match self.flag(&step.vars, &step.task, "delegate_facts") {
            Ok(Some(true)) => step.target().to_owned(),
            _ => step.host.clone(),
        };
        match action {
            "set_fact" | "include_vars" => {}
            _ => self.store.add_facts(&owner, facts),
        }
    }

    /// Runs the action or module once.
    async fn once(&self, step: &Step) -> Result<Map, TaskFailure> {
        let task = &step.task;
        let args = if actions::takes_raw_arguments(task.action.short()) {
            Map::new()
        } else {
            self.arguments(&step.vars, task)?
        };
        let asynchronous = match task.own("async") {
            Some(raw) => match self.resolve_or_omit(&step.vars, &raw)?.filter(|v| !v.is_none()) {
                None => 0,
                Some(v) => v.to_text().trim().parse::<i64>().map_err(|_| {
                    TaskFailure::early(format!(
                        "Error processing keyword 'async_val': The value {} could not be converted to 'int'.",
                        v.repr()
                    ))
                })?,
            },
            None => 0,
        };
        if asynchronous > 0 && actions::exists(task.action.short()) {
            let name = task.action.short();
            return Err(TaskFailure::new(format!(
                "This action ({name}) does not support async."
            )));
        }
        if asynchronous > 0 && step.route.is_some() {
            return self.detached(step, &args, asynchronous).await;
        }
        actions::run(self, step, args).await
    }

    /// Starts a detached job and, unless `poll` is 0, waits for it.
    async fn detached(&self, step: &Step, args: &Map, limit: i64) -> Result<Map, TaskFailure> {
        let poll = match step.task.own("poll") {
            Some(raw) => self
                .resolve_or_omit(&step.vars, &raw)?
                .map_or(15, |v| v.to_text().trim().parse::<u64>().unwrap_or(15)),
            None => 15,
        };
        let job = format!(
            "j{}.{}",
            rand::random_range(100_000_000_000_u64..1_000_000_000_000),
            std::process::id()
        );
        let (module, args) = actions::module_of(step, args.copied())?;
        let order = Order {
            job: Some((job.clone(), limit)),
            ..Order::default()
        };
        let started = self.invoke(step, &module, &args, order).await?;
        if poll == 0 || truthy(&started, "failed") {
            return Ok(started);
        }
        let begin = Instant::now();
        let query = Map::new();
        query.insert("jid", job.as_str());
        loop {
            tokio::time::sleep(Duration::from_secs(poll)).await;
            let state = self
                .invoke(
                    step,
                    "ansible.builtin.async_status",
                    &query,
                    Order {
                        check: Some(false),
                        ..Order::default()
                    },
                )
                .await?;
            if truthy(&state, "finished") {
                let cleanup = Map::new();
                cleanup.insert("jid", job.as_str());
                cleanup.insert("mode", "cleanup");
                self.invoke(
                    step,
                    "ansible.builtin.async_status",
                    &cleanup,
                    Order {
                        check: Some(false),
                        ..Order::default()
                    },
                )
                .await?;
                return Ok(state);
            }
            let elapsed = begin.elapsed().as_secs_f64();
            self.tell(&Event::AsyncPoll {
                host: step.host.clone(),
                job: job.clone(),
                elapsed,
            });
            if elapsed > limit as f64 + 5.0 {
                return Err(TaskFailure::new(format!(
                    "async task did not complete within the requested time - {limit}s"
                )));
            }
        }
    }

    /// The evaluated arguments of a task, defaults of `module_defaults` below them.
    pub(crate) fn arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let failure = |e: kdo_template::TemplateError| self.template_failure(e);
        let all = self.default_arguments(vars, task)?;
        let full = full_name(&task.action.name);
        let finalising = |f: TaskFailure| f.during(&format!("Finalization of task args for '{full}' failed"));
        if let Some(template) = &task.action.template {
            match self
                .with_templar(vars, |t| t.resolve(&Value::Str(template.clone())))
                .map_err(failure)
                .map_err(finalising)?
            {
                Value::Map(m) => m.entries().into_iter().for_each(|(k, v)| {
                    all.insert(k, v);
                }),
                other => {
                    return Err(finalising(TaskFailure::early(format!(
                        "the arguments' template gave a {} instead of a dictionary",
                        other.type_name()
                    ))));
                }
            }
        }
        for (key, raw) in task.action.args.entries() {
            if let Some(value) = self.argument(vars, task, &key, &raw)? {
                let key = if key.is_templated() {
                    self.resolve(vars, &key)?
                } else {
                    key
                };
                all.insert(key, value);
            } else {
                all.remove(&key.to_text());
            }
        }
        Ok(all)
    }

    /// What `module_defaults` give the task.
    fn default_arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let all = Map::new();
        let full = full_name(&task.action.name);
        for level in task.scope.collected("module_defaults") {
            let levels = match level {
                Value::List(l) => l.to_vec(),
                v => vec![v],
            };
            for l in levels {
                let Value::Map(defaults) = l else { continue };
                for (name, values) in defaults.text_entries() {
                    if full_name(&name) != full {
                        continue;
                    }
                    if let Value::Map(values) = self.resolve(vars, &values)? {
                        values.entries().into_iter().for_each(|(k, v)| {
                            all.insert(k, v);
                        });
                    }
                }
            }
        }
        Ok(all)
    }

    /// The evaluated value of one argument; `None` if it is omitted.
    pub(crate) fn argument(
        &self,
        vars: &TaskVars,
        task: &Task,
        key: &Value,
        raw: &Value,
    ) -> Result<Option<Value>, TaskFailure> {
        self.resolve_or_omit(vars, raw).map_err(|e| {
            e.during(&format!(
                "Finalization of task args for '{}' failed: Error while resolving value for '{}'",
                full_name(&task.action.name),
                key.to_text()
            ))
        })
    }

    /// A condition of the user's.
    pub(crate) fn conditional(&self, vars: &TaskVars, raw: &Value) -> Result<bool, TaskFailure> {
        self.condition(vars, raw).map_err(|e| match e.undefined {
            true => e.during("Error while evaluating conditional"),
            false => e,
        })
    }

    /// The `environment` of all levels, evaluated and merged.
    fn environment(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let all = Map::new();
        for level in task.scope.collected("environment") {
            let parts = match self
                .resolve_or_omit(vars, &level)
                .map_err(|e| e.during("Error processing keyword 'environment'"))?
            {
                None => continue,
                Some(Value::List(l)) => l.to_vec(),
                Some(v) => vec![v],
            };
            for part in parts {
                match part {
                    Value::Map(m) => m.entries().into_iter().for_each(|(k, v)| {
                        all.insert(k, Value::str(v.to_text()));
                    }),
                    Value::None => {}
                    Value::Str(s) if s.is_empty() => {}
                    other => {
                        self.warn(format!(
                            "could not parse environment value, skipping: {}",
                            other.to_text()
                        ));
                    }
                }
            }
        }
        Ok(all)
    }
}

fn in_loop(vars: &TaskVars) -> bool {
    vars.local.borrow().iter().any(|m| m.contains("ansible_loop_var"))
}

/// A module's name with its namespace.
pub(crate) fn full_name(name: &str) -> String {
    match registry::find(name) {
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

/// The result of a looped task from those of its items.
fn loop_result(results: &[Value]) -> Map {
    let map = Map::new();
    let any = |key: &str| results.iter().any(|r| r.as_map().is_some_and(|m| truthy(m, key)));
    let all_skipped = results
        .iter()
        .all(|r| r.as_map().is_some_and(|m| truthy(m, "skipped")));
    map.insert("changed", any("changed"));
    if results.is_empty() {
        map.insert("skipped", true);
        map.insert("skipped_reason", "No items in the list");
        map.insert("results", Value::list([]));
        return map;
    }
    if any("unreachable") {
        map.insert("unreachable", true);
    }
    if any("failed") {
        map.insert("failed", true);
        map.insert("msg", "One or more items failed");
    } else if all_skipped {
        map.insert("msg", "All items skipped");
        map.insert("skipped", true);
    } else {
        map.insert("msg", "All items completed");
    }
    map.insert("results", Value::list(results.iter().cloned()));
    if all_skipped {
        map.insert("skipped", true);
    } else {
        map.insert("skipped", false);
        if !any("failed") {
            map.insert("failed", false);
        }
    }
    map
}

fn extended_loop(items: &[Value], index: usize, all: bool) -> Map {
    let map = Map::new();
    let count = items.len();
    if all {
        map.insert("allitems", Value::list(items.iter().cloned()));
    }
    map.insert("index", index + 1);
    map.insert("index0", index);
    map.insert("first", index == 0);
    map.insert("last", index + 1 == count);
    map.insert("length", count);
    map.insert("revindex", count - index);
    map.insert("revindex0", count - index - 1);
    if let Some(next) = items.get(index + 1) {
        map.insert("nextitem", next.clone());
    }
    if let Some(previous) = index.checked_sub(1).and_then(|i| items.get(i)) {
        map.insert("previtem", previous.clone());
    }
    map
}

impl Engine {
    /// A step's arguments as written, with those that one template gives.
    pub(crate) fn action_arguments(&self, step: &Step) -> Result<Map, TaskFailure> {
        let all = self.default_arguments(&step.vars, &step.task)?;
        if let Some(template) = &step.task.action.template {
            let during = format!(
                "Finalization of task args for '{}' failed",
                full_name(&step.task.action.name)
            );
            match self
                .resolve(&step.vars, &Value::Str(template.clone()))
                .map_err(|f| f.during(&during))?
            {
                Value::Map(m) => m.entries().into_iter().for_each(|(k, v)| {
                    all.insert(k, v);
                }),
                other => {
                    let what = format!("the arguments' template gave a {}", other.type_name());
                    return Err(TaskFailure::early(what).during(&during));
                }
            }
        }
        step.task.action.args.entries().into_iter().for_each(|(k, v)| {
            all.insert(k, v);
        });
        Ok(all)
    }
}

/// The lines of an output. Equal lines in succession share their text: an output may be many megabytes.
fn lines_of(text: &Text) -> Value {
    let mut last: Option<(&str, Value)> = None;
    let lines = kdo_template::splitlines(text);
    Value::list(lines.into_iter().map(|line| match &last {
        Some((before, value)) if *before == line => value.clone(),
        _ => {
            let value = Value::from(line);
            last = Some((line, value.clone()));
            value
        }
    }))
}
