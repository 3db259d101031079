//! `gather_facts`: the facts that a play begins with.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::{
    Meta, Support,
    params::{Kind, Param, Spec},
};
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.gather_facts",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Find out facts about hosts, as plays do at their start\n\nTakes the arguments of `setup` too.",
        &[Param::new(
            "parallel",
            Kind::Bool,
            "No effect: there is one module of facts, and hosts are asked side by side anyway.",
        )],
    ),
};

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    args.remove("parallel");
    args.remove("_raw_params");
    for (name, value) in engine
        .defaults_for(&step.vars, &step.task, "ansible.builtin.setup")?
        .entries()
    {
        if !args.contains(&name.to_text()) {
            args.insert(name, value);
        }
    }
    let result = engine
        .invoke(step, "ansible.builtin.setup", &args, Order::default())
        .await?;
    // What is shown with -v is not the whole bulk of facts' module arguments.
    result.remove("invocation");
    if let Some(Value::Map(facts)) = result.get("ansible_facts") {
        if !args.contains("gather_subset") && !args.contains("filter") {
            engine.tell_python_programs(step, &facts);
        }
        facts.insert(
            "gather_subset",
            args.get("gather_subset")
                .unwrap_or_else(|| Value::list([Value::str("all")])),
        );
        facts.insert("module_setup", true);
    }
    Ok(result)
}
