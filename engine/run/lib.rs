//! The scheduler: hosts walk the plan's graph, steps run when they are ready, events tell what happens.

mod actions;
mod argument_spec;
mod arguments;
mod check_args;
mod connect;
mod debugger;
mod encoding;
mod engine;
mod explain;
mod failed_task;
mod failure;
mod foreign;
mod graph;
mod handlers;
mod hide;
mod include;
mod invocation;
mod invoke;
mod key_order;
mod keys;
mod keyword_checks;
mod library;
mod listing;
mod loop_control;
mod meta;
mod moved;
mod notify;
mod options;
mod play;
mod play_run;
mod plugins;
mod process;
mod prompts;
mod python_programs;
mod repeat;
mod reserved;
mod route;
mod step;
mod strategy;
mod tags;
mod task;
mod told;
mod tries;
mod unported;
mod walk;

pub use actions::About;
pub use kdo_plan::Format as GraphFormat;
pub use keys::{Keys, Pressed};
pub use options::{BecomeDefaults, ConnectionDefaults, Listing, Options};

use connect::Connections;
use engine::{Engine, known_action};
use kdo_event::Event;
use kdo_playbook::{Loader, Play};
use kdo_syntax::{Diagnostic, Severity};
use kdo_template::{Plugins, Vault};
use kdo_vars::Store;
use play::Ended;
use std::{path::PathBuf, rc::Rc, time::Duration};
use tokio::{runtime, task::LocalSet};

/// Whether a name is one of an action on the controller, such as `debug` or `set_fact`.
pub fn is_action(name: &str) -> bool {
    actions::exists(name)
}

/// What is said of all actions of the controller that have no module of their name.
pub fn actions() -> impl Iterator<Item = &'static About> {
    actions::abouts()
}

/// Exit codes, as ansible-playbook has them.
mod code {
    pub(crate) const OK: u8 = 0;
    pub(crate) const ERROR: u8 = 1;
    pub(crate) const FAILED: u8 = 2;
    pub(crate) const UNREACHABLE: u8 = 4;
    pub(crate) const INTERRUPTED: u8 = 99;
    pub(crate) const UNEXPECTED: u8 = 250;
}

/// Runs the playbooks and gives the exit code: 0 well, 1 error, 2 failed hosts, 4 unreachable hosts or bad input,
/// 99 interrupted, 250 unexpected.
pub fn run(mut options: Options) -> u8 {
    let Ok(runtime) = runtime::Builder::new_current_thread().enable_all().build() else {
        return code::UNEXPECTED;
    };
    let vault: Option<Rc<dyn Vault>> = if options.vault.is_empty() {
        None
    } else {
        Some(Rc::new(std::mem::take(&mut options.vault)))
    };
    let roles = Rc::default();
    let folders = Rc::new(plugins::Folders::new(&options, Rc::clone(&roles)));
    let unported = Rc::new(unported::Unported::new(&options, Rc::clone(&folders)));
    let known = {
        let unported = Rc::clone(&unported);
        let rejected: Vec<String> = options.rejected.iter().map(|r| arguments::own_name(r)).collect();
        move |name: &str| match known_action(name) {
            _ if rejected.contains(&arguments::own_name(name)) => Err(Vec::new()),
            Err(_) if unported.has(name) => Ok(()),
            other => other,
        }
    };
    let brought: Rc<dyn Plugins> = Rc::new(plugins::UserPlugins::new(
        Rc::clone(&folders),
        options.plugin_timeout,
    ));
    let mut loader = Loader::new(Rc::clone(&options.sources), Rc::new(known));
    loader.role_folders = roles;
    loader.plugins = Some(Rc::clone(&brought));
    loader.roles_path.clone_from(&options.roles_path);
    loader.collections_path.clone_from(&options.collections_path);
    loader.vault.clone_from(&vault);
    loader.duplicates = options.duplicates;
    loader.texts = std::mem::take(&mut options.texts);
    loader.extra_vars = options.extra_vars.clone();
    loader.private_role_vars = options.private_role_vars;
    let inventory = std::mem::take(&mut options.inventory);
    let mut store = Store::new(
        inventory,
        Rc::clone(&options.sources),
        vault,
        options.extra_vars.clone(),
        options.info.clone(),
    )
    .with_cache(options.fact_cache.take());
    store.plugins = Some(brought);
    store.settings = Some(Rc::clone(&options.settings));
    let connections = Connections::new(&options, Rc::clone(&folders));
    let engine = Rc::new(Engine::new(
        options,
        Rc::new(store),
        loader,
        connections,
        folders,
        unported,
    ));
    engine.tell(&Event::RunStart {
        run: engine.options.run_id.clone(),
        argv: engine.options.argv.clone(),
        verbosity: u8::try_from(engine.options.info.verbosity).unwrap_or(u8::MAX),
    });
    let set = LocalSet::new();
    let code = set.block_on(&runtime, whole(&engine));
    engine.tell(&Event::RunEnd { code });
    // Streams of agents that do not answer must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    code
}

/// The whole run, until it ends or the user has had enough.
async fn whole(engine: &Rc<Engine>) -> u8 {
    let work = tokio::task::spawn_local({
        let engine = Rc::clone(engine);
        async move { playbooks(&engine).await }
    });
    tokio::pin!(work);
    // Outputs that show elapsed time are to move while nothing happens.
    let mut clock = tokio::time::interval(Duration::from_millis(100));
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = clock.tick() => engine.tick(),
            done = &mut work => return done.unwrap_or(code::UNEXPECTED),
            signal = tokio::signal::ctrl_c() => {
                if signal.is_err() {
                    continue;
                }
                if engine.interrupted.replace(true) {
                    engine.tell(&Event::Error { text: "User interrupted execution".into() });
                    work.abort();
                    return code::INTERRUPTED;
                }
                engine.tell(&Event::Error {
                    text: "interrupted: no new task is started, running ones are waited for (again to cancel them)".into(),
                });
            }
        }
    }
}

/// Whether a role or a file was not found, or they import each other in a circle.
fn is_of_the_run(d: &Diagnostic) -> bool {
    d.message.ends_with("import each other without end")
        || d.message.starts_with("Invalid variable name '")
        || d.message == "tags must be specified as a list"
        || (d.message.starts_with("role `") && d.message.contains("` depends on itself: "))
        || (d.message.starts_with("the imported playbook `") && d.message.ends_with("` does not exist"))
        || (d.message.starts_with("the role '") && d.message.contains("' was not found in"))
        || d.message.starts_with("Could not find or access '")
        || d.message
            .starts_with("Invalid parameter specified beginning with")
        || d.message.starts_with("Attempting to decrypt")
        || d.message.starts_with("Decryption failed")
        || (d.message.starts_with("the task file '") && d.message.ends_with("to import was not found"))
}

async fn playbooks(engine: &Rc<Engine>) -> u8 {
    let mut all: Vec<(PathBuf, Vec<Rc<Play>>)> = Vec::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    for path in &engine.options.playbooks {
        if !path.is_file() && !engine.loader.texts.contains_key(path) {
            problems.push(Diagnostic::error(format!(
                "the playbook: {} could not be found",
                path.display()
            )));
            continue;
        }
        let plays = engine.loader.playbook(path);
        problems.extend(engine.loader.take_diagnostics());
        for play in &plays {
            // What is only listed reaches no task.
            let select = engine.selector(play);
            let select = |task: &Rc<_>| !engine.options.listing.any() && select(task);
            let mut foreign = engine.foreign_modules(play);
            problems.append(&mut foreign);
            problems.extend(check_args::wrong_arguments(play, &select, &mut |_| {}));
        }
        all.push((path.clone(), plays));
    }
    for file in plugins::of_variables(&engine.folders) {
        engine.warn(format!(
            "`{}` gives variables by Python, which kdo does not run",
            file.display()
        ));
    }
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|d| d.severity == Severity::Error);
    for w in &warnings {
        let text = engine.with_place(&w.message, w.place);
        let twice = w.message.starts_with("Found duplicate mapping key ");
        let end = if twice {
            "\nUsing last defined value only.\n"
        } else {
            ""
        };
        engine.warn(format!("{text}{end}"));
    }
    if !errors.is_empty() {
        engine.errors(&errors);
        // Files that are not there or go in circles are errors of the run, all else of the playbook.
        return if errors.iter().all(is_of_the_run) {
            code::ERROR
        } else {
            code::UNREACHABLE
        };
    }
    if engine.options.listing.any() {
        let listing = &engine.options.listing;
        let text = match (&listing.explain, listing.graph) {
            (Some(name), _) => engine.explain(&all, name),
            (None, Some(format)) => engine.graphs(&all, format),
            (None, None) => engine.listing(&all),
        };
        engine.tell(&Event::Listing { text });
        return code::OK;
    }
    if engine.options.flush_cache {
        let hosts: Vec<String> = engine.store.inventory.borrow().hosts.keys().cloned().collect();
        let implicit = kdo_inventory::LOCALHOST.iter().map(|h| (*h).to_owned());
        implicit.chain(hosts).for_each(|h| engine.store.clear_facts(&h));
    }
    let mut result = code::OK;
    'all: for (number, (path, plays)) in all.iter().enumerate() {
        if number > 0 {
            // Each playbook ends with the totals so far.
            engine.tell(&Event::Recap {
                stats: engine.stats(),
                custom: engine.custom_stats.clone(),
            });
        }
        engine.tell(&Event::PlaybookStart {
            path: path.to_string_lossy().into_owned(),
            plays: plays.len(),
        });
        for play in plays {
            let ended = engine.play(play).await;
            for problem in engine.store.take_problems() {
                match problem.severity {
                    Severity::Error => engine.errors(&[problem]),
                    _ => engine.warn(problem.message),
                }
            }
            match ended {
                Ended::On => {}
                Ended::Stop => break 'all,
                Ended::Error => {
                    result = code::ERROR;
                    break 'all;
                }
            }
        }
    }
    if result == code::OK {
        if engine.interrupted.get() {
            result = code::INTERRUPTED;
        } else if !engine.unreachable.borrow().is_empty() {
            result = code::UNREACHABLE;
        } else if !engine.failed.borrow().is_empty() {
            result = code::FAILED;
        }
    }
    if result != code::ERROR {
        engine.tell(&Event::Recap {
            stats: engine.stats(),
            custom: engine.custom_stats.clone(),
        });
    }
    engine.connections.close().await;
    result
}
