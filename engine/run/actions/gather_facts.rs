//! `gather_facts`: the facts that a play begins with.

use crate::actions::About;
use crate::{
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
    task::{full_name, truthy},
};
use kdo_inventory::{HashBehaviour, merge};
use kdo_modules::{
    Meta, Support,
    params::{Kind, Param, Spec},
    registry,
};
use kdo_playbook::{Action, Task};
use kdo_template::Variables;
use kdo_value::{Map, Value};
use std::rc::Rc;

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
            "No effect: hosts are asked side by side, and the modules of one host (`facts_modules`) take turns.",
        )],
    ),
};

/// The module of facts that needs no naming.
const SETUP: &str = "ansible.builtin.setup";

fn is_setup(module: &str) -> bool {
    full_name(module) == SETUP
}

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    args.remove("parallel");
    args.remove("_raw_params");
    let modules = modules(engine, step)?;
    if let [only] = modules.as_slice()
        && is_setup(only)
    {
        return setup(engine, step, &args).await;
    }
    let (result, facts) = (Map::new(), Map::new());
    let (failed, skipped) = (Map::new(), Map::new());
    let mut warnings = Vec::new();
    for module in &modules {
        let one = if is_setup(module) {
            setup(engine, step, &args.copied()).await?
        } else {
            other(engine, step, module, &args).await?
        };
        if truthy(&one, "failed") {
            failed.insert(module.as_str(), one);
        } else if truthy(&one, "skipped") {
            skipped.insert(module.as_str(), one);
        } else {
            if let Some(Value::Map(found)) = one.get("ansible_facts") {
                merge(&facts, &found, HashBehaviour::Merge);
            }
            if let Some(Value::List(told)) = one.get("warnings") {
                warnings.extend(told.to_vec());
            }
        }
    }
    result.insert("ansible_facts", facts);
    if !warnings.is_empty() {
        result.insert("warnings", Value::list(warnings));
    }
    let names = |of: &Map| {
        let names: Vec<String> = of.text_entries().into_iter().map(|(name, _)| name).collect();
        names.join(", ")
    };
    if !skipped.is_empty() {
        result.insert(
            "msg",
            format!("The following modules were skipped: {}.", names(&skipped)),
        );
        if skipped.len() == modules.len() {
            result.insert("skipped", true);
        }
        result.insert("skipped_modules", skipped);
    }
    if !failed.is_empty() {
        result.insert("failed", true);
        result.insert(
            "msg",
            format!("The following modules failed to execute: {}.", names(&failed)),
        );
        result.insert("failed_modules", failed);
    }
    Ok(result)
}

/// The modules that find out facts: `facts_modules`, in which `smart` stands for what is usual.
fn modules(engine: &Engine, step: &Step) -> Result<Vec<String>, TaskFailure> {
    let mut modules = match step.vars.get("ansible_facts_modules") {
        None => engine.options.facts_modules.clone(),
        Some(raw) => match engine.resolve(&step.vars, &raw)? {
            Value::List(names) => names.to_vec().iter().map(Value::to_text).collect(),
            other => other.to_text().split(',').map(|n| n.trim().to_owned()).collect(),
        },
    };
    let before = modules.len();
    modules.retain(|m| m != "smart");
    if modules.len() < before && !modules.iter().any(|m| is_setup(m)) {
        modules.push(SETUP.to_owned());
    }
    Ok(modules)
}

/// A module beside `setup`; what is meant for that one is kept from it.
async fn other(engine: &Engine, step: &Step, module: &str, args: &Map) -> Result<Map, TaskFailure> {
    let args = args.copied();
    for (name, word) in [
        ("gather_subset", "subset"),
        ("gather_timeout", "timeout"),
        ("filter", "filter"),
    ] {
        let usual = |v: &Value| name == "gather_subset" && matches!(v.to_text().as_str(), "all" | "['all']");
        if let Some(value) = args.remove(name).filter(|v| !v.is_none() && !usual(v)) {
            engine.warn(format!("Not passing {word}({}) to {module}", value.to_text()));
        }
    }
    add_defaults(engine, step, &full_name(module), &args)?;
    let task = Task {
        action: Action {
            name: module.to_owned(),
            ..step.task.action.clone()
        },
        ..(*step.task).clone()
    };
    let step = Step {
        task: Rc::new(task),
        ..step.clone()
    };
    if engine.program_of(&step.play.vars, &step.task).is_none() && registry::find(module).is_none() {
        return Err(TaskFailure::early(format!(
            "The module {module} was not found in configured module paths"
        )));
    }
    super::module::run(engine, &step, args).await
}

/// Adds `module_defaults` of the module.
fn add_defaults(engine: &Engine, step: &Step, module: &str, args: &Map) -> Result<(), TaskFailure> {
    let defaults = engine.defaults_for(&step.vars, &step.task, module)?;
    for (name, value) in defaults.entries() {
        if !args.contains(&name.to_text()) {
            args.insert(name, value);
        }
    }
    Ok(())
}

async fn setup(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    add_defaults(engine, step, SETUP, args)?;
    let result = engine.invoke(step, SETUP, args, Order::default()).await?;
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
