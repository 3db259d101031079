//! The keywords of plays, roles, blocks, tasks and handlers.

/// Where a keyword may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In a play.
    Play,
    /// In a role's entry.
    Role,
    /// In a block.
    Block,
    /// In a task.
    Task,
    /// In a handler.
    Handler,
    /// In `loop_control`.
    LoopControl,
    /// In an imported playbook's entry.
    PlaybookImport,
}

/// A keyword.
pub struct Keyword {
    /// Its name.
    pub name: &'static str,
    /// Where it may stand.
    pub places: &'static [Where],
    /// What it is for.
    pub doc: &'static str,
}

const ALL: &[Where] = &[
    Where::Play,
    Where::Role,
    Where::Block,
    Where::Task,
    Where::Handler,
    Where::PlaybookImport,
];
const PLAY: &[Where] = &[Where::Play];
const BLOCK: &[Where] = &[Where::Block];
const BELOW: &[Where] = &[Where::Role, Where::Block, Where::Task, Where::Handler];
const BODY: &[Where] = &[Where::Block, Where::Task, Where::Handler];
const TASK: &[Where] = &[Where::Task, Where::Handler];
const HANDLER: &[Where] = &[Where::Handler];
const LOOP: &[Where] = &[Where::LoopControl];

const fn k(name: &'static str, places: &'static [Where], doc: &'static str) -> Keyword {
    Keyword { name, places, doc }
}

/// All keywords, sorted.
pub const KEYWORDS: &[Keyword] = &[
    k("action", TASK, "The module to run, with its arguments."),
    k(
        "always",
        BLOCK,
        "Tasks that run after the block, whatever happened.",
    ),
    k(
        "any_errors_fatal",
        ALL,
        "A failure on one host ends the play for all.",
    ),
    k("args", TASK, "More arguments for the module."),
    k("async", TASK, "Run detached for at most this many seconds."),
    k("become", ALL, "Whether to take another user's rights."),
    k("become_exe", ALL, "The program to take them with."),
    k("become_flags", ALL, "Its flags, as they are."),
    k("become_method", ALL, "How to take them: sudo, su, doas."),
    k("become_user", ALL, "Whose rights to take; root by default."),
    k("block", BLOCK, "The tasks of the block."),
    k("break_when", LOOP, "Ends the loop after an item when true."),
    k("changed_when", TASK, "When the task counts as changed."),
    k("check_mode", ALL, "Whether to only look."),
    k(
        "collections",
        ALL,
        "Collections in which short names are looked for.",
    ),
    k("connection", ALL, "How to reach the hosts."),
    k("debugger", ALL, "When to start the debugger."),
    k("delay", TASK, "Seconds between tries."),
    k(
        "delegate_facts",
        BELOW,
        "Whether facts belong to the host that the task was delegated to.",
    ),
    k("delegate_to", BELOW, "The host to run on instead."),
    k("diff", ALL, "Whether to show differences."),
    k("environment", ALL, "Variables for the programs that are started."),
    k("extended", LOOP, "Whether `ansible_loop` is there."),
    k(
        "extended_allitems",
        LOOP,
        "Whether `ansible_loop.allitems` is there.",
    ),
    k("fact_path", PLAY, "Folder of local facts."),
    k("failed_when", TASK, "When the task counts as failed."),
    k(
        "force_handlers",
        PLAY,
        "Whether handlers run on hosts that failed.",
    ),
    k("gather_facts", PLAY, "Whether to gather facts first."),
    k("gather_subset", PLAY, "Which facts."),
    k("gather_timeout", PLAY, "Seconds that facts may take."),
    k("handlers", PLAY, "Tasks that run when notified."),
    k("hosts", PLAY, "The hosts, by pattern."),
    k("ignore_errors", ALL, "Whether to go on after a failure."),
    k(
        "ignore_unreachable",
        ALL,
        "Whether to go on when the host cannot be reached.",
    ),
    k("index_var", LOOP, "Name of the variable that counts the items."),
    k("label", LOOP, "What to show for an item."),
    k("listen", HANDLER, "Other names to be notified by."),
    k("local_action", TASK, "An action for the controller."),
    k("loop", TASK, "The items to repeat the task for."),
    k("loop_control", TASK, "How the loop behaves."),
    k("loop_var", LOOP, "Name of the item's variable."),
    k(
        "max_fail_percentage",
        PLAY,
        "More failed hosts than this end the play.",
    ),
    k("module_defaults", ALL, "Arguments for all tasks of a module."),
    k("name", ALL, "What to show."),
    k("no_log", ALL, "Whether to keep arguments and results secret."),
    k("notify", BODY, "Handlers to run when changed."),
    k("order", PLAY, "Order of the hosts."),
    k("pause", LOOP, "Seconds between items."),
    k(
        "poll",
        TASK,
        "Seconds between questions for an asynchronous task; 0 does not wait.",
    ),
    k("port", ALL, "The port to connect to."),
    k("post_tasks", PLAY, "Tasks after the others."),
    k("pre_tasks", PLAY, "Tasks before the roles."),
    k("register", TASK, "Variable that takes the result."),
    k("remote_user", ALL, "The user to log in as."),
    k("rescue", BLOCK, "Tasks that run when one of the block fails."),
    k("retries", TASK, "How often to try."),
    k("roles", PLAY, "Roles to run."),
    k("run_once", ALL, "Whether one host is enough."),
    k("serial", PLAY, "How many hosts at a time."),
    k("strategy", PLAY, "How hosts go through the tasks."),
    k("tags", ALL, "Names to choose tasks by."),
    k("tasks", PLAY, "The tasks."),
    k("throttle", ALL, "How many hosts at a time for this task."),
    k("timeout", ALL, "Seconds that the task may take."),
    k("until", TASK, "Try until this is true."),
    k("user", PLAY, "Older name of `remote_user`."),
    k("vars", ALL, "Variables."),
    k("vars_files", PLAY, "Files with variables."),
    k("vars_prompt", PLAY, "Variables to ask for."),
    k("when", BELOW, "Whether to run."),
];

/// Whether the keyword exists there.
pub(crate) fn allowed(name: &str, place: Where) -> bool {
    KEYWORDS
        .iter()
        .any(|k| k.name == name && k.places.contains(&place))
}

/// Names of the keywords that may stand there.
pub(crate) fn names(place: Where) -> impl Iterator<Item = &'static str> {
    KEYWORDS
        .iter()
        .filter(move |k| k.places.contains(&place))
        .map(|k| k.name)
}
