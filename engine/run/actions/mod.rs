//! Actions: what is done on the controller, alone or before and after a module. One file each.

mod add_host;
mod assemble;
mod assert;
mod copy;
mod debug;
mod fail;
mod fetch;
mod gather_facts;
mod group_by;
mod include_vars;
mod module;
mod pause;
mod raw;
mod reboot;
mod script;
mod set_fact;
mod set_stats;
mod template;
mod unarchive;
mod validate_argument_spec;
mod wait_for_connection;

pub(crate) use module::module_of;

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_value::Map;

/// Names of all actions, sorted, without namespace.
pub(crate) const NAMES: &[&str] = &[
    "add_host",
    "assemble",
    "assert",
    "copy",
    "debug",
    "fail",
    "fetch",
    "gather_facts",
    "group_by",
    "import_role",
    "import_tasks",
    "include_role",
    "include_tasks",
    "include_vars",
    "meta",
    "pause",
    "raw",
    "reboot",
    "script",
    "set_fact",
    "set_stats",
    "template",
    "unarchive",
    "validate_argument_spec",
    "wait_for_connection",
];

/// Actions that never reach a host.
const WITHOUT_HOST: &[&str] = &[
    "add_host",
    "assert",
    "debug",
    "fail",
    "group_by",
    "include_vars",
    "meta",
    "pause",
    "set_fact",
    "set_stats",
    "validate_argument_spec",
];

/// Whether there is an action of that name.
pub(crate) fn exists(name: &str) -> bool {
    let short = short(name);
    NAMES.binary_search(&short).is_ok()
}

fn short(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.").or_else(|| name.strip_prefix("ansible.legacy.")).unwrap_or(name)
}

/// Whether the action reaches a host.
pub(crate) fn needs_connection(short: &str) -> bool {
    !WITHOUT_HOST.contains(&short)
}

/// Whether the action evaluates its arguments itself.
pub(crate) fn takes_raw_arguments(short: &str) -> bool {
    matches!(short, "assert" | "debug" | "meta")
}

/// Runs the step's action or module.
pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    match step.task.action.short() {
        "add_host" => add_host::run(engine, step, &args),
        "assemble" => assemble::run(engine, step, args).await,
        "assert" => assert::run(engine, step),
        "copy" => copy::run(engine, step, args).await,
        "debug" => debug::run(engine, step),
        "fail" => fail::run(&args),
        "fetch" => fetch::run(engine, step, args).await,
        "gather_facts" => gather_facts::run(engine, step, args).await,
        "group_by" => group_by::run(engine, step, &args),
        "include_vars" => include_vars::run(engine, step, &args),
        "pause" => pause::run(engine, step, &args).await,
        "raw" => raw::run(engine, step, &args).await,
        "reboot" => reboot::run(engine, step, &args).await,
        "script" => script::run(engine, step, args).await,
        "set_fact" => set_fact::run(&args),
        "set_stats" => set_stats::run(engine, step, &args),
        "template" => template::run(engine, step, args).await,
        "unarchive" => unarchive::run(engine, step, args).await,
        "validate_argument_spec" => validate_argument_spec::run(engine, step, &args),
        "wait_for_connection" => wait_for_connection::run(engine, step, &args).await,
        _ => module::run(engine, step, args).await,
    }
}
