//! How hosts walk the plan: one after each other's tasks (linear) or each at its own pace (free).

use crate::{
    engine::Engine,
    meta::Meta,
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
        Self {
            play: Rc::clone(play),
            hosts: hosts.to_vec(),
            at,
            pending: HashSet::new(),
            gates: HashMap::new(),
        }
    }

    fn kind(&self, step: StepId) -> StepKind {
        self.play.plan.borrow().kind(step)
    }

    fn step(&self, host: &str) -> StepId {
        self.at
            .get(host)
            .copied()
            .unwrap_or_else(|| self.play.plan.borrow().end())
    }

    fn advance(&mut self, host: &str) {
        let plan = self.play.plan.borrow();
        let to = plan
            .next(self.at.get(host).copied().unwrap_or_else(|| plan.end()))
            .unwrap_or_else(|| plan.end());
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
        self.hosts
            .iter()
            .filter(|h| self.play.is_active(h))
            .cloned()
            .collect()
    }
}

impl Engine {
    /// All hosts do a task before any goes on to the next.
    pub(crate) async fn linear(self: &Rc<Self>, walk: &mut Walk) {
        loop {
            if walk.play.end_play.get()
                || walk.play.end_batch.get()
                || self.interrupted.get()
                || walk.play.error.borrow().is_some()
            {
                return;
            }
            let active = walk.active();
            if active.is_empty() {
                return;
            }
            let first = {
                let plan = walk.play.plan.borrow();
                active
                    .iter()
                    .map(|h| walk.step(h))
                    .min_by_key(|s| plan.position(*s))
            };
            let Some(step) = first else { return };
            let here: Vec<String> = active.iter().filter(|h| walk.step(h) == step).cloned().collect();
            match walk.kind(step) {
                StepKind::End => return,
                StepKind::Task(task) => self.task_step(walk, step, &task, &here).await,
                StepKind::Flush => {
                    let all = walk.hosts.clone();
                    let play = Rc::clone(&walk.play);
                    self.tell_flush(&play, &all);
                    let failed = self.flush_handlers(&play, &all, false).await;
                    self.handlers_failed(&play, &failed);
                    here.iter().for_each(|h| walk.advance(h));
                }
                other => here.iter().for_each(|h| self.pass(walk, &other, h)),
            }
            self.check_fatal(walk);
        }
    }

    /// Each host goes on as soon as it can, `pinned`: at most `forks` of them, from start to end.
    pub(crate) async fn free(self: &Rc<Self>, walk: &mut Walk, pinned: bool) {
        // Each host walks by itself; the tasks of one host keep their order.
        let limit = Arc::new(Semaphore::new(self.forks()));
        let mut set = JoinSet::new();
        for host in walk.hosts.clone() {
            let (engine, play, limit) = (Rc::clone(self), Rc::clone(&walk.play), Arc::clone(&limit));
            set.spawn_local(async move {
                let mut own = Walk::new(&play, std::slice::from_ref(&host));
                let _turn = if pinned {
                    limit.acquire_owned().await.ok()
                } else {
                    None
                };
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
        let role = task.scope.role();
        if is_role_end(task) {
            let identity = role.map(|r| r.identity()).unwrap_or_default();
            for host in here {
                let key = (identity.clone(), host.clone());
                if play.role_begun.borrow().contains(&key) {
                    play.role_done.borrow_mut().insert(key);
                }
                walk.advance(host);
            }
            return;
        }
        // A role that has run on a host does not run there again.
        let mut left = here.to_vec();
        if let Some(role) = role.filter(|r| !r.again && !play.role_done.borrow().is_empty()) {
            let identity = role.identity();
            let done = play.role_done.borrow();
            let (over, rest): (Vec<_>, Vec<_>) = left
                .into_iter()
                .partition(|h| done.contains(&(identity.clone(), h.clone())));
            over.iter().for_each(|h| walk.advance(h));
            left = rest;
        }
        if self.options.gathering == "smart" && play.plan.borrow().start() == step {
            let (known, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|h| self.knows_facts(task, h));
            known.iter().for_each(|h| walk.advance(h));
            left = rest;
        }
        let here = &left[..];
        let Some(first) = here.first() else { return };
        if self.waiting_for_start.get() && !self.begins_at(&play, step, task, first) {
            here.iter().for_each(|h| walk.advance(h));
            return;
        }
        if task.action.short() == "meta" {
            self.meta_step(walk, step, task, here).await;
            return;
        }
        let vars = TaskVars::new(&self.store, &play.vars, first, Some(&task.scope));
        let info = self.task_info(&vars, task);
        if self.stepping.get() && !self.confirms(&info) {
            here.iter().for_each(|h| walk.advance(h));
            return;
        }
        self.tell(&Event::TaskStart {
            task: Rc::clone(&info),
        });
        let finished = self.run_on_hosts(&play, task, here, info).await;
        let rescued = play.plan.borrow().is_rescued(step);
        let mut includes: Vec<(Include, Vec<String>)> = Vec::new();
        let mut failing: Vec<String> = Vec::new();
        if task.action.short() == "pause" {
            let told = |h: &&String| !finished.iter().any(|(_, hosts)| hosts.contains(h));
            here.iter().filter(told).for_each(|h| walk.advance(h));
        }
        for (done, counts_for) in finished {
            let done = self.debugged(&play, task, done).await;
            let fate = self.process(&play, task, &done, &counts_for, rescued);
            match fate {
                Fate::Next => counts_for.iter().for_each(|h| walk.advance(h)),
                Fate::Failed => {
                    for host in &counts_for {
                        if !walk.fail(host) {
                            play.failed.borrow_mut().insert(host.clone());
                        }
                    }
                }
                Fate::Lost => self.drop_hosts(&play, fate, &counts_for),
            }
            if fate == Fate::Next {
                // With `run_once` only the first host goes through what is included.
                let host = done.host.clone();
                collect_includes(&mut includes, done, std::slice::from_ref(&host));
            } else {
                failing.extend(counts_for);
            }
        }
        if !failing.is_empty() && self.is_fatal(&vars, task) {
            self.drag(walk, step, here, &failing);
        }
        play.update_active();
        if !includes.is_empty() {
            self.insert_includes(walk, step, task, includes, rescued);
        }
    }

    fn confirms(&self, info: &TaskInfo) -> bool {
        if self.options.ask.is_none() {
            return true;
        }
        let question = format!("Perform task: TASK: {} (N)o/(y)es/(c)ontinue: ", info.name);
        match self.ask(&question, false).as_deref().map(str::trim) {
            Some("y" | "yes" | "Y") => true,
            Some("c" | "continue" | "C") => {
                self.stepping.set(false);
                true
            }
            _ => false,
        }
    }

    /// Whether this task would gather facts that were gathered before, in this run or in one whose facts are cached.
    fn knows_facts(&self, task: &Task, host: &str) -> bool {
        let gathered = || self.store.facts(host).is_some_and(|f| f.contains("module_setup"));
        task.action.short() == "gather_facts" && gathered()
    }

    /// `--start-at-task`: whether this step runs although the wanted one has not been met yet, or because it is it.
    fn begins_at(&self, play: &Rc<PlayRun>, step: StepId, task: &Rc<Task>, host: &str) -> bool {
        let plan = play.plan.borrow();
        if task.action.short() == "gather_facts" && plan.start() == step {
            // Facts are gathered in the play that has the wanted task.
            return plan.steps().iter().any(|(_, s)| match &s.kind {
                StepKind::Task(t) => self.is_start(play, t, host),
                _ => false,
            });
        }
        let found = self.is_start(play, task, host);
        if found {
            self.waiting_for_start.set(false);
        }
        found
    }

    fn is_start(&self, play: &Rc<PlayRun>, task: &Rc<Task>, host: &str) -> bool {
        let Some(wanted) = &self.options.start_at_task else {
            return true;
        };
        let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
        let info = self.task_info(&vars, task);
        let matches = |name: &str| kdo_modules::files::pattern::matches(wanted, name);
        matches(&info.name) || matches(&info.full_name())
    }

    fn throttle(&self, vars: &TaskVars, task: &Task) -> Result<Option<usize>, String> {
        let failed = |why: &str| format!("Failed to convert the throttle value to an integer: {why}");
        let Some(value) = self
            .keyword(vars, task, "throttle")
            .map_err(|f| failed(&f.message))?
        else {
            return Ok(None);
        };
        let text = value.to_text();
        text.trim().parse::<i64>().map_or_else(
            |_| {
                Err(failed(&format!(
                    "invalid literal for int() with base 10: {}",
                    value.repr()
                )))
            },
            |n| Ok(usize::try_from(n).ok()),
        )
    }

    /// Runs a task on hosts, at most `forks` (and `throttle`) at a time; with `run_once` on the first for all.
    pub(crate) async fn run_on_hosts(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        hosts: &[String],
        _info: Rc<TaskInfo>,
    ) -> Vec<(Done, Vec<String>)> {
        let Some(first) = hosts.first() else {
            return Vec::new();
        };
        let vars = TaskVars::new(&self.store, &play.vars, first, Some(&task.scope));
        let once = self.flag(&vars, task, "run_once").ok().flatten().unwrap_or(false)
            || task.action.short() == "add_host";
        if !once && task.action.short() == "pause" {
            // One pause is enough for all, but only its host knows of it.
            let done = self.run_task(play, task, first).await;
            return vec![(done, vec![first.clone()])];
        }
        if once {
            let done = self.run_task(play, task, first).await;
            return vec![(done, hosts.to_vec())];
        }
        let throttle = match self.throttle(&vars, task) {
            Ok(throttle) => throttle,
            Err(problem) => {
                play.error.borrow_mut().get_or_insert(problem);
                return Vec::new();
            }
        };
        let limit = throttle
            .filter(|t| *t > 0)
            .map_or(self.forks(), |t| t.min(self.forks()));
        if let [host] = hosts {
            let turn = match throttle.filter(|t| *t > 0) {
                Some(limit) => {
                    let turns = Arc::clone(
                        play.throttles
                            .borrow_mut()
                            .entry(task.id)
                            .or_insert_with(|| Arc::new(Semaphore::new(limit))),
                    );
                    turns.acquire_owned().await.ok()
                }
                None => None,
            };
            let free = match &play.turns {
                Some(turns) => Arc::clone(turns).acquire_owned().await.ok(),
                None => None,
            };
            let _turns = (turn, free);
            let done = self.run_task(play, task, host).await;
            return vec![(done, vec![host.clone()])];
        }
        let turns = Arc::new(Semaphore::new(limit));
        let mut set = JoinSet::new();
        for host in hosts {
            let (engine, play, task, host) =
                (Rc::clone(self), Rc::clone(play), Rc::clone(task), host.clone());
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
    pub(crate) fn drop_hosts(&self, play: &Rc<PlayRun>, fate: Fate, hosts: &[String]) {
        let set = if fate == Fate::Lost {
            &play.unreachable
        } else {
            &play.failed
        };
        set.borrow_mut().extend(hosts.iter().cloned());
        play.update_active();
    }

    pub(crate) fn is_fatal(&self, vars: &TaskVars, task: &Rc<Task>) -> bool {
        self.flag(vars, task, "any_errors_fatal")
            .ok()
            .flatten()
            .unwrap_or(self.options.any_errors_fatal)
    }

    /// `any_errors_fatal`: the other hosts fail at the step too.
    fn drag(&self, walk: &mut Walk, step: StepId, here: &[String], failing: &[String]) {
        for host in walk.active() {
            if failing.contains(&host) {
                continue;
            }
            if here.contains(&host) {
                walk.at.insert(host.clone(), step);
            }
            if !walk.fail(&host) {
                walk.play.failed.borrow_mut().insert(host.clone());
                walk.play.dragged.borrow_mut().insert(host);
            }
        }
    }

    /// `max_fail_percentage`: the others fail too.
    fn check_fatal(&self, walk: &mut Walk) {
        let play = Rc::clone(&walk.play);
        let Some(limit) = play.max_fail_percentage.get() else {
            return;
        };
        let total = walk.hosts.len().max(1);
        let failed = walk
            .hosts
            .iter()
            .filter(|h| play.failed.borrow().contains(*h))
            .count();
        let active = walk.active();
        if failed == 0 || play.broken.get() || failed as f64 / total as f64 * 100.0 <= limit {
            return;
        }
        for host in active {
            if !walk.fail(&host) {
                play.failed.borrow_mut().insert(host.clone());
                play.dragged.borrow_mut().insert(host);
            }
            self.tell(&Event::NoHostsRemaining);
        }
        play.broken.set(true);
        play.update_active();
    }

    fn insert_includes(
        self: &Rc<Self>,
        walk: &mut Walk,
        step: StepId,
        task: &Rc<Task>,
        includes: Vec<(Include, Vec<String>)>,
        rescued: bool,
    ) {
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
                    self.told_include(&loaded.shown, &hosts, label);
                    walk.gates.insert(number, hosts.iter().cloned().collect());
                    hosts.iter().for_each(|h| self.count(h, |s| s.ok += 1));
                    inclusions.push((number, loaded.items));
                    counted.extend(hosts);
                }
                Err(failure) => {
                    for host in &hosts {
                        failed.insert(host.clone());
                        self.include_failed(&play, task, host, &include, failure.clone(), rescued);
                        walk.at.insert(host.clone(), step);
                        if !walk.fail(host) {
                            play.failed.borrow_mut().insert(host.clone());
                        }
                    }
                }
            }
        }
        if !failed.is_empty() {
            let vars = failed
                .iter()
                .next()
                .map(|h| TaskVars::new(&self.store, &play.vars, h, Some(&task.scope)));
            if vars.is_some_and(|v| self.is_fatal(&v, task)) {
                let failing: Vec<String> = failed.iter().cloned().collect();
                let here: Vec<String> = counted.iter().cloned().collect();
                counted.clear();
                self.drag(walk, step, &here, &failing);
            }
        }
        let select = Rc::clone(&play.select);
        let entrance = play.plan.borrow_mut().include(step, &inclusions, &*select);
        for host in counted.difference(&failed) {
            walk.at.insert(host.clone(), entrance);
        }
        play.update_active();
    }
}

/// Whether the task only marks where a role ends.
fn is_role_end(task: &Task) -> bool {
    task.origin.is_none()
        && task.action.short() == "meta"
        && task
            .action
            .arg("_raw_params")
            .is_some_and(|v| v.as_str() == Some("role_complete"))
}

/// Includes of the same file or role with the same variables are one, for all their hosts.
pub(crate) fn collect_includes(all: &mut Vec<(Include, Vec<String>)>, done: Done, hosts: &[String]) {
    if done.status == Status::Skipped {
        return;
    }
    for include in done.includes {
        let same = |other: &Include| {
            other.args.entries() == include.args.entries() && other.vars.entries() == include.vars.entries()
        };
        match all
            .iter_mut()
            .find(|(other, on)| same(other) && !hosts.iter().any(|h| on.contains(h)))
        {
            Some((_, on)) => on.extend(hosts.iter().cloned()),
            None => all.push((include, hosts.to_vec())),
        }
    }
}

impl Engine {
    /// A `meta` task, and where its hosts go on.
    async fn meta_step(self: &Rc<Self>, walk: &mut Walk, step: StepId, task: &Rc<Task>, here: &[String]) {
        let play = Rc::clone(&walk.play);
        let rescued = play.plan.borrow().is_rescued(step);
        let done = self.meta(&play, task, here, &walk.hosts, rescued).await;
        let Some(Meta { what, on, failed }) = done else {
            return;
        };
        let (_, out): (Vec<_>, Vec<_>) = failed.iter().cloned().partition(|h| walk.fail(h));
        self.handlers_failed(&play, &out);
        let stay = |h: &&String| match what.as_str() {
            _ if failed.contains(h) => false,
            _ if on.is_empty() => play.is_active(h),
            "end_host" | "end_role" => !on.contains(h),
            _ => play.is_active(h),
        };
        let goes_on: Vec<&String> = here.iter().filter(stay).collect();
        match what.as_str() {
            "end_play" | "end_batch" if !on.is_empty() => return,
            "clear_host_errors" if !on.is_empty() => walk.pending.clear(),
            "end_role" => self.end_role(walk, task, &on),
            _ => {}
        }
        goes_on.into_iter().for_each(|h| walk.advance(h));
    }

    /// Hosts leave the role: on to the first step that is not in it.
    fn end_role(&self, walk: &mut Walk, task: &Rc<Task>, hosts: &[String]) {
        let role = task.scope.role();
        for host in hosts {
            loop {
                walk.advance(host);
                let inside = match walk.kind(walk.step(host)) {
                    StepKind::Task(t) => match (&role, t.scope.role()) {
                        // Where the role ends it is noted as done.
                        (Some(a), Some(b)) => Rc::ptr_eq(a, &b) && !is_role_end(&t),
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
}
