//! Static check of module arguments: everything that can be known before a host is touched.

use kdo_modules::{registry, short};
use kdo_playbook::{Item, Play, Task};
use kdo_syntax::{Diagnostic, nearest};
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

/// All tasks and handlers of a play.
pub(crate) fn all_tasks(play: &Play) -> Vec<Rc<Task>> {
    let mut tasks = Vec::new();
    for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
        each_task(items, &mut |t| tasks.push(Rc::clone(t)));
    }
    tasks.extend(play.handlers.borrow().iter().cloned());
    tasks
}

/// Arguments that no module takes, found before any host is touched. Values that are templates are left for later.
pub(crate) fn unknown_arguments(task: &Task) -> Vec<Diagnostic> {
    let name = task.action.name.as_str();
    let Some(entry) = registry::find(name) else { return Vec::new() };
    if task.action.template.is_some() || task.scope.collected("module_defaults").iter().any(|v| !v.is_none()) {
        return Vec::new();
    }
    let mut out = Vec::new();
    for key in task.action.args.keys() {
        let Some(text) = key.as_str() else { continue };
        let controller = matches!((short(entry.meta.name), text), ("template", _) | ("copy", "decrypt" | "content" | "directory_mode" | "local_follow"));
        if text == "_raw_params" || text == "warn" || controller || entry.spec.find(text).is_some() {
            continue;
        }
        let names: Vec<&str> = entry.spec.all().iter().filter(|p| !p.hidden).flat_map(|p| std::iter::once(p.name).chain(p.aliases.iter().copied())).collect();
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
        let Some(param) = key.as_str().and_then(|k| entry.spec.find(k)) else { continue };
        if value.is_templated() || value.is_none() {
            continue;
        }
        let text = value.to_text();
        let plain = matches!(value, Value::Str(_));
        if plain && !param.choices.is_empty() && param.kind != kdo_modules::params::Kind::List && !param.choices.contains(&text.as_str()) {
            let mut d = Diagnostic::error(format!("value of {} must be one of: {}, got: {text}", param.name, param.choices.join(", ")))
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
