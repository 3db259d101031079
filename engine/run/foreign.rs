//! Modules of users that kdo cannot run: which give way to kdo's own, and what is said of the others before the run.

use crate::{
    actions,
    check_args::each_reached,
    engine::Engine,
    library::{How, Program},
};
use kdo_modules::{registry, short};
use kdo_playbook::{Item, Play, Scope, ScopeKind, Task};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Value};
use kdo_vars::PlayVars;
use std::{
    collections::{HashMap, HashSet},
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
        let dir = PlayVars::new(Rc::clone(play), Map::new()).playbook_dir;
        let mut search = Search {
            engine: self,
            play,
            dir: &dir,
            select: self.selector(play),
            seen: HashSet::new(),
            known: HashMap::new(),
            problems: Vec::new(),
        };
        for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            search.items(items, true);
        }
        for handler in play.handlers.borrow().iter() {
            search.task(handler, false);
        }
        search.problems
    }
}

/// The look through a play.
struct Search<'a> {
    engine: &'a Engine,
    play: &'a Rc<Play>,
    dir: &'a Path,
    /// Whether tags choose a task.
    select: Rc<dyn Fn(&Rc<Task>) -> bool>,
    /// Files that were looked into because tasks include them.
    seen: HashSet<PathBuf>,
    /// Which modules cannot be run.
    known: HashMap<PathBuf, bool>,
    problems: Vec<Diagnostic>,
}

impl Search<'_> {
    fn items(&mut self, items: &[Item], certain: bool) {
        let mut tasks = Vec::new();
        each_reached(items, certain, &mut |task, certain| {
            tasks.push((Rc::clone(task), certain));
        });
        for (task, reached) in tasks {
            self.task(&task, reached);
        }
    }

    fn task(&mut self, task: &Rc<Task>, reached: bool) {
        let name = task.action.name.as_str();
        if name.contains("{{") {
            return;
        }
        let certain = reached
            && task.scope.collected("when").is_empty()
            && task.scope.inherited("ignore_errors").is_none()
            && task.own("failed_when").is_none()
            && (self.select)(task)
            && !self.engine.options.listing.any();
        if short(name) == "include_tasks" {
            self.included(task, certain && task.repeat.is_none());
        }
        if actions::exists(name) {
            return;
        }
        let Some(path) = self.engine.program_at(self.play, self.dir, task) else {
            self.engine.tell_unported(task);
            return;
        };
        let Some(program) = foreign(&path) else { return };
        let text = described(&program, name, &path, self.play, &task.scope);
        if certain {
            self.problems.push(Diagnostic::error(text).at(task.action.origin));
        } else {
            self.engine.tell_foreign(task, &text);
        }
    }

    /// Looks into a file that a task includes, if its name is known by now and something in Python lies at hand.
    fn included(&mut self, task: &Rc<Task>, certain: bool) {
        let loader = &self.engine.loader;
        let name = ["file", "_raw_params"]
            .iter()
            .find_map(|k| task.action.args.get(k));
        let Some(Value::Str(name)) = name else { return };
        if name.as_str().contains("{{") || !self.has_foreign(&task.scope) {
            return;
        }
        let here = task
            .origin
            .and_then(|o| self.engine.sources().path(o.file))
            .and_then(|p| p.parent().map(ToOwned::to_owned))
            .unwrap_or_else(|| self.dir.to_owned());
        loader.playbook_dir.replace(self.dir.to_owned());
        let Some(path) = loader.find_tasks_file(name.as_str(), &task.scope, &here, task.handler) else {
            return;
        };
        if !self.seen.insert(path.clone()) {
            return;
        }
        let scope = Scope::below(
            &task.scope,
            ScopeKind::Include,
            Map::new(),
            Map::new(),
            task.origin,
        );
        let items = loader.included_tasks(&path, &scope, task.handler);
        // What is wrong with the file is told if it is included.
        drop(loader.take_diagnostics());
        self.items(&items, certain);
    }

    /// Whether a task with this scope could see a module that cannot be run.
    fn has_foreign(&mut self, scope: &Rc<Scope>) -> bool {
        let files = self.engine.library.files(self.play, self.dir, scope);
        for file in files {
            let is = match self.known.get(&file) {
                Some(is) => *is,
                None => foreign(&file).is_some(),
            };
            self.known.insert(file, is);
            if is {
                return true;
            }
        }
        false
    }
}

/// The module's program, if it is one that kdo cannot run.
fn foreign(path: &Path) -> Option<Program> {
    let program = Program::of(&std::fs::read(path).ok()?);
    matches!(program.how, How::Python | How::PowerShell).then_some(program)
}

/// What is told of a module that needs Ansible's Python or PowerShell: its name, who brings it, its file, and which of
/// kdo's own may take its place.
pub(crate) fn described(
    program: &Program,
    name: &str,
    path: &Path,
    play: &Play,
    scope: &Rc<Scope>,
) -> String {
    let language = match program.how {
        How::PowerShell => "PowerShell",
        _ => "Python over Ansible's own",
    };
    let file = path.display();
    let mut text = format!(
        "the module `{name}`{} is written in {language}, which kdo does not run: {file}",
        bringer(path, play, scope)
    );
    if let Some(own) = substitute(name) {
        text.push_str(&format!("; kdo has `{own}` of its own, which may take its place"));
    }
    text
}

/// Words for who brings a module: a role, a collection, or nobody in particular.
fn bringer(path: &Path, play: &Play, scope: &Rc<Scope>) -> String {
    let folder = path.parent().and_then(Path::parent);
    let roles = play.roles.borrow();
    let own = scope.chain().filter_map(|s| s.role());
    let role = roles
        .iter()
        .cloned()
        .chain(own)
        .find(|r| Some(r.role.path.as_path()) == folder);
    if let Some(role) = role {
        return format!(" of the role `{}`", role.role.name);
    }
    let names: Vec<_> = path.iter().map(|p| p.to_string_lossy()).collect();
    let at = names.iter().rposition(|n| n == "ansible_collections");
    match at.and_then(|at| names.get(at + 1..at + 3)) {
        Some([namespace, collection]) => format!(" of the collection `{namespace}.{collection}`"),
        _ => String::new(),
    }
}

/// A module of kdo's that does under another full name what the module of that name may do.
fn substitute(name: &str) -> Option<&'static str> {
    let wanted = short(name);
    registry::MODULES
        .iter()
        .map(|e| e.meta.name)
        .find(|full| short(full) == wanted && !full.starts_with("kdo."))
}
