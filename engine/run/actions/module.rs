//! Modules without a part on the controller.

use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step, task::full_name};
use kdo_value::Map;

/// The module that the agent runs for the step, and its arguments.
pub(crate) fn module_of(step: &Step, args: Map) -> Result<(String, Map), TaskFailure> {
    let name = full_name(&step.task.action.name);
    let shell = name == "ansible.builtin.shell";
    if shell || name == "ansible.builtin.command" {
        // `warn` was removed from ansible-core; roles of its time still have it.
        args.remove("warn");
        args.insert("_uses_shell", shell);
        return Ok(("ansible.builtin.command".into(), args));
    }
    Ok((name, args))
}

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let (name, args) = module_of(step, args)?;
    engine.invoke(step, &name, &args, Order::default()).await
}
