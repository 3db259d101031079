//! From arguments and settings to the engine's options.

use crate::{
    agents, extra_vars,
    find_playbook::Playbooks,
    load_inventory, module_filter, prompt,
    run_args::RunArgs,
    screen,
    secrets::{self, Asking},
    settings::Settings,
    sinks,
    stop::{Result, Stop},
};
use kdo_inventory::Inventory;
use kdo_playbook::Duplicates;
use kdo_report::Secrets;
use kdo_run::{BecomeDefaults, ConnectionDefaults, Listing, Options};
use kdo_ssh::SshConnector;
use kdo_syntax::SourceMap;
use kdo_transport::{LocalConnector, Secret};
use kdo_value::{Map, Text};
use kdo_vars::{FactCache, RunInfo};
use kdo_vault::{VaultKeys, VaultSecret};
use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Passwords that a command asked for, once for all its runs.
#[derive(Clone)]
pub(crate) struct Passwords {
    login: Option<Secret>,
    escalation: Option<Secret>,
    vault: Vec<VaultSecret>,
}

impl Passwords {
    /// Asks for what the arguments and settings want.
    pub(crate) fn ask(args: &RunArgs, settings: &Settings) -> Result<Self> {
        let (login, escalation) = passwords(args, settings)?;
        let vault = secrets::vault(&args.vault, settings, Asking::Known, false)?;
        Ok(Self {
            login,
            escalation,
            vault,
        })
    }

    /// The keys of the vault.
    pub(crate) fn keys(&self, settings: &Settings) -> VaultKeys {
        secrets::vault_keys(self.vault.clone(), settings)
    }
}

/// Everything but what is particular to a command: the playbooks, tags and the like. `record`: whether the run is worth
/// a journal.
pub(crate) fn options(
    args: &RunArgs,
    settings: &Settings,
    playbooks: Playbooks,
    pattern: &str,
    style: sinks::Style,
    record: bool,
) -> Result<Options> {
    for why in args.without_meaning() {
        screen::warn(why);
    }
    let passwords = Passwords::ask(args, settings)?;
    further(
        args,
        settings,
        playbooks,
        pattern,
        style,
        record,
        (passwords, true),
    )
}

/// The same for one of several runs of a command: `known` are the passwords and whether to tell what the inventory warns
/// of.
pub(crate) fn further(
    args: &RunArgs,
    settings: &Settings,
    playbooks: Playbooks,
    pattern: &str,
    style: sinks::Style,
    record: bool,
    known: (Passwords, bool),
) -> Result<Options> {
    let (passwords, first) = known;
    let vault = passwords.keys(settings);
    sinks::check_name(args.output.as_deref())?;
    let escalation = escalation(args, settings, passwords.escalation);
    let connection = connection(args, settings, passwords.login)?;
    let hidden = Secrets::default();
    for secret in [&connection.password, &escalation.password].into_iter().flatten() {
        hidden.add(secret.expose());
    }
    let sources = Rc::new(SourceMap::new());
    let behaviour = settings.hash_behaviour();
    let extra = extra_vars::read(&args.inventory.extra_vars, &sources, &vault, behaviour)?;
    let verbosity = verbosity(args.verbose, settings);
    if verbosity > 0 && first {
        tell_config_file(settings);
    }
    let wanted = load_inventory::Wanted {
        given: &args.inventory.inventory,
        settings,
        sources: &sources,
        vault: &vault,
        extra: &extra,
    };
    let inventory = if first {
        load_inventory::load(&wanted, verbosity)?
    } else {
        load_inventory::quietly(&wanted)
    };
    let reload = reload(args, settings, &sources, passwords.vault, &extra);
    let limit_text = args.inventory.limit.as_deref();
    let limit = load_inventory::limit(limit_text, pattern, &inventory, settings, &sources)?;
    let inputs = load_inventory::inputs(&args.inventory.inventory, settings);
    let run_id = run_id();
    let info = RunInfo {
        check: args.check,
        diff: args.diff || settings.bool("diff_always"),
        forks: args.forks.map_or(settings.int("forks").unwrap_or(5), i64::from),
        verbosity: i64::from(verbosity),
        limit: args.inventory.limit.clone(),
        run_tags: vec!["all".into()],
        skip_tags: Vec::new(),
        config_file: settings.file.clone(),
        inventory_sources: inputs.iter().map(|n| shown_source(n)).collect(),
        inject_facts: settings.bool("inject_facts_as_vars"),
        login_password: connection.password.as_ref().map(|p| Text::secret(p.expose())),
        hash_behaviour: behaviour,
    };
    let broken = "allow_broken_conditionals";
    let sinks = sinks::sinks(args, settings, &playbooks.paths, verbosity, style, hidden, record);
    Ok(Options {
        playbooks: playbooks.paths,
        texts: playbooks.texts,
        inventory,
        reload: Some(reload),
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
        fact_cache: fact_cache(settings),
        force_handlers: settings.bool("force_handlers"),
        listing: Listing {
            hosts: args.list_hosts,
            ..Listing::default()
        },
        roles_path: settings.roles_path(),
        collections_path: settings.paths("collections_path"),
        plugin_folders: PLUGIN_FOLDERS
            .iter()
            .map(|name| ((*name).to_owned(), settings.paths(name)))
            .collect(),
        plugin_timeout: plugin_timeout()?,
        gathering: settings.text("gathering").unwrap_or("implicit").to_owned(),
        rejected: module_filter::rejected(settings)?,
        facts_modules: settings.list("facts_modules").to_vec(),
        gather_subset: None,
        strategy: settings.text("strategy").unwrap_or("linear").to_owned(),
        any_errors_fatal: settings.bool("any_errors_fatal"),
        settings: Rc::new(settings.clone()),
        private_role_vars: settings
            .is_set("private_role_vars")
            .then(|| settings.bool("private_role_vars")),
        debugger: settings.bool("enable_task_debugger"),
        debugger_ignores_errors: settings.bool("task_debugger_ignore_errors"),
        debug: settings.bool("debug"),
        error_on_missing_handler: settings.bool("error_on_missing_handler"),
        strict: args.strict || settings.is_set(broken) && !settings.bool(broken),
        jinja2_extensions: settings.list("jinja2_extensions").to_vec(),
        escalation,
        connection,
        ssh: Arc::new(SshConnector::new()),
        local: Arc::new(LocalConnector),
        agents: agents::agents()?,
        task_timeout: settings
            .int("task_timeout")
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(0),
        show_custom_stats: settings.bool("show_custom_stats"),
        // An empty path: beside the playbook.
        retry_files: settings
            .bool("retry_files_enabled")
            .then(|| settings.path("retry_files_save_path").unwrap_or_default()),
        sinks,
        told_verbosity: sinks::told_verbosity(settings, verbosity),
        show_args: sinks::shows_args(settings),
        run_id,
        argv: std::env::args().collect(),
        duplicates: match settings.text("duplicate_dict_key") {
            Some("ignore") => Duplicates::Ignore,
            Some("error") => Duplicates::Error,
            _ => Duplicates::Warn,
        },
        no_log: settings.bool("no_log"),
        interactive: std::io::IsTerminal::is_terminal(&std::io::stdin()),
        ask: Some(Rc::new(|text, secret| {
            prompt::ask(text, secret).map(|a| a.to_string())
        })),
        keys: Some(prompt::keys),
    })
}

/// Settings with folders of plugins and modules.
const PLUGIN_FOLDERS: &[&str] = &[
    "filter_plugins",
    "test_plugins",
    "lookup_plugins",
    "library",
    "action_plugins",
    "strategy_plugins",
    "connection_plugins",
    "vars_plugins",
];

/// How long a plugin may take for an answer: `$KDO_PLUGIN_TIMEOUT` in seconds, else 30 s.
fn plugin_timeout() -> Result<Duration> {
    let Some(text) = std::env::var_os("KDO_PLUGIN_TIMEOUT") else {
        return Ok(Duration::from_secs(30));
    };
    let seconds = text.to_str().and_then(|t| t.trim().parse::<f64>().ok());
    seconds
        .and_then(|s| Duration::try_from_secs_f64(s).ok())
        .ok_or_else(|| Stop::new("KDO_PLUGIN_TIMEOUT is no number of seconds"))
}

/// Reads the inventory again, for `refresh_inventory`.
fn reload(
    args: &RunArgs,
    settings: &Settings,
    sources: &Rc<SourceMap>,
    secrets: Vec<VaultSecret>,
    extra: &Map,
) -> Rc<dyn Fn() -> Inventory> {
    let (given, settings, sources) = (
        args.inventory.inventory.clone(),
        settings.clone(),
        Rc::clone(sources),
    );
    let (vault, extra) = (secrets::vault_keys(secrets, &settings), extra.clone());
    Rc::new(move || {
        load_inventory::quietly(&load_inventory::Wanted {
            given: &given,
            settings: &settings,
            sources: &sources,
            vault: &vault,
            extra: &extra,
        })
    })
}

/// How many `-v` there are, on the command line and in the configuration.
pub(crate) fn verbosity(given: u8, settings: &Settings) -> u8 {
    given.saturating_add(u8::try_from(settings.int("verbosity").unwrap_or(0)).unwrap_or(0))
}

/// The passwords to log in with and to become another user; an empty answer to the latter means the former.
fn passwords(args: &RunArgs, settings: &Settings) -> Result<(Option<Secret>, Option<Secret>)> {
    let (c, e) = (&args.connection, &args.escalation);
    let ask_login = c.ask_pass || settings.bool("ask_pass");
    let login_file = c.connection_password_file.clone();
    let login = match login_file.or_else(|| settings.path("connection_password_file")) {
        Some(path) if !c.ask_pass => Some(secrets::from_file(&path, "connection password")?),
        _ if ask_login => Some(secrets::asked("SSH password: ")?),
        _ => None,
    };
    let ask_other = e.ask_become_pass || settings.bool("become_ask_pass");
    let other_file = e.become_password_file.clone();
    let other = match other_file.or_else(|| settings.path("become_password_file")) {
        Some(path) if !e.ask_become_pass => Some(secrets::from_file(&path, "become password")?),
        _ if ask_other && login.is_some() => {
            let answer = secrets::asked("BECOME password[defaults to SSH password]: ")?;
            if answer.expose().is_empty() {
                login.clone()
            } else {
                Some(answer)
            }
        }
        _ if ask_other => Some(secrets::asked("BECOME password: ")?),
        _ => None,
    };
    Ok((login, other))
}

fn escalation(args: &RunArgs, settings: &Settings, password: Option<Secret>) -> BecomeDefaults {
    let e = &args.escalation;
    let method = e
        .become_method
        .clone()
        .or_else(|| settings.given("become_method"));
    // Settings of the method's own section win over the general ones.
    let own = match method.as_deref().unwrap_or("sudo") {
        "su" => ["su_exe", "su_flags", "su_user", "su_pass"],
        _ => ["sudo_exe", "sudo_flags", "sudo_user", "sudo_pass"],
    };
    let [exe, flags, user, pass] = own;
    BecomeDefaults {
        enabled: e.escalate || settings.bool("become"),
        user: e
            .become_user
            .clone()
            .or_else(|| settings.first_given(&[user, "become_user"])),
        executable: settings.first_given(&[exe, "become_exe"]),
        prompts: settings.list("su_prompt_l10n").to_vec(),
        flags: settings.first_given(&[flags, "become_flags"]),
        folder: settings.given("sudo_chdir"),
        password: password.or_else(|| settings.first_given(&[pass, "become_pass"]).map(Secret::new)),
        method,
    }
}

fn connection(args: &RunArgs, settings: &Settings, password: Option<Secret>) -> Result<ConnectionDefaults> {
    let c = &args.connection;
    let mut ssh_args = Vec::new();
    let texts = [
        settings.given("ssh_args"),
        c.ssh_common_args
            .clone()
            .or_else(|| settings.given("ssh_common_args")),
        c.ssh_extra_args
            .clone()
            .or_else(|| settings.given("ssh_extra_args")),
    ];
    for text in texts.iter().flatten() {
        let words = kdo_inventory::split_words(text)
            .map_err(|e| Stop::usage(format!("arguments for ssh `{text}`: {e}")))?;
        ssh_args.extend(words.into_iter().map(|w| w.text));
    }
    let kind = c.connection.clone().or_else(|| settings.given("transport"));
    let seconds = c
        .timeout
        .or_else(|| settings.int("timeout").and_then(|n| u64::try_from(n).ok()));
    Ok(ConnectionDefaults {
        connection: match kind.as_deref() {
            None | Some("smart" | "paramiko" | "ansible.builtin.ssh") => "ssh".into(),
            Some("ansible.builtin.local") => "local".into(),
            Some(other) => other.to_owned(),
        },
        user: c.user.clone().or_else(|| settings.given("remote_user")),
        port: settings.int("remote_port").and_then(|n| u16::try_from(n).ok()),
        password,
        private_key_file: c
            .private_key
            .clone()
            .or_else(|| settings.path("private_key_file")),
        private_key: settings.given("private_key").map(Secret::new),
        private_key_passphrase: settings.given("private_key_passphrase").map(Secret::new),
        ssh_args,
        host_key_checking: settings.bool("host_key_checking"),
        timeout: Duration::from_secs(seconds.unwrap_or(10)),
        retries: settings
            .int("retries")
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(0),
    })
}

/// The configured fact cache; one that cannot be had is told, and the run goes on without.
fn fact_cache(settings: &Settings) -> Option<FactCache> {
    let name = settings.text("fact_caching").unwrap_or("memory");
    match name.strip_prefix("ansible.builtin.").unwrap_or(name) {
        "memory" => None,
        "jsonfile" => {
            let Some(folder) = settings.path("fact_caching_connection") else {
                screen::warn("Required config '_uri' for 'jsonfile' cache plugin not provided.");
                return None;
            };
            let seconds = settings
                .int("fact_caching_timeout")
                .and_then(|n| u64::try_from(n).ok());
            let prefix = settings.given("fact_caching_prefix").unwrap_or_default();
            FactCache::open(folder, &prefix, seconds.unwrap_or(0))
                .map_err(|why| screen::warn(&why))
                .ok()
        }
        other => {
            screen::warn(&format!(
                "Unable to load the cache plugin '{other}'. kdo has memory and jsonfile; facts are kept for this run only"
            ));
            None
        }
    }
}

/// What `-v` says first.
pub(crate) fn tell_config_file(settings: &Settings) {
    let text = match &settings.file {
        Some(path) => format!("Using {} as config file", path.display()),
        None => "No config file found; using defaults".to_owned(),
    };
    if settings.bool("verbose_to_stderr") {
        screen::complain(&text);
    } else {
        screen::say(&text);
    }
}

/// Sources are shown as absolute paths, lists of hosts as they are.
fn shown_source(source: &str) -> String {
    if source.contains(',') {
        return source.to_owned();
    }
    std::path::absolute(source).map_or_else(|_| source.to_owned(), |p| p.display().to_string())
}

/// The time and the process, so that runs sort and never share a name; further runs of the process are numbered.
fn run_id() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let number = RUNS.fetch_add(1, Ordering::Relaxed);
    let further = if number == 0 {
        String::new()
    } else {
        format!("-{number}")
    };
    format!(
        "{}-{}{further}",
        jiff::Zoned::now().strftime("%Y%m%d-%H%M%S"),
        std::process::id()
    )
}
