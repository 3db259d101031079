//! `kdo config`

use crate::{
    screen,
    settings::Settings,
    stop::{Result, Stop},
};
use clap::{ArgAction, Args, Subcommand};
use kdo_config::{Effect, Origin};

/// Arguments of `kdo config`.
#[derive(Args)]
pub(crate) struct ConfigArgs {
    /// The file to read instead of the one that is found
    #[arg(short = 'c', long, value_name = "FILE", global = true)]
    config: Option<std::path::PathBuf>,
    /// Say more
    #[arg(short = 'v', long, global = true, action = ArgAction::Count)]
    verbose: u8,
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Show each setting, its value and where that was set
    Dump {
        /// Only those that somebody set
        #[arg(long)]
        only_changed: bool,
    },
    /// Show each setting with its keys, variables and default
    List,
    /// Show the configuration file
    View,
}

/// Shows settings.
pub(crate) fn config(args: &ConfigArgs) -> Result<u8> {
    let settings = match &args.config {
        Some(file) if !file.exists() => {
            return Err(Stop::new(format!("the settings file {} was not found", file.display())).code(5));
        }
        Some(file) => Settings::of_file(file)?,
        None => Settings::load()?,
    };
    match args.command {
        ConfigCommand::Dump { only_changed } => {
            if let Some(file) = &settings.file {
                screen::say(&format!("CONFIG_FILE() = {}", file.display()));
            }
            for (setting, value, origin) in settings.all() {
                if !only_changed || *origin != Origin::Default {
                    screen::say(&format!("{}({origin}) = {value}", setting.name));
                }
            }
        }
        ConfigCommand::List => {
            for (setting, _, _) in settings.all() {
                let effect = match setting.effect {
                    Effect::Used => "",
                    Effect::Harmless => "  (accepted, no effect)",
                    Effect::Unsupported => "  (not supported)",
                };
                screen::say(&format!(
                    "{}{effect}\n    keys: {}\n    environment: {}\n    default: {}",
                    setting.name,
                    setting.keys.join(", "),
                    setting.env.join(", "),
                    setting.default.unwrap_or("none"),
                ));
            }
        }
        ConfigCommand::View => {
            if let Some(file) = &settings.file {
                screen::say(&std::fs::read_to_string(file)?);
            }
        }
    }
    Ok(0)
}
