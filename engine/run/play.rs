//! One play: its hosts, batches, variables and walk.

use crate::{
    engine::Engine, play_run::PlayRun, plugins, strategy::Strategy, tags, tags::TagFilter, walk::Walk,
};
use kdo_event::Event;
use kdo_inventory::merge;
use kdo_plan::Plan;
use kdo_playbook::{Action, Play, Scope, ScopeKind, Task};
use kdo_syntax::{Diagnostic, Severity};
use kdo_template::{Environment, Templar};
use kdo_value::{Map, Text, Value};
use kdo_vars::{PlayVars, TaskVars};
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    path::Path,
    rc::Rc,
    sync::Arc,
};
use tokio::sync::Semaphore;

/// How a play ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The next play may begin.
    On,
    /// No further play runs.
    Stop,
    /// Something is wrong with the play itself.
    Error,
}

impl Engine {
    /// A play's value, evaluated with what is known without a host.
    pub(crate) fn play_value(&self, play: &Play, raw: &Value) -> Result<Value, String> {
        let known = PlayLevel { engine: self, play };
        let environment = Environment {
            vault: self.store.vault.as_deref(),
            plugins: self.store.plugins.as_deref(),
            settings: self.store.settings.as_deref(),
            ..Environment::default()
        };
        match Templar::new(&known, &environment).resolve_keep_omit(raw) {
            Ok(Value::Omit) => Ok(Value::None),
            Ok(value) => Ok(value),
            Err(e) => Err(e.message),
        }
    }

    /// A play's pattern as it is shown: evaluated as far as that is possible, lists joined by commas.
    pub(crate) fn play_pattern(&self, play: &Play) -> String {
        match self
            .play_value(play, &play.hosts)
            .unwrap_or_else(|_| play.hosts.clone())
        {
            Value::List(l) => l
                .to_vec()
                .iter()
                .map(Value::to_text)
                .collect::<Vec<_>>()
                .join(","),
            v => v.to_text(),
        }
    }

    /// A play's name as it is shown; its pattern where it has none.
    pub(crate) fn play_name(&self, play: &Play) -> String {
        match &play.name {
            Some(text) => self
                .play_value(play, &Value::Str(text.clone()))
                .map_or_else(|_| text.as_str().to_owned(), |v| v.to_text()),
            None => self.play_pattern(play),
        }
    }

    /// The hosts that a play's pattern selects, in the play's order.
    pub(crate) fn play_hosts(&self, play: &Play) -> Result<Vec<String>, Diagnostic> {
        let value = self
            .play_value(play, &play.hosts)
            .map_err(|e| Diagnostic::error(e).at(play.hosts.origin().or(play.origin)))?;
        let patterns: Vec<String> = match &value {
            Value::List(l) => l.to_vec().iter().map(Value::to_text).collect(),
            v => vec![v.to_text()],
        };
        let inventory = self.store.inventory.borrow();
        let selection = inventory.select(&patterns, self.options.limit.as_deref())?;
        drop(inventory);
        for warning in &selection.warnings {
            if warning.severity == Severity::Error {
                return Err(warning.clone());
            }
            self.warn(warning.message.clone());
        }
        let mut hosts = selection.hosts;
        let order = match play.keyword("order") {
            Some(raw) => Some(
                self.play_value(play, &raw)
                    .map_err(|e| Diagnostic::error(e).at(raw.origin().or(play.origin)))?
                    .to_text(),
            ),
            None => None,
        };
        match order.as_deref() {
            Some("reverse_inventory") => hosts.reverse(),
            Some("sorted") => hosts.sort(),
            Some("reverse_sorted") => {
                hosts.sort();
                hosts.reverse();
            }
            Some("shuffle") => {
                for i in (1..hosts.len()).rev() {
                    hosts.swap(i, rand::random_range(0..=i));
                }
            }
            None | Some("inventory" | "") => {}
            Some(other) => {
                let text = format!("Invalid 'order' specified for inventory hosts: {other}");
                return Err(Diagnostic::error(text).at(play.origin));
            }
        }
        Ok(hosts)
    }

    fn batches(&self, play: &Play, hosts: &[String]) -> Result<Vec<Vec<String>>, String> {
        let Some(raw) = play.keyword("serial") else {
            return Ok(vec![hosts.to_vec()]);
        };
        let value = self.play_value(play, &raw)?;
        let entries = match value {
            Value::None => return Ok(vec![hosts.to_vec()]),
            Value::List(l) => l.to_vec(),
            v => vec![v],
        };
        let total = hosts.len();
        let mut sizes = Vec::new();
        for entry in entries {
            let text = entry.to_text();
            let size = match text.trim().strip_suffix('%') {
                Some(percent) => {
                    let percent: f64 = percent
                        .trim()
                        .parse()
                        .map_err(|_| format!("serial: '{text}' is no percentage"))?;
                    ((percent / 100.0 * total as f64) as usize).max(1)
                }
                None => match text.trim().parse::<i64>() {
                    Ok(n) if n <= 0 => total.max(1),
                    Ok(n) => usize::try_from(n).unwrap_or(total).max(1),
                    Err(_) => return Err(format!("serial: '{text}' is neither a number nor a percentage")),
                },
            };
            sizes.push(size);
        }
        let (mut rest, mut out, mut i) = (hosts, Vec::new(), 0);
        while !rest.is_empty() {
            let size = sizes
                .get(i)
                .or(sizes.last())
                .copied()
                .unwrap_or(total)
                .min(rest.len());
            let (batch, after) = rest.split_at(size);
            out.push(batch.to_vec());
            rest = after;
            i += 1;
        }
        Ok(out)
    }

    /// Which tasks of a play take part, by their tags.
    pub(crate) fn selector(&self, play: &Rc<Play>) -> Rc<dyn Fn(&Rc<Task>) -> bool> {
        let filter = TagFilter::new(&self.options.tags, &self.options.skip_tags);
        let extra = self.store.extra.clone();
        let play = Rc::clone(play);
        Rc::new(move |task| {
            if task.action.short() == "meta" && task.origin.is_none() {
                return true;
            }
            filter.selects(&evaluated_tags(task, &extra, &play))
        })
    }

    /// The task that gathers facts, if the play wants it.
    pub(crate) fn facts_task(&self, play: &Rc<Play>) -> Result<Option<Rc<Task>>, String> {
        let wanted = match play.keyword("gather_facts") {
            Some(raw) => {
                let value = self.play_value(play, &raw)?;
                match &value {
                    Value::Str(s) => kdo_modules::params::parse_bool(s).unwrap_or(true),
                    v => v.truthy(),
                }
            }
            None => self.options.gathering != "explicit",
        };
        if !wanted {
            return Ok(None);
        }
        let args = Map::new();
        for (keyword, arg) in [
            ("gather_subset", "gather_subset"),
            ("gather_timeout", "gather_timeout"),
            ("fact_path", "fact_path"),
        ] {
            if let Some(v) = play.keyword(keyword) {
                args.insert(arg, v);
            }
        }
        if !args.contains("gather_subset")
            && let Some(subset) = &self.options.gather_subset
        {
            args.insert("gather_subset", subset.clone());
        }
        let keywords = Map::new();
        keywords.insert("tags", "always");
        let scope = Scope::below(&play.scope, ScopeKind::Task, keywords, Map::new(), play.origin);
        let task = Task {
            id: self.loader.fresh_id(),
            name: Some(Text::new("Gathering Facts")),
            action: Action {
                name: "gather_facts".into(),
                origin: play.origin,
                args,
                template: None,
            },
            scope,
            repeat: None,
            handler: false,
            origin: play.origin,
        };
        Ok(Some(Rc::new(task)))
    }

    /// Whether `gathering = smart` has nothing to do: the facts of all hosts are there.
    fn has_facts(&self, hosts: &[String]) -> bool {
        let gathered = |host: &String| {
            self.store
                .facts(host)
                .is_some_and(|facts| facts.contains("module_setup"))
        };
        self.options.gathering == "smart" && hosts.iter().all(gathered)
    }

    /// Runs a play.
    pub(crate) async fn play(self: &Rc<Self>, play: &Rc<Play>) -> Ended {
        match self.prompts(play) {
            Ok(answers) => self.prompted.replace(answers),
            Err(e) => {
                self.errors(&[Diagnostic::error(e).at(play.origin)]);
                return Ended::Error;
            }
        };
        let hosts = match self.play_hosts(play) {
            Ok(hosts) => hosts,
            Err(d) => {
                self.errors(&[d]);
                return Ended::Error;
            }
        };
        let vars = Rc::new(PlayVars::new(Rc::clone(play), self.prompted.borrow().clone()));
        self.loader.playbook_dir.replace(vars.playbook_dir.clone());
        let name = self.play_name(play);
        vars.name.replace(name.clone());
        let strategy = play.keyword("strategy").map_or_else(
            || self.options.strategy.clone(),
            |v| {
                self.play_value(play, &v)
                    .map_or_else(|_| v.to_text(), |v| v.to_text())
            },
        );
        let Some(kind) = Strategy::named(&strategy) else {
            let mut problem =
                Diagnostic::error(format!("Invalid play strategy specified: {strategy}")).at(play.origin);
            if let Some(file) = plugins::of_kind(
                &self.folders,
                "strategy",
                strategy.rsplit('.').next().unwrap_or_default(),
            ) {
                problem = problem.note(format!(
                    "`{}` is a strategy in Python, and kdo runs no Python: linear, free, host_pinned and debug are there",
                    file.display()
                ));
            }
            self.errors(&[problem]);
            return Ended::Error;
        };
        let strategy = strategy.rsplit('.').next().unwrap_or("linear").to_owned();
        // What cannot be read is told before the play begins.
        if let Some(Err(d)) = hosts.first().map(|host| self.load_vars_files(&vars, host)) {
            self.errors(&[*d]);
            return Ended::Error;
        }
        self.tell(&Event::PlayStart {
            name,
            check: self.options.info.check,
            hosts: hosts.clone(),
            strategy,
        });
        if hosts.is_empty() {
            self.tell(&Event::NoHostsMatched);
            return Ended::On;
        }
        let batches = match self.batches(play, &hosts) {
            Ok(batches) => batches,
            Err(e) => {
                self.errors(&[Diagnostic::error(e).at(play.origin)]);
                return Ended::Error;
            }
        };
        // Named in the order of the inventory, whatever the order of the play.
        let mut named = hosts.clone();
        named.sort_by_key(|h| self.store.inventory.borrow().hosts.get_index_of(h));
        vars.all_hosts.replace(named.clone());
        let out = |h: &String| self.failed.borrow().contains(h) || self.unreachable.borrow().contains(h);
        vars.active_hosts
            .replace(named.iter().filter(|h| !out(h)).cloned().collect());
        let count = batches.len();
        for (i, batch) in batches.into_iter().enumerate() {
            if i > 0 && count > 1 {
                self.tell(&Event::PlayStart {
                    name: vars.name.borrow().clone(),
                    check: self.options.info.check,
                    hosts: batch.clone(),
                    strategy: "linear".into(),
                });
            }
            match self.batch(play, &vars, &batch, kind).await {
                Ended::On => {}
                other => return other,
            }
            if self.play_over.take() {
                break;
            }
        }
        Ended::On
    }

    async fn batch(
        self: &Rc<Self>,
        play: &Rc<Play>,
        vars: &Rc<PlayVars>,
        batch: &[String],
        strategy: Strategy,
    ) -> Ended {
        let facts = match self.facts_task(play) {
            Ok(task) => task,
            Err(e) => {
                self.errors(&[Diagnostic::error(e).at(play.origin)]);
                return Ended::Error;
            }
        };
        let select = self.selector(play);
        let facts = facts.filter(|t| select(t) && !self.has_facts(batch));
        let plan = Plan::new(play, facts, &*select, strategy.is_linear());
        let truth = |name: &str| {
            play.keyword(name)
                .and_then(|v| self.play_value(play, &v).ok())
                .is_some_and(|v| v.truthy())
        };
        let percentage = play
            .keyword("max_fail_percentage")
            .and_then(|v| self.play_value(play, &v).ok())
            .and_then(|v| v.to_text().trim().trim_end_matches('%').parse().ok());
        let run = Rc::new(PlayRun {
            play: Rc::clone(play),
            vars: Rc::clone(vars),
            plan: RefCell::new(plan),
            notified: RefCell::default(),
            failed: RefCell::new(self.failed.borrow().clone()),
            unreachable: RefCell::new(self.unreachable.borrow().clone()),
            ended: RefCell::default(),
            end_play: Cell::new(false),
            end_batch: Cell::new(false),
            broken: Cell::new(false),
            dragged: RefCell::default(),
            throttles: RefCell::default(),
            role_begun: RefCell::default(),
            role_done: RefCell::default(),
            forgiven: RefCell::default(),
            handler_failed: RefCell::default(),
            max_fail_percentage: Cell::new(percentage),
            included_handlers: RefCell::default(),
            includes: Cell::new(0),
            rescue_vars: RefCell::default(),
            debugger: Cell::new(self.options.debugger || strategy == Strategy::Linear { debug: true }),
            debug_vars: RefCell::default(),
            turns: (strategy == Strategy::Free).then(|| Arc::new(Semaphore::new(self.forks()))),
            error: RefCell::default(),
            force_handlers: Cell::new(match play.keyword("force_handlers") {
                Some(_) => truth("force_handlers"),
                None => self.options.force_handlers,
            }),
            select,
        });
        let here: Vec<String> = batch.iter().filter(|h| run.is_active(h)).cloned().collect();
        vars.batch.replace(here.clone());
        let before: HashSet<String> = run.failed.borrow().clone();
        let lost_before = run.unreachable.borrow().len();
        for host in &here {
            if let Err(d) = self.load_vars_files(vars, host) {
                self.errors(&[*d]);
                return Ended::Error;
            }
        }
        if here.is_empty() {
            return Ended::On;
        }
        let mut walk = Walk::new(&run, &here);
        match strategy {
            Strategy::Linear { .. } => self.linear(&mut walk).await,
            Strategy::Free => self.free(&mut walk, false).await,
            Strategy::HostPinned => self.free(&mut walk, true).await,
        }
        if run.force_handlers.get() && !run.end_play.get() {
            let failed: Vec<String> = here
                .iter()
                .filter(|h| run.failed.borrow().contains(*h))
                .cloned()
                .collect();
            let out = self.flush_handlers(&run, &failed, false).await;
            self.handlers_failed(&run, &out);
        }
        self.play_over.set(run.end_play.get());
        let new: Vec<String> = run.failed.borrow().difference(&before).cloned().collect();
        self.failed.borrow_mut().extend(new.iter().cloned());
        self.unreachable
            .borrow_mut()
            .extend(run.unreachable.borrow().iter().cloned());
        if let Some(text) = run.error.borrow().clone() {
            self.errors(&[Diagnostic::error(text)]);
            return Ended::Error;
        }
        if self.interrupted.get() {
            return Ended::Stop;
        }
        // Nothing goes on when all hosts of a batch have failed in it.
        let lost = run.unreachable.borrow().len().saturating_sub(lost_before);
        if run.broken.get() || new.len() + lost >= batch.len() {
            return Ended::Stop;
        }
        Ended::On
    }

    /// Loads `vars_files` for a host. What depends on facts that are not there yet is left out for now.
    pub(crate) fn load_vars_files(&self, play: &Rc<PlayVars>, host: &str) -> Result<(), Box<Diagnostic>> {
        if play.play.vars_files.is_empty() {
            return Ok(());
        }
        let vars = TaskVars::new(&self.store, play, host, Some(&play.play.scope));
        let all = Map::new();
        for entry in &play.play.vars_files {
            let names = match entry {
                Value::List(l) => l.to_vec(),
                v => vec![v.clone()],
            };
            let (mut found, mut deferred, mut tried) = (false, false, Vec::new());
            for name in names {
                let text = match self.resolve(&vars, &name) {
                    Ok(v) => v.to_text(),
                    Err(_) => {
                        deferred = true;
                        continue;
                    }
                };
                let path = match text.strip_prefix("~/") {
                    Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
                    None => play.playbook_dir.join(&text),
                };
                let path = if path.exists() {
                    path
                } else {
                    let v = play.playbook_dir.join("vars").join(&text);
                    if v.exists() { v } else { path }
                };
                tried.push(path.display().to_string());
                if path.exists() {
                    match self.loader.try_yaml(Path::new(&path))? {
                        Value::Map(m) => merge(&all, &m, self.options.info.hash_behaviour),
                        Value::None => {}
                        Value::List(l) if l.items().iter().all(|v| v.as_map().is_some()) => {
                            let how = self.options.info.hash_behaviour;
                            l.to_vec()
                                .iter()
                                .filter_map(Value::as_map)
                                .for_each(|m| merge(&all, m, how));
                        }
                        _ => {
                            return Err(Box::new(Diagnostic::error(format!(
                                "{} must be stored as a dictionary/hash",
                                path.display()
                            ))));
                        }
                    }
                    found = true;
                    break;
                }
            }
            if !found && !deferred {
                // Ansible goes on without a word.
                let at = entry.origin().map(|o| format!("{}: ", self.sources().place(o)));
                let tried = tried.join(", ");
                self.warn(format!(
                    "{}vars file {tried} was not found",
                    at.unwrap_or_default()
                ));
            }
            all.freeze();
            play.files.borrow_mut().insert(host.to_owned(), all.clone());
        }
        Ok(())
    }

    /// Whether the conditions of a task hold.
    pub(crate) fn holds(&self, vars: &TaskVars, task: &Task) -> Result<bool, crate::failure::TaskFailure> {
        for condition in task.scope.collected("when") {
            if !self.condition(vars, &condition)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads the inventory's sources again.
    pub(crate) fn refresh_inventory(&self) {
        let Some(reload) = &self.options.reload else {
            return;
        };
        let mut fresh = reload();
        for warning in std::mem::take(&mut fresh.warnings) {
            self.warn(warning.message);
        }
        fresh.take_changes(&self.store.inventory.borrow());
        *self.store.inventory.borrow_mut() = fresh;
        self.store.inventory_changed();
    }
}

/// A task's tags with templates evaluated over what is known before the run.
pub(crate) fn evaluated_tags(task: &Rc<Task>, extra: &Map, play: &Play) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for raw in tags::of(task) {
        let value = if raw.is_templated() {
            let known = Map::new();
            let mut levels: Vec<_> = task.scope.chain().map(|s| s.vars.clone()).collect();
            if let Some(role) = task.scope.role() {
                levels.push(role.role.vars.clone());
                levels.push(role.role.defaults.clone());
            }
            levels.reverse();
            levels.insert(0, play.scope.vars.clone());
            levels.push(extra.clone());
            for level in levels {
                level.for_each(|k, v| {
                    known.insert(k.clone(), v.clone());
                });
            }
            let environment = Environment::default();
            Templar::new(&known, &environment)
                .resolve(&raw)
                .unwrap_or_else(|_| raw.clone())
        } else {
            raw
        };
        for tag in tags::words(&value) {
            if !out.contains(&tag) {
                out.push(tag);
            }
        }
    }
    out
}

/// Variables that a play's own keywords see.
struct PlayLevel<'a> {
    engine: &'a Engine,
    play: &'a Play,
}

impl kdo_template::Variables for PlayLevel<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        match name {
            "groups" => return Some(self.engine.store.groups()),
            "ansible_limit" => return self.engine.options.info.limit.as_deref().map(Value::str),
            "playbook_dir" => return self.play.path.parent().map(|p| Value::str(p.to_string_lossy())),
            _ => {}
        }
        let asked = self.engine.prompted.borrow().get(name);
        let extra = self.engine.store.extra.get(name).or(asked);
        let levels: Vec<_> = self.play.scope.chain().collect();
        extra.or_else(|| levels.iter().rev().find_map(|s| s.vars.get(name)))
    }

    fn names(&self) -> Vec<String> {
        self.play
            .scope
            .vars
            .text_entries()
            .into_iter()
            .map(|(k, _)| k)
            .collect()
    }
}
