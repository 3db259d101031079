//! The events.

use crate::{Stats, Status};
use kdo_value::{Map, Value};
use std::rc::Rc;

/// A task as outputs show it.
#[derive(Clone, Debug)]
pub struct TaskInfo {
    /// Names the task in this run; the same for all hosts.
    pub id: u64,
    /// The name to show, templates evaluated, without the role.
    pub name: String,
    /// The role it belongs to, if any.
    pub role: Option<String>,
    /// The module or action, as the user wrote it.
    pub action: String,
    /// `file:line` of the task.
    pub path: String,
    /// Whether it is a handler.
    pub handler: bool,
    /// Whether it runs in check mode.
    pub check: bool,
    /// Whether differences are wanted.
    pub diff: bool,
    /// Whether arguments and results must not be shown.
    pub no_log: bool,
    /// Its tags.
    pub tags: Vec<String>,
    /// The variable `output_verbosity` where the task has it: from which `-v` count on its output is worth showing.
    pub output_verbosity: Option<i64>,
    /// Its arguments as written (for `-v` banners that show them), if they may be shown.
    pub args: Option<Map>,
}

impl TaskInfo {
    /// The name with that of the role in front, if it is in one.
    pub fn full_name(&self) -> String {
        match &self.role {
            Some(role) => format!("{role} : {}", self.name),
            None => self.name.clone(),
        }
    }
}

/// How a host's task ended.
#[derive(Clone, Debug)]
pub struct HostResult {
    /// The host.
    pub host: String,
    /// The host it ran on instead.
    pub delegated: Option<String>,
    /// The task.
    pub task: Rc<TaskInfo>,
    /// How it ended.
    pub status: Status,
    /// Whether a failure is ignored.
    pub ignored: bool,
    /// Its result, all keys; of a looped task: with `results`.
    pub result: Map,
    /// Of a loop's item: its label (already censored for no_log).
    pub item: Option<Value>,
    /// Whether it is a looped task's total (`results` is there); outputs usually show the items instead.
    pub looped: bool,
    /// Time since the task began on the host, in seconds.
    pub elapsed: f64,
    /// Of a failed or unreachable one: the rendered message with its place in the source, several lines, without
    /// the `[ERROR]: ` in front. Outputs show it once per text.
    pub error: Option<String>,
}

/// Key of a failed result that is at nothing but the playbook's fault: its message is told in spite of `no_log`.
pub const OPEN: &str = "_ansible_open_message";

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The run begins: its id and the command line without secrets.
    RunStart {
        /// Id; also the name of the journal's folder.
        run: String,
        /// Command line.
        argv: Vec<String>,
        /// `-v` count.
        verbosity: u8,
    },
    /// A playbook file begins.
    PlaybookStart {
        /// Its path as given.
        path: String,
        /// Number of its plays.
        plays: usize,
    },
    /// A play begins.
    PlayStart {
        /// Its name, or its hosts pattern where it has none.
        name: String,
        /// Whether the play is in check mode.
        check: bool,
        /// Hosts of the batch.
        hosts: Vec<String>,
        /// `linear`, `free`, …
        strategy: String,
    },
    /// The play's pattern matched nothing.
    NoHostsMatched,
    /// No host of the play is left.
    NoHostsRemaining,
    /// A task begins (for strategies without barriers: begins on its first host).
    TaskStart {
        /// The task.
        task: Rc<TaskInfo>,
    },
    /// A task begins on a host.
    HostStart {
        /// The host.
        host: String,
        /// The task.
        task: Rc<TaskInfo>,
    },
    /// A running program printed something.
    Output {
        /// The host.
        host: String,
        /// The task.
        task: Rc<TaskInfo>,
        /// Whether it is standard error.
        error: bool,
        /// The bytes, cut anywhere.
        bytes: Vec<u8>,
    },
    /// One item of a loop ended.
    ItemResult(HostResult),
    /// A task that includes others has found what for a host: most outputs show only [`Event::Include`].
    IncludeResult(HostResult),
    /// A task ended on a host.
    HostResult(HostResult),
    /// A task will be tried again.
    Retry {
        /// The host.
        host: String,
        /// The task.
        task: Rc<TaskInfo>,
        /// Tries that are left.
        left: u64,
        /// The result of this try.
        result: Map,
    },
    /// Tasks or a role were included.
    Include {
        /// What was included, as a path or role name.
        what: String,
        /// For which hosts.
        hosts: Vec<String>,
        /// Label of the loop's item, if looped.
        item: Option<String>,
    },
    /// A handler was notified.
    Notified {
        /// The handler's name.
        handler: String,
        /// The host.
        host: String,
    },
    /// An asynchronous task was asked for its state.
    AsyncPoll {
        /// The host.
        host: String,
        /// The job.
        job: String,
        /// Seconds since its start.
        elapsed: f64,
    },
    /// Something the user should know.
    Warning {
        /// The text.
        text: String,
    },
    /// Something that will stop working in a later version of Ansible.
    Deprecation {
        /// The text.
        text: String,
    },
    /// An error that is not a task's (already rendered, several lines).
    Error {
        /// The text.
        text: String,
    },
    /// What `--list-tasks` and the like show, and nothing else.
    Listing {
        /// The text.
        text: String,
    },
    /// Information for `-v`.
    Verbose {
        /// From which `-v` count on.
        level: u8,
        /// The host it is about.
        host: Option<String>,
        /// The text.
        text: String,
    },
    /// The totals.
    Recap {
        /// By host, in order of first appearance.
        stats: Vec<(String, Stats)>,
        /// `set_stats` data: all hosts together under `_run`, else by host.
        custom: Map,
    },
    /// The run ends.
    RunEnd {
        /// Exit code.
        code: u8,
    },
}
