//! What is said before the run of modules that kdo cannot run.

use crate::{
    actions::{self, custom},
    check_args::each_reached,
    engine::Engine,
    library::{How, Program},
};
use kdo_modules::registry;
use kdo_playbook::{Play, Task};
use kdo_syntax::Diagnostic;
use kdo_vars::PlayVars;
use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

impl Engine {
    /// The user's program that a task runs. A module in Python gives way to kdo's own of that name.
    pub(crate) fn program_of(&self, play: &PlayVars, task: &Task) -> Option<PathBuf> {
        self.program_at(&play.play, &play.playbook_dir, task)
    }

    fn program_at(&self, play: &Play, dir: &Path, task: &Task) -> Option<PathBuf> {
        let name = task.action.name.as_str();
        if actions::exists(name) {
            return None;
        }
        let path = self.library.find(name, play, dir, &task.scope)?;
        let gives_way = || registry::find(name).is_some() && foreign(&path).is_some();
        (!gives_way()).then_some(path)
    }

    /// Tasks of a play with modules in Python or PowerShell: an error where the task runs in any case, else a warning.
    pub(crate) fn foreign_modules(&self, play: &Rc<Play>) -> Vec<Diagnostic> {
        let dir = PlayVars::new(Rc::clone(play), kdo_value::Map::new()).playbook_dir;
        let (select, mut problems, mut tasks) = (self.selector(play), Vec::new(), Vec::new());
        for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            each_reached(items, true, &mut |task, certain| {
                tasks.push((Rc::clone(task), certain));
            });
        }
        tasks.extend(play.handlers.borrow().iter().map(|h| (Rc::clone(h), false)));
        for (task, reached) in tasks {
            let name = task.action.name.as_str();
            if name.contains("{{") || actions::exists(name) {
                continue;
            }
            let Some(path) = self.program_at(play, &dir, &task) else {
                self.tell_unported(&task);
                continue;
            };
            let Some(program) = foreign(&path) else { continue };
            let text = custom::foreign(&program, &path);
            let certain = reached
                && task.scope.collected("when").is_empty()
                && task.scope.inherited("ignore_errors").is_none()
                && task.own("failed_when").is_none()
                && select(&task)
                && !self.options.listing.any();
            if certain {
                problems.push(Diagnostic::error(text).at(task.action.origin));
            } else {
                self.tell_unported(&task);
            }
        }
        problems
    }
}

/// The module's program, if it is one that kdo cannot run.
fn foreign(path: &Path) -> Option<Program> {
    let program = Program::of(&std::fs::read(path).ok()?);
    matches!(program.how, How::Python | How::PowerShell).then_some(program)
}
