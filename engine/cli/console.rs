//! `kdo console`

use crate::{
    console_commands::{Console, Next},
    console_line::{Line, Lines},
    run_args::RunArgs,
    screen,
    settings::Settings,
    stop::Result,
};
use clap::Args;
use std::path::PathBuf;

/// Arguments of `kdo console`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct ConsoleArgs {
    /// Hosts to begin with
    #[arg(value_name = "PATTERN", default_value = "all")]
    pattern: String,
    #[command(flatten)]
    run: RunArgs,
    /// Ask before each task
    #[arg(long, help_heading = "Run options")]
    step: bool,
    /// Folder that counts as the playbook's
    #[arg(long, value_name = "FOLDER", help_heading = "Run options")]
    playbook_dir: Option<PathBuf>,
    /// Seconds after which a task is ended
    #[arg(long, value_name = "SECONDS", help_heading = "Run options")]
    task_timeout: Option<u64>,
}

/// Reads lines and runs them until there are no more.
pub(crate) fn console(args: ConsoleArgs) -> Result<u8> {
    let settings = Settings::load()?;
    let folder = args.playbook_dir.or_else(|| settings.path("playbook_dir"));
    let mut console = Console::new(
        args.run,
        settings,
        args.pattern,
        folder.unwrap_or_default(),
        args.task_timeout,
        args.step,
    )?;
    let mut lines = Lines::open(console.completion());
    screen::say("Welcome to the ansible console. Type help or ? to list commands.\n\n");
    loop {
        match lines.next(&console.prompt()) {
            Line::Text(line) => match console.line(&line) {
                Ok(Next::Line) => {}
                Ok(Next::End) => break,
                // A line that went wrong is no reason to leave.
                Err(stop) => {
                    stop.tell();
                }
            },
            Line::Interrupted => screen::say(""),
            Line::End => break,
        }
    }
    lines.close();
    screen::say("\nAnsible-console was exited.");
    Ok(0)
}
