//! `kdo play`

use crate::{
    find_playbook, galaxy, run_args::RunArgs, run_options, settings::Settings, sinks::Style, stop::Result,
    words,
};
use clap::Args;

/// Arguments of `kdo play`.
#[derive(Args)]
#[command(
    infer_long_args = true,
    args_override_self = true,
    after_help = "NAME is a playbook file, NAME.yml, playbooks/NAME.yml or a role on the roles path.\n\
                  Exit codes: 0 well, 1 error, 2 failed hosts or wrong arguments, 4 unreachable hosts or a broken playbook, \
                  5 ended early, 99 interrupted, 250 unexpected."
)]
pub(crate) struct PlayArgs {
    /// Playbooks or roles
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    run: RunArgs,
    /// Only plays and tasks with these tags
    #[arg(short = 't', long, value_name = "TAGS", help_heading = "Choice of tasks")]
    tags: Vec<String>,
    /// Leave out plays and tasks with these tags
    #[arg(long, value_name = "TAGS", help_heading = "Choice of tasks")]
    skip_tags: Vec<String>,
    /// Begin at the task of this name
    #[arg(long, value_name = "NAME", help_heading = "Choice of tasks")]
    start_at_task: Option<String>,
    /// Ask before each task
    #[arg(long, help_heading = "Choice of tasks")]
    step: bool,
    /// Run handlers even if a task failed
    #[arg(long, help_heading = "Run options")]
    force_handlers: bool,
    /// Run nothing unless all that requirements.lock names is installed as it was locked (see `kdo galaxy`)
    #[arg(long, help_heading = "Run options")]
    locked: bool,
    /// Only read the playbooks and tell what is wrong with them
    #[arg(long, help_heading = "Show instead of running")]
    syntax_check: bool,
    /// Show the tasks and do nothing
    #[arg(long, help_heading = "Show instead of running")]
    list_tasks: bool,
    /// Show where a variable is set for the hosts, which place wins, and its value; do nothing
    #[arg(long, value_name = "VAR", help_heading = "Show instead of running")]
    explain: Option<String>,
    /// Show the tags and do nothing
    #[arg(long, help_heading = "Show instead of running")]
    list_tags: bool,
}

/// Runs playbooks.
pub(crate) fn play(args: PlayArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let places = find_playbook::Places::of(&settings);
    let playbooks = find_playbook::find(&args.names, &places, args.run.inventory.limit.as_deref())?;
    if args.locked {
        galaxy::verify_locked(&playbooks, &places)?;
    }
    let listing = args.syntax_check
        || args.list_tasks
        || args.list_tags
        || args.run.list_hosts
        || args.explain.is_some();
    let mut options = run_options::options(&args.run, &settings, playbooks, "all", Style::Play, !listing)?;
    let chosen = |given: &[String], configured: &str| {
        if given.is_empty() {
            settings.list(configured).to_vec()
        } else {
            words::split(given)
        }
    };
    options.tags = chosen(&args.tags, "tags_run");
    options.skip_tags = chosen(&args.skip_tags, "tags_skip");
    if !options.tags.is_empty() {
        options.info.run_tags.clone_from(&options.tags);
    }
    options.info.skip_tags.clone_from(&options.skip_tags);
    options.start_at_task = args.start_at_task;
    options.step = args.step;
    options.force_handlers |= args.force_handlers;
    options.listing.syntax = args.syntax_check;
    options.listing.tasks = args.list_tasks;
    options.listing.tags = args.list_tags;
    options.listing.explain = args.explain;
    Ok(kdo_run::run(options))
}
