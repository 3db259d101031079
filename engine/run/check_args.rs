//! Static check of module arguments: everything that can be known before a host is touched.

use kdo_modules::{registry, short};
use kdo_playbook::{Item, Play, Task};
use kdo_syntax::{Diagnostic, Severity, nearest};
use kdo_value::Value;
use std::rc::Rc;

/// Tasks of items, those in blocks too.
pub(crate) fn each_task(items: &[Item], f: &mut dyn FnMut(&Rc<Task>)) {
    for item in items {
        match item {
            Item::Task(task) => f(task),
            Item::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    each_task(part, f);
                }
            }
        }
    }
}

/// What is wrong with the arguments of a play's tasks: an error where the task is surely reached by a host, else a
/// warning. Existing roles have mistakes in branches that nobody takes.
pub(crate) fn wrong_arguments(
    play: &Play,
    select: &dyn Fn(&Rc<Task>) -> bool,
    f: &mut dyn FnMut(&Rc<Task>),
) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut check = |task: &Rc<Task>, certain: bool| {
        f(task);
        let certain =
            certain && task.repeat.is_none() && task.scope.collected("when").is_empty() && select(task);
        out.extend(unknown_arguments(task).into_iter().map(|mut d| {
            if !certain {
                d.severity = Severity::Warning;
            }
            d
        }));
    };
    for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
        each_reached(items, true, &mut check);
    }
    for handler in play.handlers.borrow().iter() {
        check(handler, false);
    }
    out
}

/// Tasks of items, and whether each is reached if nothing goes wrong before it and its failure ends the play.
pub(crate) fn each_reached(items: &[Item], certain: bool, f: &mut dyn FnMut(&Rc<Task>, bool)) {
    for item in items {
        match item {
            Item::Task(task) => f(task, certain),
            Item::Block(block) => {
                each_reached(&block.body, certain && block.rescue.is_empty(), f);
                each_reached(&block.rescue, false, f);
                each_reached(&block.always, certain, f);
            }
        }
    }
}

/// Arguments that no module takes, found before any host is touched. Values that are templates are left for later.
fn unknown_arguments(task: &Task) -> Vec<Diagnostic> {
    let name = task.action.name.as_str();
    let Some(entry) = registry::find(name) else {
        return Vec::new();
    };
    // What may fail is left to the module itself.
    let may_fail = task.keyword("ignore_errors").is_some() || task.own("failed_when").is_some();
    let own_check = crate::actions::exists(name) && !matches!(short(entry.meta.name), "copy" | "template");
    if may_fail
        || own_check
        || task.action.template.is_some()
        || entry.meta.name.starts_with("kdo.")
        || task
            .scope
            .collected("module_defaults")
            .iter()
            .any(|v| !v.is_none())
    {
        return Vec::new();
    }
    let mut out = Vec::new();
    for key in task.action.args.keys() {
        let Some(text) = key.as_str() else { continue };
        let controller = matches!(
            (short(entry.meta.name), text),
            ("template", _) | ("copy", "decrypt" | "content" | "directory_mode" | "local_follow")
        );
        if text == "_raw_params" || text == "warn" || controller || entry.spec.find(text).is_some() {
            continue;
        }
        let names: Vec<&str> = entry
            .spec
            .all()
            .iter()
            .filter(|p| !p.hidden)
            .flat_map(|p| std::iter::once(p.name).chain(p.aliases.iter().copied()))
            .collect();
        let mut d = Diagnostic::error(format!("`{}` has no parameter `{text}`", short(name)))
            .at(key.origin())
            .length(text.chars().count())
            .help(format!("kdo doc {}", short(name)));
        if let Some(near) = nearest(text, names) {
            d = d.label(format!("did you mean `{near}`?"));
        }
        out.push(d);
    }
    out.extend(wrong_values(task, entry));
    out
}

fn wrong_values(task: &Task, entry: &kdo_modules::Entry) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for (key, value) in task.action.args.entries() {
        let Some(param) = key.as_str().and_then(|k| entry.spec.find(k)) else {
            continue;
        };
        if value.is_templated() || value.is_none() {
            continue;
        }
        let text = value.to_text();
        let plain = matches!(value, Value::Str(_));
        if plain
            && !param.choices.is_empty()
            && param.kind != kdo_modules::params::Kind::List
            && !param.choices.contains(&text.as_str())
        {
            let mut d = Diagnostic::error(format!(
                "value of {} must be one of: {}, got: {text}",
                param.name,
                param.choices.join(", ")
            ))
            .at(value.origin().or(key.origin()))
            .length(text.chars().count());
            if let Some(near) = nearest(&text, param.choices.iter().copied()) {
                d = d.label(format!("did you mean `{near}`?"));
            }
            out.push(d);
        }
    }
    out
}
