//! `kdo config`

use crate::{
    config_dump, config_init, config_list, screen,
    settings::Settings,
    stop::{Result, Stop},
};
use clap::{ArgAction, Args, Subcommand, ValueEnum};
use kdo_config::CATEGORIES;
use std::path::{Path, PathBuf};

/// Arguments of `kdo config`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct ConfigArgs {
    /// The file to read instead of the one that is found
    #[arg(short = 'c', long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// Say more
    #[arg(short = 'v', long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Which settings: base, all or a type of plugin
    #[arg(short = 't', long = "type", value_name = "TYPE", global = true, default_value = "base", value_parser = kinds())]
    kind: String,
    #[command(subcommand)]
    command: ConfigCommand,
}

fn kinds() -> Vec<&'static str> {
    ["all", "base"].into_iter().chain(CATEGORIES).collect()
}

/// How to write what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line for each setting.
    #[value(name = "display")]
    Text,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Show each setting, its value and where that was set
    #[command(infer_long_args = true)]
    Dump {
        /// Only those that somebody set
        #[arg(long, visible_alias = "changed-only")]
        only_changed: bool,
        /// How to write it
        #[arg(short = 'f', long, default_value = "display")]
        format: Format,
    },
    /// Show what settings there are, with keys, variables and default
    #[command(infer_long_args = true)]
    List {
        /// How to write it
        #[arg(short = 'f', long, default_value = "yaml")]
        format: Format,
    },
    /// Show the configuration file
    View,
    /// Print a configuration file with all defaults
    #[command(infer_long_args = true)]
    Init {
        /// ini for a file, env for variables
        #[arg(short = 'f', long, default_value = "ini")]
        format: String,
        /// Begin each line with a comment sign
        #[arg(long)]
        disabled: bool,
    },
    /// Tell which names in the file or the environment are no settings
    #[command(infer_long_args = true)]
    Validate {
        /// ini for the file, env for the environment
        #[arg(short = 'f', long, default_value = "ini")]
        format: String,
    },
}

/// Shows settings.
pub(crate) fn config(args: &ConfigArgs) -> Result<u8> {
    let settings = match &args.config {
        Some(file) => Settings::of_file(checked(file)?)?,
        None => Settings::silent()?,
    };
    if args.verbose > 0 {
        screen::say(&match &settings.file {
            Some(path) => format!("Using {} as config file", path.display()),
            None => "No config file found; using defaults".to_owned(),
        });
    }
    match &args.command {
        ConfigCommand::Dump { only_changed, format } => {
            config_dump::dump(&settings, &args.kind, *only_changed, *format)?;
        }
        ConfigCommand::List { format } => config_list::list(&args.kind, *format)?,
        ConfigCommand::View => {
            let no_file = || Stop::new("Invalid or no config file was supplied");
            let file = settings.file.as_ref().ok_or_else(no_file)?;
            screen::page(&std::fs::read_to_string(file)?, settings.text("pager"));
        }
        ConfigCommand::Init { format, disabled } => {
            config_init::init(&settings, &args.kind, format, *disabled)?;
        }
        ConfigCommand::Validate { format } => return Ok(validate(&settings, &args.kind, format)),
    }
    Ok(0)
}

/// A file that was named must be there and look like one.
fn checked(file: &Path) -> Result<&Path> {
    let path = std::path::absolute(file)?;
    if !path.is_file() {
        let text = format!(
            "The provided configuration file is missing or not accessible: {}",
            path.display()
        );
        return Err(Stop::new(text).code(5));
    }
    match path.extension().and_then(|e| e.to_str()) {
        Some("ini" | "cfg") => Ok(file),
        other => Err(Stop::new(format!(
            "Unsupported configuration file extension for {}: {}",
            path.display(),
            other.unwrap_or_default()
        ))
        .code(5)),
    }
}

fn validate(settings: &Settings, kind: &str, format: &str) -> u8 {
    let plugins = kind != "base";
    let told = match format {
        "env" => settings.unknown_variables(plugins),
        _ => settings.unknown_entries(plugins),
    };
    if told.is_empty() {
        screen::say("All configurations seem valid!");
        return 0;
    }
    told.iter()
        .for_each(|t| screen::complain(&format!("[ERROR]: {t}")));
    1
}
