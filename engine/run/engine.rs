//! What all plays, hosts and tasks of a run share.

use crate::{
    Options, connect::Connections, failure::TaskFailure, library::Library, plugins::Folders,
    unported::Unported,
};
use kdo_event::{Event, Sink, Stats};
use kdo_modules::registry;
use kdo_playbook::{Loader, Task};
use kdo_syntax::{Diagnostic, SourceMap, excerpt, nearest, render};
use kdo_template::{Environment, SearchPath, Templar, TemplateError};
use kdo_value::{Map, Origin, Value};
use kdo_vars::{Store, TaskVars};
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

/// A run. One thread owns it; everything that happens is told to the sinks in order.
pub(crate) struct Engine {
    pub(crate) options: Options,
    pub(crate) store: Rc<Store>,
    pub(crate) loader: Loader,
    pub(crate) library: Library,
    pub(crate) connections: Connections,
    /// Where plugins of users lie.
    pub(crate) folders: Rc<Folders>,
    /// Modules that cannot be run.
    pub(crate) unported: Rc<Unported>,
    pub(crate) interrupted: Cell<bool>,
    /// `meta: end_play` was met: no further batch of the play begins.
    pub(crate) play_over: Cell<bool>,
    sinks: RefCell<Vec<Box<dyn Sink>>>,
    stats: RefCell<Vec<(String, Stats)>>,
    pub(crate) custom_stats: Map,
    /// Answers to `vars_prompt` of the play that is about to begin.
    pub(crate) prompted: RefCell<Map>,
    warned: RefCell<HashSet<String>>,
    /// Modules of which it has been told that they cannot be run.
    told: RefCell<HashSet<String>>,
    /// Levels whose names of variables have been looked at.
    pub(crate) checked_names: RefCell<HashSet<(usize, String)>>,
    /// Hosts that have failed in this run.
    pub(crate) failed: RefCell<HashSet<String>>,
    /// Hosts that could not be reached in this run.
    pub(crate) unreachable: RefCell<HashSet<String>>,
    /// Each task is to be confirmed (`--step`).
    pub(crate) stepping: Cell<bool>,
    /// `--start-at-task` has not been met yet.
    pub(crate) waiting_for_start: Cell<bool>,
}

impl Engine {
    pub(crate) fn new(
        mut options: Options,
        store: Rc<Store>,
        loader: Loader,
        connections: Connections,
        folders: Rc<Folders>,
        unported: Rc<Unported>,
    ) -> Self {
        let sinks = std::mem::take(&mut options.sinks);
        let library = Library::new(&options);
        let waiting = options.start_at_task.is_some();
        let stepping = options.step;
        Self {
            options,
            store,
            loader,
            library,
            connections,
            folders,
            unported,
            told: RefCell::default(),
            interrupted: Cell::new(false),
            play_over: Cell::new(false),
            sinks: RefCell::new(sinks),
            stats: RefCell::default(),
            custom_stats: Map::new(),
            prompted: RefCell::default(),
            warned: RefCell::default(),
            checked_names: RefCell::default(),
            failed: RefCell::default(),
            unreachable: RefCell::default(),
            stepping: Cell::new(stepping),
            waiting_for_start: Cell::new(waiting),
        }
    }

    /// Tells the sinks.
    pub(crate) fn tell(&self, event: &Event) {
        for sink in self.sinks.borrow_mut().iter_mut() {
            sink.event(event);
        }
    }

    /// Keeps the terminal for the user, or gives it back.
    pub(crate) fn rest(&self, rest: bool) {
        for sink in self.sinks.borrow_mut().iter_mut() {
            sink.rest(rest);
        }
    }

    /// The answer of the user at the terminal, if there is one.
    pub(crate) fn ask(&self, text: &str, secret: bool) -> Option<String> {
        let ask = self.options.ask.as_ref()?;
        self.rest(true);
        let answer = ask(text, secret);
        self.rest(false);
        answer
    }

    /// Lets the sinks know that time goes by.
    pub(crate) fn tick(&self) {
        // A sink is busy only while an event is told, and telling does not wait.
        for sink in self.sinks.borrow_mut().iter_mut() {
            sink.tick();
        }
    }

    /// Warns once.
    pub(crate) fn warn(&self, text: impl Into<String>) {
        let text = text.into();
        self.warn_of(text.clone(), text);
    }

    /// Warns once of a matter, with the words for the host that has it first.
    pub(crate) fn warn_of(&self, matter: String, text: String) {
        if self.is_first(matter) {
            self.tell(&Event::Warning { text });
        }
    }

    /// Whether a matter comes up for the first time.
    pub(crate) fn is_first(&self, matter: String) -> bool {
        self.warned.borrow_mut().insert(matter)
    }

    /// Warns of a task whose module cannot be run, once for each module.
    pub(crate) fn tell_unported(&self, task: &Task) {
        let name = &task.action.name;
        if name.contains("{{") || self.told.borrow().contains(name) {
            return;
        }
        let place = self.used_at(task);
        if let Some(warning) = self.unported.warning(name, &place) {
            self.told.borrow_mut().insert(name.clone());
            self.warn(warning);
        }
    }

    /// Warns of a task whose module is a user's that cannot be run, once for each module.
    pub(crate) fn tell_foreign(&self, task: &Task, text: &str) {
        if self.told.borrow_mut().insert(task.action.name.clone()) {
            let place = self.used_at(task);
            self.warn(format!("{text}; a task that reaches it fails{place}"));
        }
    }

    fn used_at(&self, task: &Task) -> String {
        task.origin.map_or_else(String::new, |o| {
            format!(" (used at {})", self.store.sources.place(o))
        })
    }

    /// Tells once that something will not work in later versions of Ansible.
    pub(crate) fn deprecated(&self, text: String) {
        if self.is_first(text.clone()) {
            self.tell(&Event::Deprecation { text });
        }
    }

    /// Tells errors with their places.
    pub(crate) fn errors(&self, diagnostics: &[Diagnostic]) {
        for d in diagnostics {
            let text = render(d, &self.store.sources, false);
            self.tell(&Event::Error { text });
        }
    }

    /// Changes a host's totals.
    pub(crate) fn count(&self, host: &str, change: impl FnOnce(&mut Stats)) {
        let mut stats = self.stats.borrow_mut();
        match stats.iter_mut().find(|(h, _)| h == host) {
            Some((_, s)) => change(s),
            None => {
                let mut s = Stats::default();
                change(&mut s);
                stats.push((host.to_owned(), s));
            }
        }
    }

    /// The totals, sorted by host as Ansible's recap.
    pub(crate) fn stats(&self) -> Vec<(String, Stats)> {
        let mut stats = self.stats.borrow().clone();
        stats.sort_by(|a, b| a.0.cmp(&b.0));
        stats
    }

    /// Evaluates with a task's variables.
    pub(crate) fn with_templar<T>(&self, vars: &TaskVars, f: impl FnOnce(&Templar<'_>) -> T) -> T {
        let sources = Rc::clone(&self.store.sources);
        let warn = move |text: String, origin: Option<Origin>| {
            let at = origin
                .map(|o| format!(" ({})", sources.place(o)))
                .unwrap_or_default();
            // Ansible calls this one outdated, not doubtful.
            if text.starts_with("Conditionals should not be surrounded") {
                self.deprecated(format!("{text}{at}"));
            } else {
                self.warn(format!("{text}{at}"));
            }
        };
        let environment = Environment {
            vault: self.store.vault.as_deref(),
            search: SearchPath {
                bases: vars.search_bases(),
            },
            escape_backslashes: true,
            strict_conditions: self.options.strict,
            jinja2_extensions: self.options.jinja2_extensions.clone(),
            plugins: self.store.plugins.as_deref(),
            settings: self.store.settings.as_deref(),
            warn: Some(&warn),
        };
        f(&Templar::new(vars, &environment))
    }

    /// Evaluates a raw value.
    pub(crate) fn resolve(&self, vars: &TaskVars, raw: &Value) -> Result<Value, TaskFailure> {
        self.with_templar(vars, |t| t.resolve(raw))
            .map_err(|e| self.template_failure(e))
    }

    /// Evaluates a raw value that may be `omit`, which gives `None`.
    pub(crate) fn resolve_or_omit(&self, vars: &TaskVars, raw: &Value) -> Result<Option<Value>, TaskFailure> {
        let value = self
            .with_templar(vars, |t| t.resolve_keep_omit(raw))
            .map_err(|e| self.template_failure(e))?;
        Ok(Some(value).filter(|v| !v.is_omit()))
    }

    /// Evaluates a condition.
    pub(crate) fn condition(&self, vars: &TaskVars, raw: &Value) -> Result<bool, TaskFailure> {
        self.with_templar(vars, |t| t.condition(raw))
            .map_err(|e| self.evaluation_failure(e, "expression"))
    }

    /// A template's error as a task's failure: the message, and the place with a snippet for people.
    pub(crate) fn template_failure(&self, error: TemplateError) -> TaskFailure {
        self.evaluation_failure(error, "template")
    }

    /// The same for a template or an expression.
    pub(crate) fn evaluation_failure(&self, error: TemplateError, kind: &str) -> TaskFailure {
        let mut d = Diagnostic::error(error.message.clone());
        let mut place = error.origin;
        if let (Some(origin), Some((start, end)), Some(source)) = (error.origin, error.span, &error.source) {
            let before = source.get(..start).unwrap_or_default();
            let width = source.get(start..end).map_or(1, |s| s.chars().count());
            if !before.contains('\n')
                && let Some(found) = self.locate(origin, source, before.chars().count())
            {
                place = Some(found);
                d = d.length(width);
            }
        }
        d = d.at(place);
        if let Some(help) = error.help {
            d = d.help(help);
        }
        let shown = place.map(|_| excerpt(&d, &self.store.sources));
        TaskFailure {
            message: whole_message(error.message, error.plugin, error.undefined, error.syntax, kind),
            undefined: error.undefined,
            early: true,
            rendered: shown,
            ..TaskFailure::default()
        }
    }

    /// The place of a character of a scalar that is written in one line.
    fn locate(&self, origin: Origin, source: &str, offset: usize) -> Option<Origin> {
        let file = self.store.sources.get(origin.file)?;
        let line = file.line(origin.line)?;
        let first = source.lines().next()?;
        let at = line.find(first)?;
        let column = line.get(..at)?.chars().count() + offset + 1;
        Some(Origin {
            column: u32::try_from(column).ok()?,
            ..origin
        })
    }

    /// The texts read so far.
    pub(crate) fn sources(&self) -> &Rc<SourceMap> {
        &self.store.sources
    }
}

/// A template's error as Ansible words it, with what failed in front.
fn whole_message(
    message: String,
    plugin: Option<Box<str>>,
    undefined: bool,
    syntax: bool,
    kind: &str,
) -> String {
    const WHOLE: &[&str] = &[
        "The lookup plugin '",
        "Recursive loop detected",
        "Encountered untrusted",
        "A template was resolved",
        "Conditional",
        "Empty conditional",
        "Syntax error",
        "Attempting to decrypt",
        "Decryption failed",
        "The template nests",
    ];
    if let Some(plugin) = plugin {
        format!("The {plugin} failed: {message}")
    } else if undefined || WHOLE.iter().any(|w| message.starts_with(w)) {
        message
    } else if syntax {
        format!("Syntax error in {kind}: {message}")
    } else {
        format!("Error rendering {kind}: {message}")
    }
}

/// Whether an action of that name exists; near names otherwise.
pub(crate) fn known_action(name: &str) -> Result<(), Vec<String>> {
    if crate::actions::exists(name) || registry::find(name).is_some() {
        return Ok(());
    }
    let all: Vec<&str> = registry::MODULES
        .iter()
        .map(|e| kdo_modules::short(e.meta.name))
        .chain(crate::actions::names())
        .collect();
    let short = name.rsplit('.').next().unwrap_or(name);
    Err(nearest(short, all).map(str::to_owned).into_iter().collect())
}
