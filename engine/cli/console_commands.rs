//! The lines of `kdo console`.

use crate::{
    ad_hoc,
    console_line::Complete,
    doc, extra_vars,
    find_playbook::Playbooks,
    load_inventory::{self, Wanted},
    run_args::RunArgs,
    run_options::{self, Passwords},
    screen,
    settings::Settings,
    sinks::Style,
    stop::{Result, Stop},
};
use kdo_inventory::Inventory;
use kdo_modules::{params::parse_bool, registry};
use kdo_syntax::SourceMap;
use std::path::PathBuf;

/// What to do after a line.
#[derive(PartialEq, Eq)]
pub(crate) enum Next {
    Line,
    End,
}

/// Words that are commands of the console, with a line on each.
const COMMANDS: [(&str, &str); 18] = [
    ("become", "Run tasks as another user: become yes|no"),
    ("become_method", "How to become that user: become_method sudo|su"),
    ("become_user", "Whom to become: become_user NAME"),
    (
        "cd",
        "Change the hosts to work on: cd HOST|GROUP|PATTERN; cd / for all",
    ),
    ("check", "Change nothing, tell what would change: check yes|no"),
    ("collections", "Accepted; kdo finds modules by their full name"),
    ("diff", "Show what changes in files: diff yes|no"),
    ("exit", "Leave"),
    ("forks", "Hosts to work on at a time: forks NUMBER"),
    ("help", "Show the commands, or tell about a command or module"),
    ("list", "Show the chosen hosts; list groups for the groups"),
    ("port", "Port to log in at: port NUMBER"),
    ("remote_user", "User to log in as: remote_user NAME"),
    ("serial", "The same as forks"),
    ("shell", "Run a command line: shell COMMAND, or !COMMAND"),
    (
        "timeout",
        "Seconds after which a task is ended, 0 for never: timeout NUMBER",
    ),
    ("verbosity", "Say more: verbosity NUMBER"),
    ("EOF", "Leave"),
];

/// What the console knows between lines.
pub(crate) struct Console {
    args: RunArgs,
    settings: Settings,
    passwords: Passwords,
    inventory: Inventory,
    pattern: String,
    folder: PathBuf,
    timeout: Option<u64>,
    step: bool,
}

impl Console {
    pub(crate) fn new(
        args: RunArgs,
        settings: Settings,
        pattern: String,
        folder: PathBuf,
        timeout: Option<u64>,
        step: bool,
    ) -> Result<Self> {
        let passwords = Passwords::ask(&args, &settings)?;
        let keys = passwords.keys(&settings);
        let sources = SourceMap::new();
        let extra = extra_vars::read(
            &args.inventory.extra_vars,
            &sources,
            &keys,
            settings.hash_behaviour(),
        )?;
        let wanted = Wanted {
            given: &args.inventory.inventory,
            settings: &settings,
            sources: &sources,
            vault: &keys,
            extra: &extra,
        };
        let inventory = load_inventory::load(&wanted, args.verbose)?;
        let mut args = args;
        let escalation = &mut args.escalation;
        escalation.escalate |= settings.bool("become");
        if escalation.become_method.is_none() {
            escalation.become_method = settings.given("become_method");
        }
        Ok(Self {
            args,
            settings,
            passwords,
            inventory,
            pattern,
            folder,
            timeout,
            step,
        })
    }

    /// `user@pattern (hosts)[f:forks]$ `, with `#` for root.
    pub(crate) fn prompt(&self) -> String {
        let user = self.args.connection.user.clone();
        let user = user
            .or_else(|| self.settings.given("remote_user"))
            .or_else(|| std::env::var("USER").ok().filter(|u| !u.is_empty()))
            .unwrap_or_else(|| {
                if rustix::process::getuid().is_root() {
                    "root"
                } else {
                    "user"
                }
                .to_owned()
            });
        let other = self.args.escalation.become_user.as_deref().unwrap_or("root");
        let sign = if self.args.escalation.escalate && other == "root" {
            '#'
        } else {
            '$'
        };
        let forks = self
            .args
            .forks
            .map_or(self.settings.int("forks").unwrap_or(5), i64::from);
        format!(
            "{user}@{} ({})[f:{forks}]{sign} ",
            self.pattern,
            self.hosts(&self.pattern).len()
        )
    }

    fn hosts(&self, pattern: &str) -> Vec<String> {
        let limit = self.args.inventory.limit.as_deref().map(Inventory::read_limit);
        let limit = limit.and_then(std::result::Result::ok);
        let selection = self.inventory.select(&[pattern.to_owned()], limit.as_deref());
        selection.map(|s| s.hosts).unwrap_or_default()
    }

    /// Does what a line says.
    pub(crate) fn line(&mut self, line: &str) -> Result<Next> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return Ok(Next::Line);
        }
        if let Some(command) = line.strip_prefix('!') {
            return self.run("shell", command);
        }
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "exit" | "EOF" => return Ok(Next::End),
            "help" => self.help(rest),
            _ if word.starts_with('?') => self.help(line.trim_start_matches('?').trim()),
            "cd" => self.cd(rest),
            "list" if rest == "groups" => {
                let mut groups: Vec<&str> = self.inventory.groups.keys().map(String::as_str).collect();
                groups.sort_unstable();
                groups.iter().for_each(|g| screen::say(g));
            }
            "list" => self.hosts(&self.pattern).iter().for_each(|h| screen::say(h)),
            "shell" => return self.run("shell", rest),
            "become" | "check" | "diff" => self.switch(word, rest),
            "forks" | "serial" => self.forks(rest),
            "verbosity" => self.verbosity(rest),
            "timeout" => self.timeout(rest),
            "become_user" | "become_method" | "remote_user" | "port" => self.name(word, rest),
            "collections" => screen::say("kdo finds modules by their full name"),
            _ if is_module(word) => return self.run(word, rest),
            _ => return self.run("shell", line),
        }
        Ok(Next::Line)
    }

    fn cd(&mut self, pattern: &str) {
        let wanted = match pattern {
            "" => "*",
            "/" | "/*" => "all",
            other => other,
        };
        let limit: Option<&[String]> = None;
        match self.inventory.select(&[wanted.to_owned()], limit) {
            Ok(selection) if !selection.hosts.is_empty() || wanted == "all" => {
                wanted.clone_into(&mut self.pattern);
            }
            Ok(selection) => {
                selection.warnings.iter().for_each(|w| screen::warn(&w.message));
                screen::say("no host matched");
            }
            Err(e) => screen::complain(&format!("[ERROR]: {}", e.message)),
        }
    }

    fn switch(&mut self, word: &str, value: &str) {
        let (place, ask) = match word {
            "become" => (
                &mut self.args.escalation.escalate,
                "Please specify become value, e.g. `become yes`",
            ),
            "check" => (
                &mut self.args.check,
                "Please specify check mode value, e.g. `check yes`",
            ),
            _ => (
                &mut self.args.diff,
                "Please specify a diff value , e.g. `diff yes`",
            ),
        };
        let shown = if word == "become" {
            "become".to_owned()
        } else {
            format!("{word} mode")
        };
        let python = |b: bool| if b { "True" } else { "False" };
        if value.is_empty() {
            screen::say(ask);
            match word {
                "check" => screen::say(&format!("{shown} is currently {}.", python(*place))),
                "diff" => screen::say(&format!("{shown} is currently {}", python(*place))),
                _ => {}
            }
            return;
        }
        *place = parse_bool(value).unwrap_or(false);
        screen::say(&format!("{shown} changed to {}", python(*place)));
    }

    fn forks(&mut self, value: &str) {
        match value.parse::<i64>() {
            Err(_) => screen::say("Usage: forks <number>"),
            Ok(n) => match u32::try_from(n) {
                Ok(n) if n > 0 => self.args.forks = Some(n),
                _ => screen::say("forks must be greater than or equal to 1"),
            },
        }
    }

    fn verbosity(&mut self, value: &str) {
        if value.is_empty() {
            return screen::say("Usage: verbosity <number>");
        }
        match value.parse::<u8>() {
            Ok(n) => {
                self.args.verbose = n;
                screen::say(&format!("verbosity level set to {n}"));
            }
            Err(_) => screen::complain(&format!(
                "[ERROR]: The verbosity must be a valid integer: invalid literal for int() with base 10: '{value}'"
            )),
        }
    }

    fn timeout(&mut self, value: &str) {
        if value.is_empty() {
            return screen::say("Usage: timeout <seconds>");
        }
        match value.parse::<i64>() {
            Err(_) => screen::complain(&format!(
                "[ERROR]: The timeout must be a valid positive integer, or 0 to disable: invalid literal for int() with base \
                 10: '{value}'"
            )),
            Ok(n) => match u64::try_from(n) {
                Ok(n) => self.timeout = Some(n),
                Err(_) => screen::complain(
                    "[ERROR]: The timeout must be greater than or equal to 1, use 0 to disable",
                ),
            },
        }
    }

    fn name(&mut self, word: &str, value: &str) {
        let given = (!value.is_empty()).then(|| value.to_owned());
        let shown = |v: &Option<String>, default: &str| v.clone().unwrap_or_else(|| default.to_owned());
        let escalation = &mut self.args.escalation;
        match (word, given) {
            ("become_user", None) => {
                screen::say("Please specify a user, e.g. `become_user jenkins`");
                screen::say(&format!(
                    "Current user is {}",
                    shown(&escalation.become_user, "None")
                ));
            }
            ("become_user", given) => escalation.become_user = given,
            ("become_method", None) => {
                screen::say("Please specify a become_method, e.g. `become_method su`");
                let method = shown(&escalation.become_method, "sudo");
                screen::say(&format!("Current become_method is {method}"));
            }
            ("become_method", given) => {
                escalation.become_method = given;
                screen::say(&format!("become_method changed to {value}"));
            }
            ("remote_user", None) => screen::say("Please specify a remote user, e.g. `remote_user root`"),
            ("remote_user", given) => self.args.connection.user = given,
            (_, None) => screen::say("Please specify a port, e.g. `port 2222`"),
            (_, Some(port)) => match self.settings.set("remote_port", &port) {
                Ok(()) => screen::say(&format!("port changed to {port}")),
                Err(e) => screen::complain(&format!("[ERROR]: {e}")),
            },
        }
    }

    fn help(&self, topic: &str) {
        if topic.is_empty() {
            screen::say(
                "Commands (help COMMAND tells more); all else is a module with its arguments, or a shell command:\n",
            );
            for (name, about) in COMMANDS {
                screen::say(&format!("  {name:14} {about}"));
            }
            return screen::say("\nModules: help MODULE, or `kdo doc -l`");
        }
        if let Some((_, about)) = COMMANDS.iter().find(|(name, _)| *name == topic) {
            return screen::say(about);
        }
        match doc::of_module(topic) {
            Some(text) => screen::say(&text),
            None => screen::say(&format!("*** No help on {topic}")),
        }
    }

    fn run(&mut self, module: &str, args: &str) -> Result<Next> {
        let short = module.rsplit('.').next().unwrap_or(module);
        if args.is_empty() && ad_hoc::FREE_FORM.contains(&short) {
            return Err(Stop::new(format!("No argument passed to {module} module")));
        }
        let text = ad_hoc::playbook(&self.pattern, module, args, None);
        let playbooks = Playbooks::of_text(self.folder.join("<kdo console>"), text);
        let style = Style::AdHoc {
            one_line: false,
            tree: None,
        };
        let known = (self.passwords.clone(), false);
        let mut options = run_options::further(
            &self.args,
            &self.settings,
            playbooks,
            &self.pattern,
            style,
            true,
            known,
        )?;
        options.task_timeout = self.timeout.unwrap_or(options.task_timeout);
        options.step = self.step;
        // What went wrong was told.
        let _ = kdo_run::run(options);
        Ok(Next::Line)
    }

    /// What may be completed: commands and modules first, then a module's parameters, hosts and groups after `cd`.
    pub(crate) fn completion(&self) -> Complete {
        let groups = self.inventory.groups.keys().cloned();
        let places: Vec<String> = self.inventory.hosts.keys().cloned().chain(groups).collect();
        Box::new(move |begun: &str| {
            let Some((first, _)) = begun.split_once(' ') else {
                let modules = registry::MODULES
                    .iter()
                    .flat_map(|e| [e.meta.name, kdo_modules::short(e.meta.name)]);
                let mut names: Vec<String> = COMMANDS
                    .iter()
                    .map(|(n, _)| *n)
                    .chain(modules)
                    .map(str::to_owned)
                    .collect();
                names.sort();
                names.dedup();
                return names;
            };
            match first {
                "cd" => places.clone(),
                "help" => registry::MODULES.iter().map(|e| e.meta.name.to_owned()).collect(),
                "list" => vec!["groups".to_owned()],
                module => doc::parameters(module)
                    .into_iter()
                    .map(|p| format!("{p}="))
                    .collect(),
            }
        })
    }
}

/// Whether a line's first word is a module; all else is for the shell.
fn is_module(word: &str) -> bool {
    registry::find(word).is_some() || kdo_run::is_action(word)
}
