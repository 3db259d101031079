//! Running one module.

use kdo_modules::{Host, Link, host::Context, registry};
use kdo_value::{Map, Value};
use kdo_wire::Invoke;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs what was ordered and gives the result's keys. A panic in a module becomes a failed result.
pub(crate) fn run(invoke: &Invoke, link: &mut dyn Link) -> Map {
    let Some(entry) = registry::find(&invoke.module) else {
        return failed(format!("the agent has no module {}", invoke.module));
    };
    let mut environment = Vec::new();
    invoke
        .environment
        .for_each(|k, v| environment.push((k.to_text(), v.to_text())));
    let context = Context {
        check: invoke.check,
        diff: invoke.diff,
        verbosity: u8::try_from(invoke.verbosity).unwrap_or(u8::MAX),
        environment,
        umask: None,
        directory: None,
    };
    let run = AssertUnwindSafe(|| {
        let mut host = Host::new(context, link);
        let result = (entry.run)(&invoke.args, &mut host);
        host.finish(result)
    });
    catch_unwind(run).unwrap_or_else(|_| {
        failed(format!(
            "kdo's module {} panicked; please report this",
            invoke.module
        ))
    })
}

pub(crate) fn failed(message: String) -> Map {
    let map = Map::new();
    map.insert("failed", true);
    map.insert("msg", Value::str(message));
    map.insert("changed", false);
    map
}
