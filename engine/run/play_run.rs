//! A play while it runs.

use kdo_plan::Plan;
use kdo_playbook::{Play, Task};
use kdo_value::Map;
use kdo_vars::PlayVars;
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

/// State that all hosts of a play share.
pub(crate) struct PlayRun {
    /// The play.
    pub(crate) play: Rc<Play>,
    /// Its variables.
    pub(crate) vars: Rc<PlayVars>,
    /// The steps; grows by includes.
    pub(crate) plan: RefCell<Plan>,
    /// Handlers that were notified, by id, with the hosts.
    pub(crate) notified: RefCell<HashMap<u64, Vec<String>>>,
    /// Hosts that are out of the play.
    pub(crate) failed: RefCell<HashSet<String>>,
    /// Hosts that could not be reached.
    pub(crate) unreachable: RefCell<HashSet<String>>,
    /// Hosts that ended by `meta: end_host` and the like.
    pub(crate) ended: RefCell<HashSet<String>>,
    /// The play ends for all (`meta: end_play`).
    pub(crate) end_play: Cell<bool>,
    /// The batch ends (`meta: end_batch`).
    pub(crate) end_batch: Cell<bool>,
    /// Whether failures have ended the play for all.
    pub(crate) broken: Cell<bool>,
    /// Roles of which a task has run on a host, and those that have run to their end there.
    pub(crate) role_begun: RefCell<HashSet<(String, String)>>,
    /// See `role_begun`.
    pub(crate) role_done: RefCell<HashSet<(String, String)>>,
    /// Turns at tasks with `throttle`, by task, where hosts go on by themselves.
    pub(crate) throttles: RefCell<HashMap<u64, Arc<tokio::sync::Semaphore>>>,
    /// Turns of the hosts that go on by themselves, each task one; nothing if hosts are started in turn instead.
    pub(crate) turns: Option<Arc<tokio::sync::Semaphore>>,
    /// Hosts that are out because others failed.
    pub(crate) dragged: RefCell<HashSet<String>>,
    /// Hosts whose failures `meta: clear_host_errors` has cleared; this play goes on without them.
    pub(crate) forgiven: RefCell<HashSet<String>>,
    /// Hosts on which a handler failed.
    pub(crate) handler_failed: RefCell<HashSet<String>>,
    /// More failed hosts than this end the play, in per cent.
    pub(crate) max_fail_percentage: Cell<Option<f64>>,
    /// Handlers that come with included roles and task files.
    pub(crate) included_handlers: RefCell<Vec<Rc<Task>>>,
    /// Number of includes so far, for the order of their steps.
    pub(crate) includes: Cell<u32>,
    /// `ansible_failed_task` and `ansible_failed_result` by host.
    pub(crate) rescue_vars: RefCell<HashMap<String, Map>>,
    /// Whether failures open the task debugger.
    pub(crate) debugger: Cell<bool>,
    /// Variables that were changed in the task debugger, by host.
    pub(crate) debug_vars: RefCell<HashMap<String, Map>>,
    /// What makes going on impossible (a notified handler does not exist).
    pub(crate) error: RefCell<Option<String>>,
    /// Whether failed hosts run handlers too.
    pub(crate) force_handlers: Cell<bool>,
    /// Which tasks take part, by tags.
    pub(crate) select: Rc<dyn Fn(&Rc<Task>) -> bool>,
}

impl PlayRun {
    /// Whether the host still takes part.
    pub(crate) fn is_active(&self, host: &str) -> bool {
        !self.failed.borrow().contains(host)
            && !self.unreachable.borrow().contains(host)
            && !self.ended.borrow().contains(host)
            && !self.forgiven.borrow().contains(host)
    }

    /// Tells the variables which hosts are left.
    pub(crate) fn update_active(&self) {
        let keep = |hosts: &RefCell<Vec<String>>| {
            let out = (
                self.failed.borrow(),
                self.unreachable.borrow(),
                self.ended.borrow(),
            );
            hosts
                .borrow_mut()
                .retain(|h| !out.0.contains(h) && !out.1.contains(h) && !out.2.contains(h));
        };
        keep(&self.vars.active_hosts);
        keep(&self.vars.batch);
    }

    /// Adds handlers of an included role. A handler replaces the one of the same name and role that is there already,
    /// also for hosts that have notified that one.
    pub(crate) fn add_handlers(&self, handlers: &[Rc<Task>]) {
        let full_name = |h: &Task| Some((h.name.clone()?.as_str().to_owned(), h.scope.role()?.full_name()));
        for handler in handlers {
            let name = full_name(handler);
            let replaced: Vec<u64> = self
                .handlers()
                .iter()
                .filter(|h| name.is_some() && full_name(h) == name)
                .map(|h| h.id)
                .collect();
            let mut notified = self.notified.borrow_mut();
            for id in replaced {
                let hosts = notified.remove(&id).unwrap_or_default();
                let list = notified.entry(handler.id).or_default();
                for host in hosts {
                    if !list.contains(&host) {
                        list.push(host);
                    }
                }
            }
            drop(notified);
            self.included_handlers.borrow_mut().push(Rc::clone(handler));
        }
    }

    /// All handlers in order.
    pub(crate) fn handlers(&self) -> Vec<Rc<Task>> {
        let mut all = self.play.handlers.borrow().clone();
        all.extend(self.included_handlers.borrow().iter().cloned());
        all
    }
}
