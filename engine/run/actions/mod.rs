//! Actions: what is done on the controller, alone or before and after a module. One file each.

mod add_host;
mod assemble;
mod assert;
mod copy;
pub(crate) mod custom;
mod debug;
mod fail;
mod fetch;
mod gather_facts;
mod group_by;
mod include_vars;
mod module;
mod patch;
mod pause;
mod raw;
mod reboot;
mod script;
mod set_fact;
mod set_stats;
mod synchronize;
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

/// Options of the actions that check nothing but their names, sorted.
const OPTIONS: &[(&str, &[&str])] = &[
    ("fail", &["msg"]),
    ("group_by", &["key", "parents"]),
    (
        "reboot",
        &[
            "boot_time_command",
            "connect_timeout",
            "connect_timeout_sec",
            "msg",
            "post_reboot_delay",
            "post_reboot_delay_sec",
            "pre_reboot_delay",
            "pre_reboot_delay_sec",
            "reboot_command",
            "reboot_timeout",
            "reboot_timeout_sec",
            "search_paths",
            "test_command",
        ],
    ),
    ("set_stats", &["aggregate", "data", "per_host"]),
    (
        "wait_for_connection",
        &["connect_timeout", "delay", "sleep", "timeout"],
    ),
];

/// The name of an argument that the action has no option for, as the failure that it is.
fn stray_option(action: &str, args: &Map) -> Result<(), TaskFailure> {
    let Some((_, known)) = OPTIONS.iter().find(|(name, _)| *name == action) else {
        return Ok(());
    };
    match args
        .text_entries()
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        Some((name, _)) => Err(TaskFailure::new(format!("Invalid options for {action}: {name}"))),
        None => Ok(()),
    }
}

/// Whether there is an action of that name.
pub(crate) fn exists(name: &str) -> bool {
    let short = short(name);
    NAMES.binary_search(&short).is_ok()
}

fn short(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name)
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
    stray_option(step.task.action.short(), &args)?;
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
        "ansible.posix.patch" | "patch" => patch::run(engine, step, args).await,
        "pause" => pause::run(engine, step, &args).await,
        "raw" => raw::run(engine, step, &args).await,
        "reboot" => reboot::run(engine, step, &args).await,
        "script" => script::run(engine, step, args).await,
        "set_fact" => set_fact::run(&args),
        "set_stats" => set_stats::run(engine, step, &args),
        "ansible.posix.synchronize" | "synchronize" => synchronize::run(engine, step, args).await,
        "template" => template::run(engine, step, args).await,
        "unarchive" => unarchive::run(engine, step, args).await,
        "validate_argument_spec" => validate_argument_spec::run(engine, step, &args),
        "wait_for_connection" => wait_for_connection::run(engine, step, &args).await,
        _ => module::run(engine, step, args).await,
    }
}
