//! `kdo pull`

use crate::{
    ad_hoc,
    become_args::BecomeArgs,
    connection_args::ConnectionArgs,
    find_playbook::Playbooks,
    inventory_args::InventoryArgs,
    pull_repository::{Repository, names_of_this_host, playbooks, sleep_up_to},
    run_args::RunArgs,
    run_options::{self, Passwords},
    screen,
    settings::Settings,
    sinks::Style,
    stop::{Result, Stop},
    vault_args::VaultArgs,
    words,
};
use clap::{ArgAction, Args};
use kdo_event::{Event, Sink};
use std::{
    cell::Cell,
    path::{Path, PathBuf},
    rc::Rc,
};

/// Arguments of `kdo pull`.
#[derive(Args)]
#[command(infer_long_args = true, args_override_self = true)]
pub(crate) struct PullArgs {
    /// Playbooks of the repository [default: HOSTNAME.yml or local.yml]
    #[arg(value_name = "PLAYBOOK")]
    playbooks: Vec<String>,
    #[command(flatten)]
    repository: Repository,
    #[command(flatten)]
    inventory: InventoryArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    escalation: BecomeArgs,
    #[command(flatten)]
    vault: VaultArgs,
    /// Run the playbooks only if the repository has changed
    #[arg(short = 'o', long)]
    only_if_changed: bool,
    /// Run the playbooks even if the repository could not be brought up to date
    #[arg(short = 'f', long)]
    force: bool,
    /// Remove the folder after the run
    #[arg(long)]
    purge: bool,
    /// Wait up to so many seconds before, so that many hosts do not all come at once
    #[arg(short = 's', long, value_name = "SECONDS")]
    sleep: Option<u64>,
    /// Only plays and tasks with these tags
    #[arg(short = 't', long, value_name = "TAGS")]
    tags: Vec<String>,
    /// Leave out plays and tasks with these tags
    #[arg(long, value_name = "TAGS")]
    skip_tags: Vec<String>,
    /// Change nothing; tell what would change
    #[arg(long)]
    check: bool,
    /// Show what changes in files
    #[arg(long)]
    diff: bool,
    /// Say more; up to -vvvvvv
    #[arg(short = 'v', long, action = ArgAction::Count)]
    verbose: u8,
    /// Accepted; modules in Python cannot be used
    #[arg(short = 'M', long, value_name = "PATH", hide_short_help = true)]
    module_path: Vec<String>,
    /// Show the hosts and do nothing
    #[arg(long)]
    list_hosts: bool,
}

/// Notes whether a task changed something.
struct Changes(Rc<Cell<bool>>);

impl Sink for Changes {
    fn event(&mut self, event: &Event) {
        if let Event::HostResult(result) = event
            && result.result.get("changed").is_some_and(|c| c.truthy())
        {
            self.0.set(true);
        }
    }
}

/// Brings a repository up to date and runs its playbooks on this host.
pub(crate) fn pull(args: PullArgs) -> Result<u8> {
    let url = args
        .repository
        .url
        .clone()
        .ok_or_else(|| Stop::new("URL for repository not specified, use -h for help").code(5))?;
    let settings = Settings::load()?;
    let folder = args.repository.folder()?;
    sleep_up_to(args.sleep);
    let passwords = Passwords::ask(&args.run_args(), &settings)?;
    screen::say(&format!(
        "Starting Ansible Pull at {}",
        jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S")
    ));
    screen::say(&std::env::args().collect::<Vec<_>>().join(" "));
    let (code, changed) = update(&args, &settings, &url, &folder, &passwords)?;
    if code != 0 {
        if !args.force {
            return Ok(code);
        }
        screen::warn("Unable to update repository. Continuing with (forced) run of playbook.");
    } else if args.only_if_changed && !changed {
        screen::say("Repository has not changed, quitting.");
        return Ok(0);
    }
    let code = run(&args, &folder, passwords);
    if args.purge {
        std::env::set_current_dir("/")?;
        std::fs::remove_dir_all(&folder)
            .map_err(|e| Stop::new(format!("cannot remove {}: {e}", folder.display())))?;
    }
    code
}

impl PullArgs {
    /// The options of a run, as `kdo play` has them.
    fn run_args(&self) -> RunArgs {
        RunArgs {
            inventory: self.inventory.clone(),
            connection: self.connection.clone(),
            escalation: self.escalation.clone(),
            vault: self.vault.clone(),
            verbose: self.verbose,
            module_path: self.module_path.clone(),
            ..RunArgs::default()
        }
    }
}

/// Clones or updates the repository; exit code, and whether something changed.
fn update(
    args: &PullArgs,
    settings: &Settings,
    url: &str,
    folder: &Path,
    passwords: &Passwords,
) -> Result<(u8, bool)> {
    let mut run = args.run_args();
    // The repository is brought here whatever the inventory of its playbooks says.
    run.inventory.inventory = vec!["localhost,".to_owned()];
    run.inventory.limit = None;
    run.connection = ConnectionArgs {
        connection: Some("local".to_owned()),
        ..ConnectionArgs::default()
    };
    let key = args.connection.private_key.as_deref();
    let text = ad_hoc::playbook(
        "localhost",
        &args.repository.module_name,
        &args.repository.module_args(url, folder, key),
        None,
    );
    let playbooks = Playbooks::of_text("<kdo pull>".into(), text);
    let style = Style::AdHoc {
        one_line: false,
        tree: None,
    };
    let known = (passwords.clone(), false);
    let mut options = run_options::further(&run, settings, playbooks, "localhost", style, false, known)?;
    let changed = Rc::new(Cell::new(false));
    options.sinks.push(Box::new(Changes(Rc::clone(&changed))));
    let code = kdo_run::run(options);
    Ok((code, changed.get()))
}

/// Runs the playbooks in the folder, whose configuration counts from here on.
fn run(args: &PullArgs, folder: &Path, passwords: Passwords) -> Result<u8> {
    let chosen: Vec<PathBuf> = playbooks(folder, &args.playbooks)?;
    // Files that were named are relative to where the command was called.
    let mut run = args.run_args();
    let absolute = |p: &str| {
        let path = Path::new(p);
        let found = std::path::absolute(path)
            .ok()
            .filter(|a| !p.contains(',') && a.exists());
        found.map_or_else(|| p.to_owned(), |a| a.display().to_string())
    };
    run.inventory.inventory = run.inventory.inventory.iter().map(|i| absolute(i)).collect();
    for extra in &mut run.inventory.extra_vars {
        if let Some(path) = extra.trim().strip_prefix('@') {
            *extra = format!("@{}", absolute(path));
        }
    }
    std::env::set_current_dir(folder)?;
    let settings = Settings::load()?;
    let limit = run.inventory.limit.take();
    run.inventory.limit = limit.or_else(|| Some(names_of_this_host().join(",")));
    run.check = args.check;
    run.diff = args.diff;
    run.list_hosts = args.list_hosts;
    let playbooks = Playbooks {
        paths: chosen,
        ..Playbooks::default()
    };
    let known = (passwords, true);
    let mut options = run_options::further(
        &run,
        &settings,
        playbooks,
        "all",
        Style::Play,
        !args.list_hosts,
        known,
    )?;
    options.tags = words::split(&args.tags);
    options.skip_tags = words::split(&args.skip_tags);
    if !options.tags.is_empty() {
        options.info.run_tags.clone_from(&options.tags);
    }
    options.info.skip_tags.clone_from(&options.skip_tags);
    Ok(kdo_run::run(options))
}
