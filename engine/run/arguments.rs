//! The evaluated arguments and environment of a task.

use crate::{engine::Engine, failure::TaskFailure, step::Step, task::full_name};
use kdo_playbook::Task;
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;

impl Engine {
    /// The evaluated arguments of a task, defaults of `module_defaults` below them.
    pub(crate) fn arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let (raw, all) = (self.default_arguments(vars, task)?, Map::new());
        self.add_template_arguments(vars, task, &all)?;
        all.keys().iter().for_each(|k| {
            raw.remove(&k.to_text());
        });
        task.action.args.entries().into_iter().for_each(|(k, v)| {
            raw.insert(k, v);
        });
        for (key, raw) in raw.entries() {
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

    /// What `module_defaults` give the task as written: those of its groups, then the module's own.
    pub(crate) fn default_arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        self.written_defaults(vars, task, &own_name(&task.action.name))
    }

    /// What `module_defaults` give a module, named in full, that the task uses.
    pub(crate) fn defaults_for(&self, vars: &TaskVars, task: &Task, full: &str) -> Result<Map, TaskFailure> {
        let written = self.written_defaults(vars, task, full)?;
        match self.resolve(vars, &written.into())? {
            Value::Map(all) => Ok(all),
            _ => Ok(Map::new()),
        }
    }

    /// An inner level's entry takes the place of an outer one's of the same name.
    fn written_defaults(&self, vars: &TaskVars, task: &Task, full: &str) -> Result<Map, TaskFailure> {
        let (all, entries) = (Map::new(), Map::new());
        for level in task.scope.listed("module_defaults") {
            let Value::Map(defaults) = level else { continue };
            for (name, values) in defaults.text_entries() {
                let group = name.strip_prefix("group/");
                if group.is_some_and(|g| self.loader.in_action_group(g, full)) {
                    entries.insert(name.as_str(), values);
                } else if group.is_none() && own_name(&name) == full {
                    entries.insert(full, values);
                }
            }
        }
        let own = entries.remove(full);
        let groups = entries.text_entries().into_iter().map(|(_, values)| values);
        for values in groups.chain(own) {
            let values = match values {
                Value::Map(_) => values,
                template => self.resolve(vars, &template)?,
            };
            if let Value::Map(values) = values {
                values.entries().into_iter().for_each(|(k, v)| {
                    all.insert(k, v);
                });
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

    /// The `environment` of all levels, evaluated and merged. Variables that name facts of the environment are left
    /// out while these are not known.
    pub(crate) fn environment(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        let all = Map::new();
        let during = |e: TaskFailure| e.during("Error processing keyword 'environment'");
        let levels = task.scope.listed("environment");
        for level in &levels {
            if let Value::Map(written) = level {
                for (name, raw) in written.entries() {
                    match self.resolve_or_omit(vars, &raw) {
                        Ok(Some(value)) => {
                            all.insert(name, Value::str(value.to_text()));
                        }
                        Ok(None) => {}
                        Err(e) if e.undefined && waits_for_facts(task, &e.message) => {}
                        Err(e) => return Err(during(e)),
                    }
                }
                continue;
            }
            match self.resolve_or_omit(vars, level).map_err(during)? {
                Some(Value::Map(m)) => m.entries().into_iter().for_each(|(k, v)| {
                    all.insert(k, Value::str(v.to_text()));
                }),
                None => {}
                // A list that a template gives is not looked into.
                Some(_) => self.warn(format!(
                    "could not parse environment value, skipping: {}",
                    Value::list(levels.iter().cloned()).repr()
                )),
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

/// The full name of an action; `gather_facts` is another one than the module that it uses.
pub(crate) fn own_name(action: &str) -> String {
    match action.rsplit('.').next() {
        Some("gather_facts") => "ansible.builtin.gather_facts".into(),
        _ => full_name(action),
    }
}

/// Whether a variable may only be missing because facts are not there yet.
fn waits_for_facts(task: &Task, message: &str) -> bool {
    let gathers = matches!(task.action.short(), "setup" | "gather_facts");
    message.contains("ansible_env") || (gathers && message.contains("ansible_facts.env"))
}
