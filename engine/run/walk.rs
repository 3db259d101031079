//! How hosts walk the plan: one after each other's tasks (linear) or each at its own pace (free).

use crate::{
    engine::Engine,
    failure::TaskFailure,
    play_run::PlayRun,
    process::Fate,
    task::{Done, Include},
};
use kdo_event::{Event, Status, TaskInfo};
use kdo_plan::{StepId, StepKind};
use kdo_playbook::{Item, Task};
use kdo_vars::TaskVars;
use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};
use tokio::{sync::Semaphore, task::JoinSet};

/// Where the hosts of a batch are.
pub(crate) struct Walk {
    play: Rc<PlayRun>,
    hosts: Vec<String>,
    at: HashMap<String, StepId>,
    /// Blocks whose failure is still to go outwards when they end.
    pending: HashSet<(String, u32)>,
    /// Which hosts a gate lets in.
    gates: HashMap<u32, HashSet<String>>,
}

impl Walk {
    pub(crate) fn new(play: &Rc<PlayRun>, hosts: &[String]) -> Self {
        let start = play.plan.borrow().start();
        let at = hosts.iter().map(|h| (h.clone(), start)).collect();
        Self { play: Rc::clone(play), hosts: hosts.to_vec(), at, pending: HashSet::new(), gates: HashMap::new() }
    }

    fn kind(&self, step: StepId) -> StepKind {
        self.play.plan.borrow().kind(step)
    }

    fn step(&self, host: &str) -> StepId {
        self.at.get(host).copied().unwrap_or_else(|| self.play.plan.borrow().end())
    }

    fn advance(&mut self, host: &str) {
        let plan = self.play.plan.borrow();
        let to = plan.next(self.at.get(host).copied().unwrap_or_else(|| plan.end())).unwrap_or_else(|| plan.end());
        drop(plan);
        self.at.insert(host.to_owned(), to);
    }

    /// Sends a host where its step's failure leads; says whether it stays in the play.
    fn fail(&mut self, host: &str) -> bool {
        let to = self.play.plan.borrow().failure(self.step(host));
        let Some(to) = to else { return false };
        if let StepKind::Always(block) = self.kind(to) {
            self.pending.insert((host.to_owned(), block));
        }
        self.at.insert(host.to_owned(), to);
        true
    }

    /// Hosts that are still on their way.
    fn active(&self) -> Vec<String> {
        self.hosts.iter().filter(|h| self.play.is_active(h)).cloned().collect()
    }
}

impl Engine {
    /// All hosts do a task before any goes on to the next.
    pub(crate) async fn linear(self: &Rc<Self>, walk: &mut Walk) {
        loop {
            if walk.play.end_play.get() || walk.play.end_batch.get() || self.interrupted.get() || walk.play.error.borrow().is_some() {
                return;
            }
            let active = walk.active();
            if active.is_empty() {
                return;
            }
            let first = {
                let plan = walk.play.plan.borrow();
                active.iter().map(|h| walk.step(h)).min_by_key(|s| plan.position(*s))
            };
            let Some(step) = first else { return };
            let here: Vec<String> = active.iter().filter(|h| walk.step(h) == step).cloned().collect();
            match walk.kind(step) {
                StepKind::End => return,
                StepKind::Task(task) => self.task_step(walk, step, &task, &here).await,
                StepKind::Flush => {
                    let all = walk.hosts.clone();
                    let play = Rc::clone(&walk.play);
                    self.flush_handlers(&play, &all).await;
                    here.iter().for_each(|h| walk.advance(h));
                }
                other => here.iter().for_each(|h| self.pass(walk, &other, h)),
            }
            self.check_fatal(walk);
        }
    }

    /// Each host goes on as soon as it can.
    pub(crate) async fn free(self: &Rc<Self>, walk: &mut Walk) {
        // Each host walks by itself; the tasks of one host keep their order.
        let limit = Arc::new(Semaphore::new(self.forks()));
        let mut set = JoinSet::new();
        for host in walk.hosts.clone() {
            let (engine, play, limit) = (Rc::clone(self), Rc::clone(&walk.play), Arc::clone(&limit));
            set.spawn_local(async move {
                let mut own = Walk::new(&play, std::slice::from_ref(&host));
                let _turn = if engine.options.info.forks > 0 { limit.acquire_owned().await.ok() } else { None };
                Box::pin(engine.linear(&mut own)).await;
            });
        }
        while set.join_next().await.is_some() {}
    }

    pub(crate) fn forks(&self) -> usize {
        usize::try_from(self.options.info.forks).unwrap_or(5).max(1)
    }

    /// Steps that only lead on.
    fn pass(&self, walk: &mut Walk, kind: &StepKind, host: &str) {
        match kind {
            StepKind::Gate(number) => {
                if walk.gates.get(number).is_some_and(|g| g.contains(host)) {
                    walk.advance(host);
                } else {
                    let plan = walk.play.plan.borrow();
                    let to = plan.past(walk.step(host)).unwrap_or_else(|| plan.end());
                    drop(plan);
                    walk.at.insert(host.to_owned(), to);
                }
            }
            StepKind::BlockEnd(block) if walk.pending.remove(&(host.to_owned(), *block)) => {
                if !walk.fail(host) {
                    walk.play.failed.borrow_mut().insert(host.to_owned());
                    walk.play.update_active();
                }
            }
            StepKind::Always(_) => {
                walk.advance(host);
            }
            _ => walk.advance(host),
        }
    }

    async fn task_step(self: &Rc<Self>, walk: &mut Walk, step: StepId, task: &Rc<Task>, here: &[String]) {
        let play = Rc::clone(&walk.play);
        let Some(first) = here.first() else { return };
        if self.waiting_for_start.get() && !self.is_start(&play, task, first) {
            here.iter().for_each(|h| walk.advance(h));
            return;
        }
        if task.action.short() == "meta" {
            self.meta_step(walk, task, here).await;
            return;
        }
        let vars = TaskVars::new(&self.store, &play.vars, first, Some(&task.scope));
        let info = self.task_info(&vars, task);
        if self.options.step && !self.confirms(&info) {
            here.iter().for_each(|h| walk.advance(h));
            return;
        }
        self.tell(&Event::TaskStart { task: Rc::clone(&info) });
        let finished = self.run_on_hosts(&play, task, here, info).await;
        let rescued = play.plan.borrow().is_rescued(step);
        let mut includes: Vec<(Include, Vec<String>)> = Vec::new();
        for (done, counts_for) in finished {
            let fate = self.process(&play, task, &done, &counts_for, rescued);
            match fate {
                Fate::Next => counts_for.iter().for_each(|h| walk.advance(h)),
                Fate::Failed => {
                    for host in &counts_for {
                        if !walk.fail(host) {
                            play.failed.borrow_mut().insert(host.clone());
                        }
                    }
                    self.note_fatal(&play, task, &vars, &done.host);
                }
                Fate::Lost => {
                    self.drop_hosts(&play, task, fate, &counts_for);
                    self.note_fatal(&play, task, &vars, &done.host);
                }
            }
            if fate == Fate::Next {
                collect_includes(&mut includes, done, &counts_for);
            }
        }
        play.update_active();
        if !includes.is_empty() {
            self.insert_includes(walk, step, task, includes, rescued);
        }
    }

    fn confirms(&self, info: &TaskInfo) -> bool {
        let Some(ask) = &self.options.ask else { return true };
        match ask(&format!("Perform task: TASK: {} (N)o/(y)es/(c)ontinue: ", info.name), false).as_deref().map(str::trim) {
            Some("y" | "yes" | "Y") => true,
            Some("c" | "continue" | "C") => true,
            _ => false,
        }
    }

    fn is_start(&self, play: &Rc<PlayRun>, task: &Rc<Task>, host: &str) -> bool {
        let Some(wanted) = &self.options.start_at_task else { return true };
        if task.action.short() == "gather_facts" && task.id == play.facts_task.get() {
            return true;
        }
        let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
        let info = self.task_info(&vars, task);
        let full = info.role.as_ref().map_or_else(|| info.name.clone(), |r| format!("{r} : {}", info.name));
        let matches = |name: &str| kdo_modules::files::pattern::matches(wanted, name);
        let found = matches(&info.name) || matches(&full);
        if found {
            self.waiting_for_start.set(false);
        }
        found
    }

    /// Runs a task on hosts, at most `forks` (and `throttle`) at a time; with `run_once` on the first for all.
    pub(crate) async fn run_on_hosts(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        hosts: &[String],
        _info: Rc<TaskInfo>,
    ) -> Vec<(Done, Vec<String>)> {
        let Some(first) = hosts.first() else { return Vec::new() };
        let vars = TaskVars::new(&self.store, &play.vars, first, Some(&task.scope));
        let once = self.flag(&vars, task, "run_once").ok().flatten().unwrap_or(false)
            || matches!(task.action.short(), "add_host" | "group_by") && task.action.short() == "add_host";
        if once {
            let done = self.run_task(play, task, first).await;
            return vec![(done, hosts.to_vec())];
        }
        let throttle = self.keyword(&vars, task, "throttle").ok().flatten().and_then(|v| v.to_text().trim().parse::<usize>().ok());
        let limit = throttle.filter(|t| *t > 0).map_or(self.forks(), |t| t.min(self.forks()));
        if let [host] = hosts {
            let done = self.run_task(play, task, host).await;
            return vec![(done, vec![host.clone()])];
        }
        let turns = Arc::new(Semaphore::new(limit));
        let mut set = JoinSet::new();
        for host in hosts {
            let (engine, play, task, host) = (Rc::clone(self), Rc::clone(play), Rc::clone(task), host.clone());
            let turns = Arc::clone(&turns);
            set.spawn_local(async move {
                let _turn = turns.acquire_owned().await;
                engine.run_task(&play, &task, &host).await
            });
        }
        let mut finished = Vec::new();
        while let Some(joined) = set.join_next().await {
            if let Ok(done) = joined {
                let host = done.host.clone();
                finished.push((done, vec![host]));
            }
        }
        finished
    }

    /// Takes hosts out of the play.
    pub(crate) fn drop_hosts(&self, play: &Rc<PlayRun>, task: &Rc<Task>, fate: Fate, hosts: &[String]) {
        let _ = task;
        let set = if fate == Fate::Lost { &play.unreachable } else { &play.failed };
        set.borrow_mut().extend(hosts.iter().cloned());
        play.update_active();
    }

    fn note_fatal(&self, play: &Rc<PlayRun>, task: &Rc<Task>, vars: &TaskVars, host: &str) {
        let _ = host;
        if self.flag(vars, task, "any_errors_fatal").ok().flatten().unwrap_or(self.options.any_errors_fatal) {
            play.fatal.set(true);
        }
    }

    /// `any_errors_fatal` and `max_fail_percentage`: the others fail too.
    fn check_fatal(&self, walk: &mut Walk) {
        let play = Rc::clone(&walk.play);
        let total = play.vars.all_hosts.borrow().len().min(walk.hosts.len()).max(1);
        let out = walk.hosts.iter().filter(|h| play.failed.borrow().contains(*h) || play.unreachable.borrow().contains(*h)).count();
        let mut fatal = play.fatal.take();
        if !fatal
            && out > 0
            && let Some(limit) = play.max_fail_percentage.get()
            && (out as f64 / total as f64) * 100.0 > limit
        {
            fatal = true;
        }
        if !fatal {
            return;
        }
        for host in walk.active() {
            if !walk.fail(&host) {
                play.failed.borrow_mut().insert(host.clone());
                play.dragged.borrow_mut().insert(host);
            }
        }
        play.broken.set(true);
        play.update_active();
    }

    fn insert_includes(self: &Rc<Self>, walk: &mut Walk, step: StepId, task: &Rc<Task>, includes: Vec<(Include, Vec<String>)>, rescued: bool) {
        let play = Rc::clone(&walk.play);
        let mut inclusions: Vec<(u32, Vec<Item>)> = Vec::new();
        let mut counted = HashSet::new();
        let mut failed = HashSet::new();
        for (include, hosts) in includes {
            let hosts: Vec<String> = hosts.into_iter().filter(|h| !failed.contains(h)).collect();
            let Some(first) = hosts.first() else { continue };
            match self.load_include(&play, task, &include, first) {
                Ok(loaded) => {
                    let number = play.includes.get() + 1;
                    play.includes.set(number);
                    let label = include.item.as_deref();
                    if task.action.short() == "include_tasks" {
                        self.told_include(&loaded.shown, &hosts, label);
                    } else {
                        let shown = format!("{}", loaded.shown);
                        self.told_include(&shown, &hosts, label);
                    }
                    walk.gates.insert(number, hosts.iter().cloned().collect());
                    inclusions.push((number, loaded.items));
                    counted.extend(hosts);
                }
                Err(failure) => {
                    for host in &hosts {
                        failed.insert(host.clone());
                        self.include_failed(&play, task, host, failure.clone(), rescued);
                        walk.at.insert(host.clone(), step);
                        if !walk.fail(host) {
                            play.failed.borrow_mut().insert(host.clone());
                        }
                    }
                }
            }
        }
        for host in counted.difference(&failed) {
            self.count(host, |s| s.ok += 1);
        }
        let select = Rc::clone(&play.select);
        let entrance = play.plan.borrow_mut().include(step, &inclusions, &*select);
        for host in counted.difference(&failed) {
            walk.at.insert(host.clone(), entrance);
        }
        play.update_active();
    }
}

/// Includes of the same file or role with the same variables are one, for all their hosts.
fn collect_includes(all: &mut Vec<(Include, Vec<String>)>, done: Done, hosts: &[String]) {
    if done.status == Status::Skipped {
        return;
    }
    for include in done.includes {
        let same = |other: &Include| other.args.entries() == include.args.entries() && other.vars.entries() == include.vars.entries();
        match all.iter_mut().find(|(other, on)| same(other) && !hosts.iter().any(|h| on.contains(h))) {
            Some((_, on)) => on.extend(hosts.iter().cloned()),
            None => all.push((include, hosts.to_vec())),
        }
    }
}

impl Engine {
    /// A `meta` task.
    async fn meta_step(self: &Rc<Self>, walk: &mut Walk, task: &Rc<Task>, here: &[String]) {
        let play = Rc::clone(&walk.play);
        let what = task.action.arg("_raw_params").map(|v| v.to_text()).unwrap_or_default();
        let what = what.trim().to_owned();
        let mut on = Vec::new();
        for host in here {
            let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
            match self.holds(&vars, task) {
                Ok(true) => on.push(host.clone()),
                Ok(false) => {}
                Err(failure) => self.meta_failed(walk, task, host, failure),
            }
        }
        let goes_on: Vec<String> = here.iter().filter(|h| play.is_active(h)).cloned().collect();
        if on.is_empty() {
            goes_on.iter().for_each(|h| walk.advance(h));
            return;
        }
        match what.as_str() {
            "noop" | "" => {}
            "flush_handlers" => self.flush_handlers(&play, &on).await,
            "clear_facts" => on.iter().for_each(|h| self.store.clear_facts(h)),
            "clear_host_errors" => {
                play.failed.borrow_mut().clear();
                play.unreachable.borrow_mut().clear();
                self.failed.borrow_mut().clear();
                self.unreachable.borrow_mut().clear();
                let hosts: Vec<String> = walk.hosts.clone();
                let at = on.first().map(|h| walk.step(h));
                for host in hosts {
                    if !goes_on.contains(&host)
                        && let Some(at) = at
                    {
                        walk.at.insert(host.clone(), at);
                        walk.advance(&host);
                    }
                }
                *play.vars.active_hosts.borrow_mut() = play.vars.all_hosts.borrow().clone();
                *play.vars.batch.borrow_mut() = walk.hosts.clone();
            }
            "end_play" => {
                play.end_play.set(true);
                return;
            }
            "end_batch" => {
                play.end_batch.set(true);
                return;
            }
            "end_host" => {
                play.ended.borrow_mut().extend(on.iter().cloned());
                return goes_on.iter().filter(|h| !on.contains(h)).for_each(|h| walk.advance(h));
            }
            "end_role" => self.end_role(walk, task, &on),
            "reset_connection" => {
                for host in &on {
                    self.connections.reset(host).await;
                }
            }
            "refresh_inventory" => self.refresh_inventory(),
            other => {
                let failure = TaskFailure::new(format!("invalid meta action requested: {other}"));
                for host in &on {
                    self.meta_failed(walk, task, host, failure.clone());
                }
                return;
            }
        }
        if what != "end_role" {
            goes_on.iter().filter(|h| play.is_active(h)).for_each(|h| walk.advance(h));
        } else {
            goes_on.iter().filter(|h| !on.contains(h)).for_each(|h| walk.advance(h));
        }
    }

    /// Hosts leave the role: on to the first step that is not in it.
    fn end_role(&self, walk: &mut Walk, task: &Rc<Task>, hosts: &[String]) {
        let role = task.scope.role();
        for host in hosts {
            loop {
                walk.advance(host);
                let inside = match walk.kind(walk.step(host)) {
                    StepKind::Task(t) => match (&role, t.scope.role()) {
                        (Some(a), Some(b)) => Rc::ptr_eq(a, &b),
                        _ => false,
                    },
                    StepKind::End | StepKind::Flush => false,
                    _ => true,
                };
                if !inside {
                    break;
                }
            }
        }
    }

    fn meta_failed(&self, walk: &mut Walk, task: &Rc<Task>, host: &str, failure: TaskFailure) {
        self.include_failed(&walk.play, task, host, failure, false);
        if walk.fail(host) {
            walk.play.failed.borrow_mut().remove(host);
        }
        walk.play.update_active();
    }
}
