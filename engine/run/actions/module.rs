//! Modules without a part on the controller.

use crate::{
    actions::custom, engine::Engine, failure::TaskFailure, invoke::Order, step::Step, task::full_name,
};
use kdo_value::Map;

/// The module that the agent runs for the step, and its arguments.
pub(crate) fn module_of(engine: &Engine, step: &Step, args: Map) -> Result<(String, Map), TaskFailure> {
    let found = engine.program_of(&step.play.vars, &step.task);
    if let Some(path) = found {
        return custom::module(engine, step, &path, args);
    }
    if let Some(problem) = crate::unported::message(&step.task.action.name) {
        return Err(TaskFailure {
            open: true,
            ..TaskFailure::new(problem)
        });
    }
    let name = full_name(&step.task.action.name);
    let shell = name == "ansible.builtin.shell";
    if shell || name == "ansible.builtin.command" {
        // `warn` was removed from ansible-core; roles of its time still have it.
        args.remove("warn");
        // A shell expands variables itself.
        if shell && args.contains("expand_argument_vars") {
            return Err(TaskFailure::new(
                "Unsupported parameters for (shell) module: expand_argument_vars",
            ));
        }
        args.insert("_uses_shell", shell);
        return Ok(("ansible.builtin.command".into(), args));
    }
    Ok((name, args))
}

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let (name, args) = module_of(engine, step, args)?;
    let text = |key: &str| args.get(key).map(|v| v.to_text());
    if name == "ansible.builtin.user"
        && text("state").as_deref() == Some("absent")
        && let Some(user) = text("name").or_else(|| text("user"))
    {
        engine.connections.leave(step.target(), &user).await;
    }
    engine.invoke(step, &name, &args, Order::default()).await
}
