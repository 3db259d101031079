//! Tests of the `kdo` program as a user meets it, one file for each subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, missing_docs)]

mod architecture;
mod boot_kernel;
mod bootlinux;
mod called_as;
mod cases;
mod cli_errors;
mod debugger;
mod documentation;
mod facts;
mod faults;
#[path = "../../galaxy/tests/it/bench/file_server.rs"]
mod file_server;
mod galaxy;
mod galaxy_command_line;
mod galaxy_commands;
mod galaxy_faults;
mod galaxy_links;
mod galaxy_lock;
mod galaxy_names;
mod galaxy_proxy;
mod galaxy_signatures;
mod inventory;
mod kernel_tests;
mod lists;
mod mbsync;
mod memory;
mod modules;
#[path = "../../galaxy/tests/it/bench/nginx.rs"]
mod nginx;
mod oci_proxy;
mod oci_registry;
mod outputs;
mod over_ssh;
mod pause;
mod plugins;
mod program;
mod pulp;
mod pulp_server;
mod registries;
mod registry_credentials;
mod registry_downloads;
mod registry_races;
mod registry_signing;
mod registry_to_host;
mod rejected_modules;
mod results;
mod roles_equal;
mod runs;
mod secrets;
mod settings;
mod specs;
mod ssh_config;
mod terminal;
mod token_server;
mod tools;
#[path = "../../galaxy/tests/it/bench/venv.rs"]
mod venv;
mod web_routes;
mod web_server;
