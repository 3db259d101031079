//! `package`: the module of the host's package manager.

use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::registry;
use kdo_template::Variables;
use kdo_value::{Map, Value};

const MODULE: &str = "ansible.builtin.package";
const SETUP: &str = "ansible.builtin.setup";

/// The package manager that the fact tells, if a map of facts has it.
fn fact(facts: &Value, name: &str) -> Option<String> {
    let value = facts.as_map()?.get(name)?;
    value.truthy().then(|| value.to_text())
}

impl Engine {
    /// The manager by the variables: asked for, or gathered as fact.
    fn known_manager(&self, step: &Step) -> Result<Option<String>, TaskFailure> {
        let variable = |name: &str| match step.vars.get(name) {
            Some(raw) => self.resolve(&step.vars, &raw),
            None => Ok(Value::None),
        };
        let wanted = variable("ansible_package_use")?;
        if wanted.truthy() {
            return Ok(Some(wanted.to_text()));
        }
        let facts = match &step.delegated {
            None => variable("ansible_facts")?,
            Some(host) => {
                let of = |map: &Value, key: &str| map.as_map().and_then(|m| m.get(key));
                of(&variable("hostvars")?, host)
                    .and_then(|vars| of(&vars, "ansible_facts"))
                    .unwrap_or(Value::None)
            }
        };
        Ok(fact(&facts, "pkg_mgr"))
    }

    /// The manager by the machine itself.
    async fn detected_manager(&self, step: &Step) -> Result<Option<String>, TaskFailure> {
        let args = Map::new();
        args.insert("filter", Value::list([Value::str("ansible_pkg_mgr")]));
        args.insert("gather_subset", Value::list([Value::str("!all")]));
        let result = self.invoke(step, SETUP, &args, Order::default()).await?;
        let facts = result.get("ansible_facts").unwrap_or(Value::None);
        Ok(fact(&facts, "ansible_pkg_mgr"))
    }
}

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let named = args.remove("use").map(|v| v.to_text()).filter(|v| v != "auto");
    let manager = match named {
        Some(manager) => Some(manager),
        None => match engine.known_manager(step)? {
            Some(manager) => Some(manager),
            None => engine.detected_manager(step).await?,
        },
    };
    let manager = manager.filter(|m| m != "auto").ok_or_else(|| {
        TaskFailure::new(
            "Could not detect which package manager to use. Try gathering facts or setting the \"use\" option.",
        )
    })?;
    let module = registry::find(&manager)
        .map(|entry| entry.meta.name)
        .filter(|name| *name != MODULE)
        .ok_or_else(|| {
            TaskFailure::new(format!(
                "Could not find a matching action for the \"{manager}\" package manager."
            ))
        })?;
    for (name, value) in engine.defaults_for(&step.vars, &step.task, module)?.entries() {
        if !args.contains(&name.to_text()) {
            args.insert(name, value);
        }
    }
    engine.invoke(step, module, &args, Order::default()).await
}
