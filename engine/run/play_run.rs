//! A play while it runs.

use kdo_plan::Plan;
use kdo_playbook::{Play, Task};
use kdo_value::Map;
use kdo_vars::PlayVars;
use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
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
    /// A failure ends the play (`any_errors_fatal`).
    pub(crate) fatal: Cell<bool>,
    /// Whether failures have ended the play for all.
    pub(crate) broken: Cell<bool>,
    /// Hosts that are out because others failed.
    pub(crate) dragged: RefCell<HashSet<String>>,
    /// More failed hosts than this end the play, in per cent.
    pub(crate) max_fail_percentage: Cell<Option<f64>>,
    /// Id of the task that gathers facts; 0 if there is none.
    pub(crate) facts_task: Cell<u64>,
    /// Handlers that come with included roles and task files.
    pub(crate) included_handlers: RefCell<Vec<Rc<Task>>>,
    /// Number of includes so far, for the order of their steps.
    pub(crate) includes: Cell<u32>,
    /// `ansible_failed_task` and `ansible_failed_result` by host.
    pub(crate) rescue_vars: RefCell<HashMap<String, Map>>,
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
    }

    /// Tells the variables which hosts are left.
    pub(crate) fn update_active(&self) {
        let keep = |hosts: &RefCell<Vec<String>>| {
            let out = (self.failed.borrow(), self.unreachable.borrow());
            hosts.borrow_mut().retain(|h| !out.0.contains(h) && !out.1.contains(h));
        };
        keep(&self.vars.active_hosts);
        keep(&self.vars.batch);
    }

    /// All handlers in order.
    pub(crate) fn handlers(&self) -> Vec<Rc<Task>> {
        let mut all = self.play.handlers.borrow().clone();
        all.extend(self.included_handlers.borrow().iter().cloned());
        all
    }
}
