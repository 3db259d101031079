//! `kdo log`

use crate::{
    screen,
    settings::Settings,
    sinks,
    stop::{Result, Stop},
};
use clap::{ArgAction, Args};
use kdo_report::{find_run, list_runs, replay, runs_dir, runs_table};

/// Arguments of `kdo log`.
#[derive(Args)]
#[command(infer_long_args = true)]
pub(crate) struct LogArgs {
    /// The run to show: its id, the beginning of it, or `last`; without it all runs are listed
    #[arg(value_name = "RUN")]
    run: Option<String>,
    /// How to show it: default, minimal, oneline, json, yaml, …
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// At most so many runs in the list
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    number: usize,
    /// Show more of it
    #[arg(short = 'v', long, action = ArgAction::Count)]
    verbose: u8,
}

/// Lists runs or shows one again.
pub(crate) fn log(args: &LogArgs) -> Result<u8> {
    sinks::check_name(args.output.as_deref())?;
    let settings = Settings::silent()?;
    let runs = runs_dir().ok_or_else(|| Stop::new("no folder for runs: set KDO_STATE_DIR or HOME"))?;
    let Some(id) = &args.run else {
        let mut all = list_runs(&runs)?;
        all.truncate(args.number);
        if all.is_empty() {
            screen::complain(&format!("no runs in {}", runs.display()));
        } else {
            screen::say(&runs_table(&all));
        }
        return Ok(0);
    };
    let run = find_run(&runs, id)?;
    let mut view = sinks::view(args.output.as_deref(), &settings, args.verbose);
    let unread = replay(&runs, &run.id, &mut *view)?;
    if unread > 0 {
        screen::warn(&format!("{unread} lines of the journal could not be read"));
    }
    Ok(0)
}
