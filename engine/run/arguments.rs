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

    /// What `module_defaults` give the task: those of its groups, then the module's own. An inner level's entry takes
    /// the place of an outer one's of the same name.
    pub(crate) fn default_arguments(&self, vars: &TaskVars, task: &Task) -> Result<Map, TaskFailure> {
        self.defaults_for(vars, task, &own_name(&task.action.name))
    }

    /// What `module_defaults` give a module, named in full, that the task uses.
    pub(crate) fn defaults_for(&self, vars: &TaskVars, task: &Task, full: &str) -> Result<Map, TaskFailure> {
        let (all, entries) = (Map::new(), Map::new());
        for level in task.scope.collected("module_defaults") {
            let levels = match level {
                Value::List(l) => l.to_vec(),
                v => vec![v],
            };
            for l in levels {
                let Value::Map(defaults) = l else { continue };
                for (name, values) in defaults.text_entries() {
                    let group = name.strip_prefix("group/");
                    if group.is_some_and(|g| self.loader.in_action_group(g, full)) {
                        entries.insert(name.as_str(), values);
                    } else if group.is_none() && own_name(&name) == full {
                        entries.insert(full, values);
                    }
                }
            }
        }
        let own = entries.remove(full);
        let groups = entries.text_entries().into_iter().map(|(_, values)| values);
        for values in groups.chain(own) {
            if let Value::Map(values) = self.resolve(vars, &values)? {
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
        let gathering = matches!(task.action.short(), "gather_facts" | "setup");
        let during = |e: TaskFailure| e.during("Error processing keyword 'environment'");
        let unknown_yet = |e: &TaskFailure| {
            e.message.contains("ansible_env") || gathering && e.message.contains("ansible_facts.env")
        };
        let add = |name: Value, value: &Value| {
            all.insert(name, Value::str(value.to_text()));
        };
        for level in task.scope.collected("environment") {
            let parts = match &level {
                Value::List(l) => l.to_vec(),
                v => vec![v.clone()],
            };
            for part in parts {
                if let Value::Map(written) = &part {
                    for (name, raw) in written.entries() {
                        match self.resolve_or_omit(vars, &raw) {
                            Ok(Some(value)) => add(name, &value),
                            Ok(None) => {}
                            Err(e) if unknown_yet(&e) => {}
                            Err(e) => return Err(during(e)),
                        }
                    }
                    continue;
                }
                let values = match self.resolve_or_omit(vars, &part).map_err(during)? {
                    Some(Value::List(l)) => l.to_vec(),
                    Some(one) => vec![one],
                    None => continue,
                };
                for value in values {
                    match value {
                        Value::Map(m) => m.entries().into_iter().for_each(|(k, v)| add(k, &v)),
                        Value::None => {}
                        Value::Str(s) if s.is_empty() => {}
                        _ => self.warn(format!(
                            "could not parse environment value, skipping: {}",
                            match &level {
                                list @ Value::List(_) => list.repr(),
                                one => Value::list([one.clone()]).repr(),
                            }
                        )),
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

/// The full name of an action; `gather_facts` is another one than the module that it uses.
fn own_name(action: &str) -> String {
    match action.rsplit('.').next() {
        Some("gather_facts") => "ansible.builtin.gather_facts".into(),
        _ => full_name(action),
    }
}
