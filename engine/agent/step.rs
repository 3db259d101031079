//! Running one module.

use kdo_modules::{Host, Link, host::Context, registry};
use kdo_value::{Map, Value};
use kdo_wire::Invoke;
use std::{cell::RefCell, panic};

/// What tells the controller that a step ended by a panic.
type Report = Box<dyn FnOnce(String)>;

thread_local! {
    static REPORT: RefCell<Option<Report>> = const { RefCell::new(None) };
}

/// A panic ends the agent (it is built to abort). Before it does, the step that panicked is told as failed.
pub(crate) fn report_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map(|l| format!(" at {}:{}", l.file(), l.line()))
            .unwrap_or_default();
        if let Ok(Some(report)) = REPORT.try_with(|r| r.borrow_mut().take()) {
            report(format!("kdo's agent panicked{place}; please report this"));
        }
    }));
}

/// Sets what a panic of this thread's step does; `None` when the step is over.
pub(crate) fn on_panic(report: Option<Report>) {
    REPORT.with(|r| *r.borrow_mut() = report);
}

/// Runs what was ordered and gives the result's keys.
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
    let mut host = Host::new(context, link);
    let result = (entry.run)(&invoke.args, &mut host);
    host.finish(result)
}

pub(crate) fn failed(message: String) -> Map {
    let map = Map::new();
    map.insert("failed", true);
    map.insert("msg", Value::str(message));
    map.insert("changed", false);
    map
}
