//! How outputs look.

use crate::Palette;
use std::path::PathBuf;

/// How results are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultFormat {
    /// One line of JSON, or indented.
    #[default]
    Json,
    /// A block of YAML.
    Yaml,
}

/// How outputs look. The command line builds it from the configuration; the names are those of Ansible's settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether to colour (a terminal, or forced).
    pub color: bool,
    /// Which colours.
    pub palette: Palette,
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
    /// Folder of the `tree` and `junit` outputs.
    pub folder: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            color: false,
            palette: Palette::default(),
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
            folder: None,
        }
    }
}
