//! The evaluated arguments and environment of a task.

use crate::{engine::Engine, failure::TaskFailure, step::Step, task::full_name};
use kdo_playbook::Task;
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;

impl Engine {
    /// The evaluated arguments of a task, defaults of `module_defaults` below them.
    pub(crate) fn arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let all = self.default_arguments(vars, task)?;
        self.add_template_arguments(vars, task, &all)?;
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

    /// Adds the arguments that one template gives as a whole; it may be omitted.
    fn add_template_arguments(&self, vars: &TaskVars, task: &Task, all: &Map) -> Result<(), TaskFailure> {
        let Some(template) = &task.action.template else {
            return Ok(());
        };
        let during = format!(
            "Finalization of task args for '{}' failed",
            full_name(&task.action.name)
        );
        match self
            .resolve_or_omit(vars, &Value::Str(template.clone()))
            .map_err(|f| f.during(&during))?
        {
            None => {}
            Some(Value::Map(m)) => m.entries().into_iter().for_each(|(k, v)| {
                all.insert(k, v);
            }),
            Some(other) => {
                let what = format!("Task args must resolve to a 'dict' not '{}'.", other.type_name());
                return Err(TaskFailure::early(what).during(&during));
            }
        }
        Ok(())
    }

    /// What `module_defaults` give the task.
    pub(crate) fn default_arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
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

    /// The `environment` of all levels, evaluated and merged.
    pub(crate) fn environment(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
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

    /// A step's arguments as written, with those that one template gives.
    pub(crate) fn action_arguments(&self, step: &Step) -> Result<Map, TaskFailure> {
        let all = self.default_arguments(&step.vars, &step.task)?;
        self.add_template_arguments(&step.vars, &step.task, &all)?;
        step.task.action.args.entries().into_iter().for_each(|(k, v)| {
            all.insert(k, v);
        });
        Ok(all)
    }
}
