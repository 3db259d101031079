//! From arguments and settings to the engine's options.

use crate::{
    agents, extra_vars, load_inventory, plain, prompt,
    run_args::RunArgs,
    screen, secrets,
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_event::Sink;
use kdo_run::{BecomeDefaults, ConnectionDefaults, Listing, Options};
use kdo_ssh::SshConnector;
use kdo_syntax::SourceMap;
use kdo_transport::{LocalConnector, Secret};
use kdo_vars::RunInfo;
use std::{path::PathBuf, rc::Rc, sync::Arc, time::Duration};

/// Everything but what is particular to a command: the playbooks, tags and the like.
pub(crate) fn options(
    args: &RunArgs,
    settings: &Settings,
    playbooks: Vec<PathBuf>,
    pattern: &str,
) -> Result<Options> {
    for why in args.without_meaning() {
        screen::warn(why);
    }
    let (password, become_password) = passwords(args)?;
    let secrets = secrets::vault(
        &args.vault,
        &settings.vault_identities,
        settings.vault_password_file.as_deref(),
    )?;
    let vault = secrets::vault_keys(&secrets);
    let sources = Rc::new(SourceMap::new());
    let extra = extra_vars::read(
        &args.inventory.extra_vars,
        &sources,
        &vault,
        settings.hash_behaviour,
    )?;
    let inventory = load_inventory::load(&args.inventory.inventory, settings, &sources, &vault);
    let limit = load_inventory::limit(
        args.inventory.limit.as_deref(),
        pattern,
        &inventory,
        settings,
        &sources,
    )?;
    let named = if args.inventory.inventory.is_empty() {
        &settings.inventory
    } else {
        &args.inventory.inventory
    };
    let info = RunInfo {
        check: args.check,
        diff: args.diff,
        forks: args.forks.map_or(settings.forks, i64::from),
        verbosity: i64::from(args.verbose),
        limit: args.inventory.limit.clone(),
        run_tags: vec!["all".into()],
        skip_tags: Vec::new(),
        config_file: settings.config_file.clone(),
        inventory_sources: named.iter().map(|n| shown_source(n)).collect(),
        inject_facts: true,
        hash_behaviour: settings.hash_behaviour,
    };
    let connection = connection(args, settings, password)?;
    let escalation = BecomeDefaults {
        enabled: args.escalation.escalate,
        method: args.escalation.become_method.clone(),
        user: args.escalation.become_user.clone(),
        executable: None,
        flags: None,
        password: become_password,
    };
    Ok(Options {
        playbooks,
        inventory,
        sources,
        limit,
        extra_vars: extra,
        vault,
        info,
        tags: Vec::new(),
        skip_tags: Vec::new(),
        start_at_task: None,
        step: false,
        flush_cache: args.inventory.flush_cache,
        force_handlers: settings.force_handlers,
        listing: Listing {
            hosts: args.list_hosts,
            ..Listing::default()
        },
        roles_path: settings.roles_path.clone(),
        collections_path: settings.collections_path.clone(),
        gathering: "implicit".into(),
        gather_subset: None,
        strategy: "linear".into(),
        any_errors_fatal: false,
        strict: args.strict,
        jinja2_extensions: Vec::new(),
        escalation,
        connection,
        ssh: Arc::new(SshConnector::new()),
        local: Arc::new(LocalConnector),
        agents: agents::agents()?,
        task_timeout: 0,
        show_custom_stats: false,
        retry_files: None,
        sinks: sinks(),
        run_id: run_id(),
        argv: std::env::args().collect(),
        ask: Some(Rc::new(|text, secret| {
            prompt::ask(text, secret).map(|a| a.to_string())
        })),
    })
}

fn sinks() -> Vec<Box<dyn Sink>> {
    vec![Box::new(plain::Plain::default())]
}

/// The passwords to log in with and to become another user; an empty answer to the latter means the former.
fn passwords(args: &RunArgs) -> Result<(Option<Secret>, Option<Secret>)> {
    let login = match &args.connection.connection_password_file {
        Some(path) => Some(secrets::from_file(path, "connection password")?),
        None if args.connection.ask_pass => Some(secrets::asked("SSH password: ")?),
        None => None,
    };
    let other = match &args.escalation.become_password_file {
        Some(path) => Some(secrets::from_file(path, "become password")?),
        None if args.escalation.ask_become_pass && login.is_some() => {
            let answer = secrets::asked("BECOME password[defaults to SSH password]: ")?;
            if answer.expose().is_empty() {
                login.clone()
            } else {
                Some(answer)
            }
        }
        None if args.escalation.ask_become_pass => Some(secrets::asked("BECOME password: ")?),
        None => None,
    };
    Ok((login, other))
}

fn connection(args: &RunArgs, settings: &Settings, password: Option<Secret>) -> Result<ConnectionDefaults> {
    let c = &args.connection;
    let mut ssh_args = Vec::new();
    for text in [&c.ssh_common_args, &c.ssh_extra_args].into_iter().flatten() {
        let words = kdo_inventory::split_words(text)
            .map_err(|e| Stop::usage(format!("arguments for ssh `{text}`: {e}")))?;
        ssh_args.extend(words.into_iter().map(|w| w.text));
    }
    Ok(ConnectionDefaults {
        connection: c.connection.clone().unwrap_or_else(|| "ssh".into()),
        user: c.user.clone(),
        port: None,
        password,
        private_key_file: c.private_key.clone(),
        ssh_args,
        host_key_checking: settings.host_key_checking,
        timeout: Duration::from_secs(c.timeout.unwrap_or(10)),
        retries: 0,
    })
}

/// Sources are shown as absolute paths, lists of hosts as they are.
fn shown_source(source: &str) -> String {
    if source.contains(',') {
        return source.to_owned();
    }
    std::path::absolute(source).map_or_else(|_| source.to_owned(), |p| p.display().to_string())
}

/// The time and the process, so that runs sort and never share a name.
fn run_id() -> String {
    format!(
        "{}-{}",
        jiff::Zoned::now().strftime("%Y%m%d-%H%M%S"),
        std::process::id()
    )
}
