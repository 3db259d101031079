//! The `kdo` command: arguments in, exit code out. One file for each subcommand.

mod ad_hoc;
mod agents;
mod become_args;
mod callback_options;
mod callback_plugins;
mod called_as;
mod config;
mod config_dump;
mod config_init;
mod config_list;
mod config_value;
mod connection_args;
mod console;
mod console_commands;
mod console_line;
mod doc;
mod doc_markdown;
mod doc_text;
mod extra_vars;
mod file_limit;
mod find_playbook;
mod galaxy;
mod graph;
mod inventory;
mod inventory_args;
mod inventory_explain;
mod lab;
mod listing;
mod load_inventory;
mod log;
mod module_filter;
mod play;
mod prompt;
mod pull;
mod pull_repository;
mod results;
mod run_args;
mod run_options;
mod screen;
mod secrets;
mod settings;
mod sinks;
mod ssh_config;
mod stop;
mod vault;
mod vault_args;
mod vault_files;
mod vault_keys;
mod vault_strings;
mod version;
mod words;

use called_as::Called;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs Ansible playbooks and roles over parallel SSH, without Python on either side.
#[derive(Parser)]
#[command(
    name = "kdo",
    version,
    infer_long_args = true,
    args_override_self = true,
    after_help = "Called through a link named ansible-playbook, ansible, ansible-inventory, ansible-vault, ansible-config, ansible-doc, \
                  ansible-console, ansible-galaxy or ansible-pull, kdo takes the command line of that program."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run playbooks or roles [ansible-playbook]
    Play(play::PlayArgs),
    /// Show the graph of a playbook's steps with the reason of every edge
    Graph(graph::GraphArgs),
    /// Run one module on hosts [ansible]
    Run(ad_hoc::AdHocArgs),
    /// Show hosts, groups and their variables [ansible-inventory]
    Inventory(inventory::InventoryShowArgs),
    /// Encrypt and decrypt files and texts [ansible-vault]
    Vault(vault::VaultCommandArgs),
    /// Tell about modules, filters, tests, lookups and keywords [ansible-doc]
    Doc(doc::DocArgs),
    /// Install, lock and check roles and collections of others [ansible-galaxy]
    Galaxy(galaxy::GalaxyArgs),
    /// List runs and show one again
    Log(log::LogArgs),
    /// Show the settings and where they come from [ansible-config]
    Config(config::ConfigArgs),
    /// Run modules on hosts, line by line [ansible-console]
    Console(console::ConsoleArgs),
    /// Bring a repository up to date and run its playbooks here [ansible-pull]
    Pull(pull::PullArgs),
    /// Show what test suites said on hosts, against a baseline
    Results(results::ResultsArgs),
    /// Write the hosts down for `ssh`, so that `ssh HOST` just works
    SshConfig(ssh_config::SshConfigArgs),
    /// Start and stop throw-away SSH hosts on this machine
    Lab(kdo_lab::LabArgs),
}

fn main() -> ExitCode {
    file_limit::raise();
    let arguments = match called_as::arguments(std::env::args_os().collect()) {
        Ok(Called::Command(arguments)) => arguments,
        Ok(Called::Version(program)) => {
            screen::say(&version::text(&program));
            return ExitCode::SUCCESS;
        }
        Err(stop) => return stop.tell(),
    };
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is no reason to say more.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let result = match cli.command {
        Command::Play(args) => play::play(args),
        Command::Graph(args) => graph::graph(args),
        Command::Run(args) => ad_hoc::run(args),
        Command::Inventory(args) => inventory::inventory(args),
        Command::Vault(args) => vault::vault(args),
        Command::Doc(args) => doc::doc(args),
        Command::Galaxy(args) => galaxy::galaxy(args),
        Command::Log(args) => log::log(&args),
        Command::Config(args) => config::config(&args),
        Command::Console(args) => console::console(args),
        Command::Pull(args) => pull::pull(args),
        Command::Results(args) => results::results(args),
        Command::SshConfig(args) => ssh_config::ssh_config(args),
        Command::Lab(args) => lab::lab(args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(stop) => stop.tell(),
    }
}
