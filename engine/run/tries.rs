//! Running a step: its tries, detached jobs, and what its result is judged to be.

use crate::{
    actions, engine::Engine, failure::TaskFailure, invoke::Order, step::Step, task::full_name, task::truthy,
};
use kdo_event::Event;
use kdo_playbook::Task;
use kdo_value::{Map, Text, Value};
use kdo_vars::TaskVars;
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

impl Engine {
    /// Runs the step until its `until` holds or its tries are used up.
    pub(crate) async fn tries(&self, step: &Step, limit: u64) -> Result<Map, TaskFailure> {
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
                        details.insert(
                            "frame",
                            "Configure `DISPLAY_TRACEBACK` to see a traceback on timeout errors.",
                        );
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
            if tries > 1 {
                result.insert("attempts", attempt);
            }
            let judged = self.judge(step, result)?;
            if tries == 1 {
                return Ok(judged);
            }
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

    /// Makes the result visible under its registered name, with `failed` and `changed` in any case; says whether a level
    /// was added.
    pub(crate) fn with_result(&self, vars: &TaskVars, task: &Task, result: &Map) -> bool {
        let level = Map::new();
        if let Some(name) = task.own("register") {
            let shown = result.copied();
            for key in ["failed", "changed"] {
                if !shown.contains(key) {
                    shown.insert(key, false);
                }
            }
            shown.freeze();
            level.insert(name.to_text(), shown);
        }
        vars.push(level);
        true
    }

    /// `failed`, `changed_when`, `failed_when` and the lines of outputs.
    pub(crate) fn judge(&self, step: &Step, result: Map) -> Result<Map, TaskFailure> {
        for name in ["stdout", "stderr"] {
            let lines = format!("{name}_lines");
            if let Some(Value::Str(text)) = result.get(name)
                && step.task.action.short() != "pause"
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
            self.with_facts(step, &result);
            let held = self.conditional(vars, &condition);
            vars.pop();
            vars.pop();
            match held {
                Ok(held) => {
                    if key == "failed" {
                        if !held && truthy(&result, "failed") && !said_to_fail(task.action.short()) {
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
                        result.insert(crate::failure::RENDERED, format!("{}\n{rendered}", e.message));
                    }
                }
            }
        }
        if let Some(Value::Map(facts)) = result.get("ansible_facts")
            && !truthy(&result, "failed")
        {
            self.take_facts(step, &facts);
        }
        Ok(result)
    }

    /// Makes the facts of a result visible to its conditions; adds a level in any case.
    fn with_facts(&self, step: &Step, result: &Map) {
        let level = Map::new();
        if let Some(Value::Map(facts)) = result.get("ansible_facts") {
            let set = matches!(step.task.action.short(), "set_fact" | "include_vars");
            if !set {
                let all = self
                    .store
                    .facts(&step.host)
                    .map(|m| m.copied())
                    .unwrap_or_default();
                for (key, value) in facts.text_entries() {
                    all.insert(key.strip_prefix("ansible_").unwrap_or(&key), value);
                }
                level.insert("ansible_facts", all);
            }
            if set || self.options.info.inject_facts {
                for (key, value) in facts.text_entries() {
                    level.insert(key, value);
                }
            }
        }
        step.vars.push(level);
    }

    pub(crate) fn take_facts(&self, step: &Step, facts: &Map) {
        let action = step.task.action.short();
        let owner = match self.flag(&step.vars, &step.task, "delegate_facts") {
            Ok(Some(true)) => step.target().to_owned(),
            _ => step.host.clone(),
        };
        match action {
            "set_fact" | "include_vars" | "debug" => {}
            _ => self.store.add_facts(&owner, facts),
        }
    }

    /// Runs the action or module once.
    pub(crate) async fn once(&self, step: &Step) -> Result<Map, TaskFailure> {
        let task = &step.task;
        if task.action.has_stray_text() {
            let name = full_name(&task.action.name);
            return Err(TaskFailure::early(format!(
                "Action '{name}' does not support raw params."
            )));
        }
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
    pub(crate) async fn detached(&self, step: &Step, args: &Map, limit: i64) -> Result<Map, TaskFailure> {
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
        let (module, args) = actions::module_of(self, step, args.copied())?;
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
}

/// Actions whose failure is what was asked for, not an error of theirs.
pub(crate) fn said_to_fail(action: &str) -> bool {
    matches!(action, "assert" | "fail")
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
