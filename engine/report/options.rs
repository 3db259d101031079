//! How outputs look.

use crate::{Chosen, Evaluator, Palette};
use std::{io::IsTerminal, path::PathBuf, rc::Rc};

/// How results are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultFormat {
    /// One line of JSON, or indented.
    #[default]
    Json,
    /// A block of YAML.
    Yaml,
    /// A block of YAML as `community.general.yaml` lays it out.
    CollectionYaml,
    /// Indented JSON, the texts below it (`ansible.posix.debug`).
    Debug,
}

/// How outputs look. The command line builds it from the configuration; the names are those of Ansible's settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to colour (a terminal, or forced).
    pub color: bool,
    /// Which colours.
    pub palette: Rc<Palette>,
    /// Columns that banners fill; Ansible takes the terminal's width less one, and 79 without a terminal.
    pub width: usize,
    /// `-v` count.
    pub verbosity: u8,
    /// Whether standard output is a terminal that understands cursor movement.
    pub terminal: bool,
    /// Whether the whole run is in check mode.
    pub check: bool,
    /// Show skipped hosts.
    pub display_skipped_hosts: bool,
    /// Show hosts that are fine and unchanged.
    pub display_ok_hosts: bool,
    /// Failures go to standard error.
    pub display_failed_stderr: bool,
    /// Say when each host begins a task.
    pub show_per_host_start: bool,
    /// Mark plays and tasks in check mode.
    pub check_mode_markers: bool,
    /// Show the task's place when it fails.
    pub show_task_path_on_failure: bool,
    /// Show what `set_stats` collected.
    pub show_custom_stats: bool,
    /// Show a task's arguments in its banner.
    pub display_args_to_stdout: bool,
    /// Layout of results.
    pub result_format: ResultFormat,
    /// Always indent results.
    pub pretty_results: bool,
    /// Below a failure's result show its texts of several lines as text. For terminals only.
    pub text_results: bool,
    /// Show deprecation warnings.
    pub deprecation_warnings: bool,
    /// Lines around each change in a difference.
    pub diff_context: usize,
    /// Folder of the `tree` output, if the command line names one.
    pub folder: Option<PathBuf>,
    /// Show differences.
    pub diffs: bool,
    /// Neither plays nor totals.
    pub tasks_only: bool,
    /// Format and time zone of the time in banners, if it is shown.
    pub timestamp: Option<(String, String)>,
    /// Options of callbacks.
    pub chosen: Rc<Chosen>,
    /// Evaluates templates in options.
    pub evaluate: Evaluator,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            palette: Rc::default(),
            width: 79,
            verbosity: 0,
            terminal: false,
            check: false,
            display_skipped_hosts: true,
            display_ok_hosts: true,
            display_failed_stderr: false,
            show_per_host_start: false,
            check_mode_markers: false,
            show_task_path_on_failure: false,
            show_custom_stats: false,
            display_args_to_stdout: false,
            result_format: ResultFormat::Json,
            pretty_results: false,
            text_results: false,
            deprecation_warnings: true,
            diff_context: 3,
            folder: None,
            diffs: true,
            tasks_only: false,
            timestamp: None,
            chosen: Rc::default(),
            evaluate: Evaluator::default(),
        }
    }
}

impl Options {
    /// What fits the process' standard output: on a terminal colours, its width, failures' texts as text; in a pipe
    /// the bytes that programs expect.
    pub fn for_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width = if terminal {
            crate::terminal_size().0.saturating_sub(1).max(79)
        } else {
            79
        };
        Self {
            color: terminal,
            terminal,
            width,
            text_results: terminal,
            ..Self::default()
        }
    }
}
