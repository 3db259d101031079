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
mod package;
mod patch;
mod pause;
mod raw;
mod reboot;
mod script;
mod set_fact;
mod set_stats;
mod statements;
mod synchronize;
mod template;
mod unarchive;
mod uri;
mod validate_argument_spec;
mod wait_for_connection;

pub(crate) use module::module_of;

use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{Meta, params::Spec};
use kdo_value::Map;

/// What is said of an action or module: name, support of modes, return values; parameters.
#[derive(Clone, Copy)]
pub struct About {
    /// Name, modes, return values, examples.
    pub meta: &'static Meta,
    /// Parameters.
    pub spec: &'static Spec,
}

struct Action {
    /// Without namespace.
    name: &'static str,
    /// Whether it reaches a host.
    reaches: bool,
    /// What is said of it, unless its module says it.
    about: Option<&'static About>,
}

const fn action(name: &'static str, reaches: bool, about: Option<&'static About>) -> Action {
    Action { name, reaches, about }
}

/// All actions, sorted.
const ACTIONS: &[Action] = &[
    action("add_host", false, Some(&add_host::ABOUT)),
    action("assemble", true, None),
    action("assert", false, Some(&assert::ABOUT)),
    action("copy", true, None),
    action("debug", false, Some(&debug::ABOUT)),
    action("fail", false, Some(&fail::ABOUT)),
    action("fetch", true, Some(&fetch::ABOUT)),
    action("gather_facts", true, Some(&gather_facts::ABOUT)),
    action("group_by", false, Some(&group_by::ABOUT)),
    action("import_role", true, Some(&statements::IMPORT_ROLE)),
    action("import_tasks", true, Some(&statements::IMPORT_TASKS)),
    action("include_role", true, Some(&statements::INCLUDE_ROLE)),
    action("include_tasks", true, Some(&statements::INCLUDE_TASKS)),
    action("include_vars", false, Some(&include_vars::ABOUT)),
    action("meta", false, Some(&statements::META)),
    action("pause", false, Some(&pause::ABOUT)),
    action("raw", true, Some(&raw::ABOUT)),
    action("reboot", true, Some(&reboot::ABOUT)),
    action("script", true, None),
    action("set_fact", false, Some(&set_fact::ABOUT)),
    action("set_stats", false, Some(&set_stats::ABOUT)),
    action("template", true, Some(&template::ABOUT)),
    action("unarchive", true, None),
    action("uri", true, None),
    action(
        "validate_argument_spec",
        false,
        Some(&validate_argument_spec::ABOUT),
    ),
    action("wait_for_connection", true, Some(&wait_for_connection::ABOUT)),
];

/// Actions that check nothing but the names of their options.
const NAMES_ONLY: &[&str] = &["fail", "group_by", "reboot", "set_stats", "wait_for_connection"];

fn find(name: &str) -> Option<&'static Action> {
    let short = short(name);
    let at = ACTIONS.binary_search_by(|a| a.name.cmp(short)).ok()?;
    ACTIONS.get(at)
}

/// Names of all actions, sorted, without namespace.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    ACTIONS.iter().map(|a| a.name)
}

/// What is said of all actions and statements that have no module of their name.
pub(crate) fn abouts() -> impl Iterator<Item = &'static About> {
    let all = ACTIONS.iter().filter_map(|a| a.about);
    all.chain(std::iter::once(&statements::IMPORT_PLAYBOOK))
}

/// The name of an argument that the action has no option for, as the failure that it is.
fn stray_option(action: &str, args: &Map) -> Result<(), TaskFailure> {
    let Some(about) = find(action)
        .and_then(|a| a.about)
        .filter(|_| NAMES_ONLY.contains(&action))
    else {
        return Ok(());
    };
    let entries = args.text_entries();
    match entries.iter().find(|(name, _)| about.spec.find(name).is_none()) {
        Some((name, _)) => Err(TaskFailure::new(format!("Invalid options for {action}: {name}"))),
        None => Ok(()),
    }
}

/// Whether there is an action of that name.
pub(crate) fn exists(name: &str) -> bool {
    find(name).is_some()
}

fn short(name: &str) -> &str {
    name.strip_prefix("ansible.builtin.")
        .or_else(|| name.strip_prefix("ansible.legacy."))
        .unwrap_or(name)
}

/// Whether the action reaches a host.
pub(crate) fn needs_connection(short: &str) -> bool {
    find(short).is_none_or(|a| a.reaches)
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
        "package" => package::run(engine, step, args).await,
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
        "uri" => uri::run(engine, step, args).await,
        "validate_argument_spec" => validate_argument_spec::run(engine, step, &args),
        "wait_for_connection" => wait_for_connection::run(engine, step, &args).await,
        _ => module::run(engine, step, args).await,
    }
}
