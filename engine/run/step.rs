//! One task on one host (or one item of its loop) while it runs.

use crate::{connect::Route, play_run::PlayRun};
use kdo_event::TaskInfo;
use kdo_playbook::Task;
use kdo_value::Map;
use kdo_vars::TaskVars;
use std::rc::Rc;

/// What an action needs to know.
#[derive(Clone)]
pub(crate) struct Step {
    /// The play's host.
    pub(crate) host: String,
    /// The host that the task is delegated to.
    pub(crate) delegated: Option<String>,
    /// The task.
    pub(crate) task: Rc<Task>,
    /// The task as it is shown.
    pub(crate) info: Rc<TaskInfo>,
    /// The play.
    pub(crate) play: Rc<PlayRun>,
    /// The variables.
    pub(crate) vars: TaskVars,
    /// Variables for programs.
    pub(crate) environment: Map,
    /// How to reach the machine it runs on; none for actions of the controller alone.
    pub(crate) route: Option<Route>,
}

impl Step {
    /// The host whose machine it runs on.
    pub(crate) fn target(&self) -> &str {
        self.delegated.as_deref().unwrap_or(&self.host)
    }
}
