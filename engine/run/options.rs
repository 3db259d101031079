//! How a run is to be done: what the command line, the configuration and the environment say, already resolved.

use crate::{Keys, Pressed};
use kdo_event::Sink;
use kdo_inventory::Inventory;
use kdo_playbook::Duplicates;
use kdo_syntax::SourceMap;
use kdo_transport::{Agents, Connector, Secret};
use kdo_value::Map;
use kdo_vars::{FactCache, RunInfo};
use kdo_vault::VaultKeys;
use std::{collections::HashMap, path::PathBuf, rc::Rc, sync::Arc, time::Duration};

/// What to show instead of running.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// `--syntax-check`
    pub syntax: bool,
    /// `--list-hosts`
    pub hosts: bool,
    /// `--list-tasks`
    pub tasks: bool,
    /// `--list-tags`
    pub tags: bool,
    /// `kdo graph`
    pub graph: Option<kdo_plan::Format>,
    /// `--explain`: the variable.
    pub explain: Option<String>,
}

impl Listing {
    /// Whether the playbooks are only read.
    pub fn only_syntax(&self) -> bool {
        self.syntax && !self.hosts && !self.tasks && !self.tags
    }

    /// Whether nothing is to be run.
    pub fn any(&self) -> bool {
        self.syntax || self.hosts || self.tasks || self.tags || self.graph.is_some() || self.explain.is_some()
    }
}

/// Defaults of privilege escalation; variables and keywords override them.
#[derive(Clone, Default)]
pub struct BecomeDefaults {
    /// `--become`
    pub enabled: bool,
    /// `--become-method`
    pub method: Option<String>,
    /// `--become-user`
    pub user: Option<String>,
    /// `become_exe` of the configuration.
    pub executable: Option<String>,
    /// `become_flags` of the configuration.
    pub flags: Option<String>,
    /// The folder that sudo is called in.
    pub folder: Option<String>,
    /// `--ask-become-pass`
    pub password: Option<Secret>,
    /// What `su` asks with; none: what it usually says.
    pub prompts: Vec<String>,
}

/// Defaults of connections; variables and keywords override them.
#[derive(Clone)]
pub struct ConnectionDefaults {
    /// `--connection`, or `transport` of the configuration: `ssh` or `local`.
    pub connection: String,
    /// `--user`
    pub user: Option<String>,
    /// `remote_port` of the configuration.
    pub port: Option<u16>,
    /// `--ask-pass`
    pub password: Option<Secret>,
    /// `--private-key`
    pub private_key_file: Option<PathBuf>,
    /// The text of a private key.
    pub private_key: Option<Secret>,
    /// What an encrypted private key is opened with.
    pub private_key_passphrase: Option<Secret>,
    /// `ssh_args`, `--ssh-common-args` and `--ssh-extra-args`, split into words.
    pub ssh_args: Vec<String>,
    /// `host_key_checking`
    pub host_key_checking: bool,
    /// `--timeout`
    pub timeout: Duration,
    /// `retries` of `[connection]` and `[ssh_connection]`.
    pub retries: u32,
}

/// A run.
pub struct Options {
    /// Playbook files.
    pub playbooks: Vec<PathBuf>,
    /// Those of them that are no files, with their texts.
    pub texts: HashMap<PathBuf, String>,
    /// Hosts.
    pub inventory: Inventory,
    /// Reads them again (`refresh_inventory`).
    pub reload: Option<Rc<dyn Fn() -> Inventory>>,
    /// Texts read so far (inventory, variable files).
    pub sources: Rc<SourceMap>,
    /// `--limit`, split and `@file`s read.
    pub limit: Option<Vec<String>>,
    /// `--extra-vars`, merged.
    pub extra_vars: Map,
    /// Vault passwords.
    pub vault: VaultKeys,
    /// What becomes variables: check and diff mode, forks, verbosity, tags, limit, inject_facts, hash_behaviour …
    pub info: RunInfo,
    /// `--tags`; empty means `all`.
    pub tags: Vec<String>,
    /// `--skip-tags`
    pub skip_tags: Vec<String>,
    /// `--start-at-task`
    pub start_at_task: Option<String>,
    /// `--step`
    pub step: bool,
    /// `--flush-cache`
    pub flush_cache: bool,
    /// Where facts outlive the run.
    pub fact_cache: Option<FactCache>,
    /// `--force-handlers`, or of the configuration.
    pub force_handlers: bool,
    /// What to show instead of running.
    pub listing: Listing,
    /// `roles_path`
    pub roles_path: Vec<PathBuf>,
    /// `collections_path`
    pub collections_path: Vec<PathBuf>,
    /// Folders with plugins of the configuration, by setting: `filter_plugins`, `library` …
    pub plugin_folders: Vec<(String, Vec<PathBuf>)>,
    /// How long a plugin's program may take for an answer.
    pub plugin_timeout: Duration,
    /// `gathering`: `implicit`, `explicit` or `smart`.
    pub gathering: String,
    /// Modules that may not be used.
    pub rejected: Vec<String>,
    /// `facts_modules`
    pub facts_modules: Vec<String>,
    /// `gather_subset` and `gather_timeout` of the configuration.
    pub gather_subset: Option<Vec<String>>,
    /// Default of `strategy`.
    pub strategy: String,
    /// `any_errors_fatal` of the configuration.
    pub any_errors_fatal: bool,
    /// The settings, for templates that look them up.
    pub settings: Rc<dyn kdo_template::Settings>,
    /// `private_role_vars`, where it is set.
    pub private_role_vars: Option<bool>,
    /// Failures open the task debugger.
    pub debugger: bool,
    /// The task debugger does not open on failures that are ignored.
    pub debugger_ignores_errors: bool,
    /// `debug`: tell what else would be silent.
    pub debug: bool,
    /// Whether notifying a handler that does not exist is an error; else a warning.
    pub error_on_missing_handler: bool,
    /// `max_fail_percentage` has no configuration; `--strict`: conditionals as ansible-core 2.19 has them.
    pub strict: bool,
    /// `jinja2_extensions`
    pub jinja2_extensions: Vec<String>,
    /// `--become` and friends.
    pub escalation: BecomeDefaults,
    /// `--connection` and friends.
    pub connection: ConnectionDefaults,
    /// Makes SSH connections.
    pub ssh: Arc<dyn Connector>,
    /// Makes connections to this machine.
    pub local: Arc<dyn Connector>,
    /// The agents at hand.
    pub agents: Agents,
    /// `task_timeout` of the configuration, in seconds; 0 = none.
    pub task_timeout: u64,
    /// `show_custom_stats`
    pub show_custom_stats: bool,
    /// `retry_files_enabled` and `retry_files_save_path`.
    pub retry_files: Option<PathBuf>,
    /// Readers of the events, called in this order.
    pub sinks: Vec<Box<dyn Sink>>,
    /// Names the run; also the name of its journal.
    pub run_id: String,
    /// From which `-v` count on some output shows what is said; that of a log file may be more than the screen's.
    pub told_verbosity: u8,
    /// Whether outputs want the arguments of tasks.
    pub show_args: bool,
    /// The command line without secrets, for the journal.
    pub argv: Vec<String>,
    /// `duplicate_dict_key`
    pub duplicates: Duplicates,
    /// `no_log` of the configuration, for tasks that say nothing of it.
    pub no_log: bool,
    /// Whether there is a user who could answer questions.
    pub interactive: bool,
    /// Asks the user a question on the terminal (`vars_prompt`, `--step`, the debugger): text, and whether the answer is secret.
    pub ask: Option<Rc<dyn Fn(&str, bool) -> Option<String>>>,
    /// Waits for keys on the terminal (`pause`); called on a thread of its own.
    pub keys: Option<fn(&Keys) -> Pressed>,
}
