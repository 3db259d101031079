//! `kdo run`

use crate::{
    find_playbook::Playbooks,
    run_args::RunArgs,
    run_options, screen,
    settings::Settings,
    sinks::Style,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_value::json::quote;
use std::path::PathBuf;

/// Arguments of `kdo run`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct AdHocArgs {
    /// Hosts to run on
    #[arg(value_name = "PATTERN")]
    pattern: String,
    /// The module [default: command]
    #[arg(short = 'm', long, value_name = "MODULE")]
    module_name: Option<String>,
    /// Its arguments: k=v, JSON or YAML, or a command line
    #[arg(
        short = 'a',
        long = "args",
        value_name = "ARGS",
        default_value = "",
        allow_hyphen_values = true
    )]
    module_args: String,
    #[command(flatten)]
    run: RunArgs,
    /// Run in the background and fail after that many seconds
    #[arg(short = 'B', long, value_name = "SECONDS", help_heading = "Run options")]
    background: Option<u64>,
    /// Seconds between looks at what runs in the background [default: 15]
    #[arg(
        short = 'P',
        long = "poll",
        value_name = "SECONDS",
        help_heading = "Run options"
    )]
    poll: Option<u64>,
    /// One line for each result
    #[arg(short = 'o', long, help_heading = "Run options")]
    one_line: bool,
    /// Write each host's result to a file in this folder
    #[arg(short = 't', long, value_name = "FOLDER", help_heading = "Run options")]
    tree: Option<PathBuf>,
    /// Folder that counts as the playbook's
    #[arg(long, value_name = "FOLDER", help_heading = "Run options")]
    playbook_dir: Option<PathBuf>,
    /// Seconds after which a task is ended
    #[arg(long, value_name = "SECONDS", help_heading = "Run options")]
    task_timeout: Option<u64>,
}

/// Modules whose argument is a command line.
pub(crate) const FREE_FORM: [&str; 4] = ["command", "shell", "script", "raw"];

/// Runs one module on hosts.
pub(crate) fn run(args: AdHocArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let configured = settings.text("module_name").unwrap_or("command").to_owned();
    let module = args.module_name.as_deref().unwrap_or(&configured);
    let short = module.rsplit('.').next().unwrap_or(module);
    if args.module_args.is_empty() && FREE_FORM.contains(&short) && !args.run.list_hosts {
        return Err(Stop::new(format!("No argument passed to {module} module")).code(5));
    }
    if matches!(short, "import_playbook" | "import_tasks" | "import_role") {
        return Err(Stop::new(format!("'{module}' is not a valid action for ad-hoc commands")).code(5));
    }
    let dir = args
        .playbook_dir
        .clone()
        .or_else(|| settings.path("playbook_dir"));
    let background = args
        .background
        .map(|seconds| (seconds, args.poll.or_else(|| poll(&settings)).unwrap_or(15)));
    let text = playbook(&args.pattern, module, &args.module_args, background);
    let playbooks = Playbooks::of_text(dir.unwrap_or_default().join("<kdo run>"), text);
    let style = Style::AdHoc {
        one_line: args.one_line,
        tree: args.tree.clone(),
    };
    let listing = args.run.list_hosts;
    let mut options = run_options::options(&args.run, &settings, playbooks, &args.pattern, style, !listing)?;
    if args.run.list_hosts {
        let selection = options
            .inventory
            .select(std::slice::from_ref(&args.pattern), options.limit.as_deref())
            .map_err(|d| Stop::at(&d, &options.sources))?;
        for warning in &selection.warnings {
            screen::warn(&warning.message);
        }
        screen::say(&format!("  hosts ({}):", selection.hosts.len()));
        for host in &selection.hosts {
            screen::say(&format!("    {host}"));
        }
        return Ok(0);
    }
    options.task_timeout = args.task_timeout.unwrap_or(options.task_timeout);
    Ok(kdo_run::run(options))
}

fn poll(settings: &Settings) -> Option<u64> {
    settings.int("poll_interval").and_then(|n| u64::try_from(n).ok())
}

/// A playbook of one play with one task, in the background for so many seconds, looked at every so many. Its texts are
/// JSON texts, so that no argument can break out.
pub(crate) fn playbook(pattern: &str, module: &str, args: &str, background: Option<(u64, u64)>) -> String {
    let args = args.trim();
    let body = if args.starts_with('{') && !args.starts_with("{{") {
        args.to_owned()
    } else if args.is_empty() {
        "{}".to_owned()
    } else {
        quote(args, false)
    };
    let mut text = format!(
        "- name: Ansible Ad-Hoc\n  hosts: {}\n  gather_facts: false\n  tasks:\n    - {}: {body}\n",
        quote(pattern, false),
        quote(module, false),
    );
    if let Some((seconds, poll)) = background {
        text.push_str(&format!("      async: {seconds}\n      poll: {poll}\n"));
    }
    text
}
