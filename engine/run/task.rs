//! One task on one host: its loop, its items, its result.

use crate::{
    actions,
    engine::Engine,
    failure::TaskFailure,
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
                Err(_) => text.as_str().to_owned(),
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
            role: task.scope.role().map(|r| r.full_name()),
            action: task.action.name.clone(),
            path: path.unwrap_or_default(),
            handler: task.handler,
            check: flag("check_mode", self.options.info.check),
            diff: flag("diff", self.options.info.diff),
            no_log: flag("no_log", false),
            tags: task.scope.collected("tags").iter().flat_map(crate::tags::words).collect(),
            args: None,
        })
    }

    /// Runs a task on a host, all items of its loop.
    pub(crate) async fn run_task(&self, play: &Rc<PlayRun>, task: &Rc<Task>, host: &str) -> Done {
        let started = Instant::now();
        let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
        if let Some(rescue) = play.rescue_vars.borrow().get(host) {
            vars.push(rescue.clone());
        }
        let info = self.task_info(&vars, task);
        self.tell(&Event::HostStart { host: host.to_owned(), task: Rc::clone(&info) });
        let mut done = match self.items(&vars, task) {
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
            Ok(Some(items)) => self.run_loop(play, task, &info, &vars, host, items, started).await,
            Err(failure) => {
                // What makes the loop impossible does not matter where the task is not to run.
                let result = match self.when(&vars, task) {
                    Ok(Some(skipped)) => skipped,
                    _ => failure.into_result(),
                };
                Done { host: host.to_owned(), status: status(&result), result, ignored: false, delegated: None, includes: Vec::new() }
            }
        };
        if done.status == Status::Failed && !done.ignored {
            done.ignored = self.ignores(&vars, task);
        }
        if done.status == Status::Unreachable {
            done.ignored = self.flag(&vars, task, "ignore_unreachable").ok().flatten().unwrap_or(false);
        }
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
                elapsed: started.elapsed().as_secs_f64(),
            }));
        }
        done
    }

    fn ignores(&self, vars: &TaskVars, task: &Task) -> bool {
        self.flag(vars, task, "ignore_errors").ok().flatten().unwrap_or(false)
    }

    /// The loop's items, if the task is looped.
    fn items(&self, vars: &TaskVars, task: &Task) -> Result<Option<Vec<Value>>, TaskFailure> {
        let Some(repeat) = &task.repeat else { return Ok(None) };
        let list = match &repeat.lookup {
            None => {
                let Some(value) = self.resolve_or_omit(vars, &repeat.value)? else { return Ok(None) };
                match value {
                    Value::List(l) => l.to_vec(),
                    Value::Tuple(t) => t.to_vec(),
                    other => {
                        return Err(TaskFailure::new(format!(
                            "Invalid data passed to 'loop', it requires a list, got this instead: {}. Hint: If you passed a list/dict of just one element, try adding wantlist=True to your lookup invocation or use q/query instead of lookup.",
                            other.to_text()
                        )));
                    }
                }
            }
            Some(name) => {
                // `with_LOOKUP` is `query('LOOKUP', …)` over its terms.
                let terms = self.with_templar(vars, |t| t.lookup_terms(name, &repeat.value)).map_err(|e| self.template_failure(e))?;
                terms
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
        let flag = |key: &str| control.get(key).is_some_and(|raw| self.resolve(vars, &raw).is_ok_and(|v| v.truthy()));
        let loop_var = text("loop_var").unwrap_or_else(|| "item".into());
        let index_var = text("index_var");
        let pause = text("pause").and_then(|p| p.trim().parse::<f64>().ok()).unwrap_or(0.0);
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
            let label = match control.get("label") {
                Some(raw) if !raw.is_none() => self.resolve(vars, &raw).unwrap_or_else(|_| item.clone()),
                _ => item.clone(),
            };
            let done = self.run_item(play, task, info, vars, host).await;
            let result = done.result;
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
                    delegated: done.delegated,
                    task: Rc::clone(info),
                    status: state,
                    ignored: failed && every_failure_ignored,
                    result: result.clone(),
                    item: Some(if info.no_log { Value::str("(censored due to no_log)") } else { label }),
                    looped: false,
                    elapsed: began.elapsed().as_secs_f64(),
                }));
            }
            let lost = state == Status::Unreachable;
            results.push(Value::Map(result));
            if lost || stop || self.interrupted.get() {
                break;
            }
        }
        let _ = (count, started);
        let result = loop_result(&results);
        let state = status(&result);
        let ignored = state == Status::Failed && every_failure_ignored;
        Done { host: host.to_owned(), status: state, result, ignored, delegated, includes }
    }

    /// The first condition that does not hold, as the result of a skipped task.
    fn when(&self, vars: &TaskVars, task: &Task) -> Result<Option<Map>, TaskFailure> {
        for condition in task.scope.collected("when") {
            let conditions = match &condition {
                Value::List(l) => l.to_vec(),
                v => vec![v.clone()],
            };
            for c in conditions {
                let holds = self.condition(vars, &c).map_err(|e| TaskFailure {
                    message: format!("Error while evaluating conditional: {}", e.message),
                    ..e
                })?;
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

    async fn run_item(&self, play: &Rc<PlayRun>, task: &Rc<Task>, info: &Rc<TaskInfo>, vars: &TaskVars, host: &str) -> ItemDone {
        let mut delegated = None;
        let outcome = self.try_item(play, task, info, vars, host, &mut delegated).await;
        let (result, include) = match outcome {
            Ok((result, include)) => (result, include),
            Err(failure) => {
                if let Some(text) = &failure.rendered {
                    self.tell(&Event::Error { text: text.clone() });
                }
                (failure.into_result(), None)
            }
        };
        if !result.contains("changed") {
            result.insert("changed", false);
        }
        if !result.contains("failed") && !truthy(&result, "skipped") && !truthy(&result, "unreachable") {
            result.insert("failed", false);
        }
        if info.no_log {
            result.insert("_ansible_no_log", true);
        }
        let ignored = status(&result) == Status::Failed && self.ignores(vars, task);
        ItemDone { result, include, delegated, ignored }
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
        if let Some(target) = self.keyword(vars, task, "delegate_to")?.map(|v| v.to_text()).filter(|t| !t.is_empty()) {
            *delegated = Some(target);
        }
        let short = task.action.short().to_owned();
        if matches!(short.as_str(), "include_tasks" | "include_role") {
            let args = self.arguments(vars, task)?;
            let map = Map::new();
            map.insert("changed", false);
            let include = Include { args, vars: Map::new(), item: None };
            return Ok((map, Some(include)));
        }
        let environment = self.environment(vars, task)?;
        let needs_route = actions::needs_connection(&short);
        let route = if needs_route {
            let target = delegated.as_deref().unwrap_or(host);
            let route_vars = TaskVars { host: target.to_owned(), ..vars.clone() };
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
            Some(v) => v.to_text().trim().parse::<f64>().unwrap_or(0.0) as u64,
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
                    let value = self.resolve_or_omit(vars, &raw)?;
                    match value {
                        None => Ok(None),
                        Some(v) => v.to_text().trim().parse().map(Some).map_err(|_| {
                            TaskFailure::new(format!("the field '{name}' has an invalid value ({}), and could not be converted to an int", v.repr()))
                        }),
                    }
                }
            }
        };
        let retries = number("retries")?;
        let tries = if until.is_some() || retries.is_some() { retries.unwrap_or(3.0).max(0.0) as u64 + 1 } else { 1 };
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
                            message: format!("Task failed: Timed out after {limit} second(s)."),
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
                    let held = self.condition(vars, condition);
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
            self.tell(&Event::Retry { host: step.host.clone(), task: Rc::clone(&step.info), left: tries - attempt, result: judged });
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
                result.insert(lines, Value::list(kdo_template::splitlines(&text).into_iter().map(Value::from)));
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
            let Some(condition) = task.own(&keyword) else { continue };
            if condition.as_list().is_some_and(kdo_value::List::is_empty) {
                continue;
            }
            self.with_result(vars, task, &result);
            let held = self.condition(vars, &condition);
            vars.pop();
            match held {
                Ok(held) => {
                    result.insert(key, held);
                    result.insert(format!("{keyword}_result"), held);
                }
                Err(e) => {
                    result.insert("failed", true);
                    result.insert(format!("{keyword}_result"), Value::str(e.message.clone()));
                    result.insert("msg", Value::str(format!("Task failed: {}", e.message)));
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
            Some(raw) => self.resolve_or_omit(&step.vars, &raw)?.map_or(0, |v| v.to_text().trim().parse::<i64>().unwrap_or(0)),
            None => 0,
        };
        if asynchronous > 0 && step.route.is_some() {
            return self.detached(step, &args, asynchronous).await;
        }
        actions::run(self, step, args).await
    }

    /// Starts a detached job and, unless `poll` is 0, waits for it.
    async fn detached(&self, step: &Step, args: &Map, limit: i64) -> Result<Map, TaskFailure> {
        let poll = match step.task.own("poll") {
            Some(raw) => self.resolve_or_omit(&step.vars, &raw)?.map_or(15, |v| v.to_text().trim().parse::<u64>().unwrap_or(15)),
            None => 15,
        };
        let job = format!("j{}.{}", rand::random_range(100_000_000_000_u64..1_000_000_000_000), std::process::id());
        let (module, args) = actions::module_of(step, args)?;
        let order = Order { job: Some((job.clone(), limit)), ..Order::default() };
        let started = self.invoke(step, &module, &args, order).await?;
        if poll == 0 || truthy(&started, "failed") {
            return Ok(started);
        }
        let begin = Instant::now();
        let query = Map::new();
        query.insert("jid", job.as_str());
        loop {
            tokio::time::sleep(Duration::from_secs(poll)).await;
            let state = self.invoke(step, "ansible.builtin.async_status", &query, Order { check: Some(false), ..Order::default() }).await?;
            if truthy(&state, "finished") {
                let cleanup = Map::new();
                cleanup.insert("jid", job.as_str());
                cleanup.insert("mode", "cleanup");
                self.invoke(step, "ansible.builtin.async_status", &cleanup, Order { check: Some(false), ..Order::default() }).await?;
                return Ok(state);
            }
            let elapsed = begin.elapsed().as_secs_f64();
            self.tell(&Event::AsyncPoll { host: step.host.clone(), job: job.clone(), elapsed });
            if elapsed > limit as f64 + 5.0 {
                return Err(TaskFailure::new(format!("async task did not complete within the requested time - {limit}s")));
            }
        }
    }

    /// The evaluated arguments of a task, defaults of `module_defaults` below them.
    pub(crate) fn arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let failure = |e: kdo_template::TemplateError| self.template_failure(e);
        let finalising = |f: TaskFailure| TaskFailure { message: format!("Finalization of task args for '{}' failed: {}", full_name(&task.action.name), f.message), ..f };
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
        if let Some(template) = &task.action.template {
            match self.with_templar(vars, |t| t.resolve(&Value::Str(template.clone()))).map_err(failure)? {
                Value::Map(m) => m.entries().into_iter().for_each(|(k, v)| {
                    all.insert(k, v);
                }),
                other => {
                    return Err(TaskFailure::new(format!("the arguments' template gave a {} instead of a dictionary", other.type_name())));
                }
            }
        }
        let own = self.with_templar(vars, |t| t.resolve_map(&task.action.args)).map_err(failure).map_err(finalising)?;
        own.entries().into_iter().for_each(|(k, v)| {
            all.insert(k, v);
        });
        Ok(all)
    }

    /// The `environment` of all levels, evaluated and merged.
    fn environment(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let all = Map::new();
        for level in task.scope.collected("environment") {
            let parts = match self.resolve_or_omit(vars, &level)? {
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
                        return Err(TaskFailure::new(format!("environment must be a dictionary, received {} ({})", other.to_text(), other.type_name())));
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
            if short.contains('.') { short.to_owned() } else { format!("ansible.builtin.{short}") }
        }
    }
}

/// What is shown for a task without a name.
fn shown_action(task: &Task) -> String {
    task.action.name.clone()
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
    let all_skipped = results.iter().all(|r| r.as_map().is_some_and(|m| truthy(m, "skipped")));
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
        let all = Map::new();
        if let Some(template) = &step.task.action.template
            && let Value::Map(m) = self.resolve(&step.vars, &Value::Str(template.clone()))?
        {
            m.entries().into_iter().for_each(|(k, v)| {
                all.insert(k, v);
            });
        }
        step.task.action.args.entries().into_iter().for_each(|(k, v)| {
            all.insert(k, v);
        });
        Ok(all)
    }
}
