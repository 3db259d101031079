//! Who reads the events of a run.

use crate::{
    callback_options,
    callback_plugins::{Kind, Plugins},
    listing::ListingPrinter,
    run_args::RunArgs,
    screen::{self, Stream},
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_event::Sink;
use kdo_report::{
    Console, Executable, LogFile, Options, Outputs, Palette, ResultFormat, Secrets,
    callbacks::{self, Callback, Use},
    color_code,
};
use std::{io::IsTerminal, path::PathBuf, rc::Rc};

/// What the command shows if the user does not say.
#[derive(Clone, Debug)]
pub(crate) enum Style {
    /// A playbook's plays and tasks, or what `stdout_callback` names.
    Play,
    /// Results only.
    AdHoc {
        /// One line for each.
        one_line: bool,
        /// Each host's result as a file in this folder.
        tree: Option<PathBuf>,
    },
}

/// What goes to the screen, to the journal and to files.
pub(crate) fn sinks(
    args: &RunArgs,
    settings: &Settings,
    playbooks: &[PathBuf],
    verbosity: u8,
    style: Style,
    secrets: Secrets,
    journal: bool,
) -> Vec<Box<dyn Sink>> {
    let mut options = look(settings, verbosity);
    options.check = args.check;
    let console = Console::stdio(options.color);
    let wanted = Wanted::of(args, settings, style, &mut options);
    if wanted.view_is("lucid") {
        match options.chosen.text("lucid", "output_mode").as_str() {
            "static" => options.terminal = false,
            "dynamic" => options.terminal = true,
            _ => {}
        }
    }
    let mut team = Team {
        console: console.clone(),
        options: options.clone(),
        plugins: Plugins::find(settings, playbooks),
    };
    let shown: Box<dyn Sink> = if journal {
        let view = team.view(&wanted.view, settings);
        let mut also = team.others(&wanted, settings);
        also.extend(log_file(settings, &console, &options, verbosity));
        let outputs = Outputs {
            view,
            live: !wanted.view_is("dense"),
            also,
            runs: kdo_report::runs_dir(),
        };
        Box::new(kdo_report::compose(outputs, &console, &options, secrets))
    } else {
        // Nothing runs; there may be warnings and errors to tell.
        let found = callbacks::find(&wanted.view).filter(|c| c.kind == Use::View);
        match found {
            Some(callback) => callback.make(&console, &options),
            None => Box::new(kdo_report::Default::new(console, options)),
        }
    };
    vec![Box::new(ListingPrinter), shown]
}

/// Which callbacks are asked for.
struct Wanted {
    view: String,
    also: Vec<String>,
    /// Whether programs of `callback_plugins` run unasked.
    programs: bool,
}

impl Wanted {
    fn of(args: &RunArgs, settings: &Settings, style: Style, options: &mut Options) -> Self {
        let configured = settings.text("stdout_callback").unwrap_or("default").to_owned();
        let enabled: Vec<String> = settings
            .list("callbacks_enabled")
            .iter()
            .chain(settings.list("callback_whitelist"))
            .cloned()
            .collect();
        let load = settings.bool("bin_ansible_callbacks");
        let (view, also, programs) = match style {
            Style::Play => (configured, enabled, true),
            Style::AdHoc { one_line, tree } => {
                let mut also = if load { enabled } else { Vec::new() };
                if tree.is_some() {
                    also.push("tree".to_owned());
                }
                options.folder = tree;
                let view = match (load, one_line) {
                    (true, false) if settings.is_set("stdout_callback") => configured,
                    (_, true) => "oneline".to_owned(),
                    _ => "minimal".to_owned(),
                };
                (view, also, load)
            }
        };
        Self {
            view: args.output.clone().unwrap_or(view),
            also,
            programs,
        }
    }

    fn view_is(&self, short: &str) -> bool {
        self.view.rsplit('.').next() == Some(short)
    }
}

/// What makes the outputs and tells what cannot be made.
struct Team {
    console: Console,
    options: Options,
    plugins: Plugins,
}

impl Team {
    fn warn(&self, text: &str) {
        self.console.warning(text, &self.options.palette.warn);
    }

    fn view(&mut self, name: &str, settings: &Settings) -> Box<dyn Sink> {
        if let Some(callback) = callbacks::find(name).filter(|c| c.kind == Use::View) {
            return callback.make(&self.console, &self.options);
        }
        if let Some(program) = self.plugin(name, settings, "the default view is shown") {
            return program;
        }
        Box::new(kdo_report::Default::new(
            self.console.clone(),
            self.options.clone(),
        ))
    }

    fn others(&mut self, wanted: &Wanted, settings: &Settings) -> Vec<Box<dyn Sink>> {
        let mut out = Vec::new();
        for name in &wanted.also {
            match callbacks::find(name) {
                Some(callback) if callback.kind == Use::Also => {
                    out.push(callback.make(&self.console, &self.options));
                }
                // A view among the additional ones is passed over, as by Ansible.
                Some(_) => {}
                None => out.extend(self.plugin(name, settings, "the run goes on without it")),
            }
        }
        let mut python = Vec::new();
        for (name, (kind, path)) in std::mem::take(&mut self.plugins.0) {
            match kind {
                Kind::Program if wanted.programs => out.extend(self.program(&path)),
                Kind::Python if callbacks::find(&name).is_none() => python.push(path.display().to_string()),
                _ => {}
            }
        }
        if !python.is_empty() && wanted.programs {
            self.warn(&format!(
                "callback plugins written in Python are left out, as kdo runs no Python: {}; a program that reads events does the same work (docs/plugins.md)",
                python.join(", ")
            ));
        }
        out
    }

    /// The user's own callback of a name; tells why if there is none.
    fn plugin(&mut self, name: &str, settings: &Settings, instead: &str) -> Option<Box<dyn Sink>> {
        let found = self.plugins.0.remove(name);
        match found.or_else(|| Plugins::of_collection(settings, name)) {
            Some((Kind::Program, path)) => self.program(&path),
            Some((Kind::Python, path)) => {
                self.warn(&format!(
                    "the callback {name} is written in Python ({}), which kdo does not run; {instead}",
                    path.display()
                ));
                None
            }
            None => {
                let known = callbacks::CALLBACKS.iter().map(Callback::short);
                let near = kdo_syntax::nearest(name.rsplit('.').next().unwrap_or(name), known);
                let near = near.map_or_else(String::new, |n| format!(" (did you mean {n}?)"));
                self.warn(&format!("there is no callback called {name}{near}; {instead}"));
                None
            }
        }
    }

    fn program(&self, path: &std::path::Path) -> Option<Box<dyn Sink>> {
        match Executable::start(path, self.console.clone(), &self.options.palette.warn) {
            Ok(program) => Some(Box::new(program)),
            Err(error) => {
                self.warn(&format!(
                    "the callback program {} cannot be started: {error}",
                    path.display()
                ));
                None
            }
        }
    }
}

fn log_file(
    settings: &Settings,
    console: &Console,
    options: &Options,
    verbosity: u8,
) -> Option<Box<dyn Sink>> {
    let path = settings.path("log_path")?;
    match LogFile::open(&path, options, told_verbosity(settings, verbosity)) {
        Ok(file) => Some(Box::new(file)),
        Err(error) => {
            let text = format!("log_path: cannot write {}: {error}", path.display());
            console.warning(&text, &options.palette.warn);
            None
        }
    }
}

/// The `-v` count of the screen or that of the log file, whichever is more.
pub(crate) fn told_verbosity(settings: &Settings, verbosity: u8) -> u8 {
    let log = settings
        .path("log_path")
        .and_then(|_| settings.int("log_verbosity"));
    log.and_then(|n| u8::try_from(n).ok()).unwrap_or(0).max(verbosity)
}

/// Whether an output shows the arguments of tasks.
pub(crate) fn shows_args(settings: &Settings) -> bool {
    let named = |name: &str| matches!(name.rsplit('.').next(), Some("junit" | "diy"));
    let lists = [
        settings.list("callbacks_enabled"),
        settings.list("callback_whitelist"),
    ];
    settings.bool("display_args_to_stdout")
        || settings.text("stdout_callback").is_some_and(named)
        || lists.iter().any(|l| l.iter().any(|n| named(n)))
}

/// Refuses a name of an output that there is not.
pub(crate) fn check_name(name: Option<&str>) -> Result<()> {
    match name {
        Some(name) if callbacks::find(name).is_none_or(|c| c.kind != Use::View) => {
            let known: Vec<&str> = callbacks::CALLBACKS
                .iter()
                .filter(|c| c.kind == Use::View)
                .map(Callback::short)
                .collect();
            Err(Stop::usage(format!(
                "there is no output called `{name}`; there are {}",
                known.join(", ")
            )))
        }
        _ => Ok(()),
    }
}

/// A view to show a recorded run with.
pub(crate) fn view(name: Option<&str>, settings: &Settings, verbosity: u8) -> Box<dyn Sink> {
    let options = Options {
        terminal: false,
        ..look(settings, verbosity)
    };
    let console = Console::stdio(options.color);
    match callbacks::find(name.unwrap_or("default")) {
        Some(callback) => callback.make(&console, &options),
        None => Box::new(kdo_report::Default::new(console, options)),
    }
}

fn look(settings: &Settings, verbosity: u8) -> Options {
    let terminal = std::io::stdout().is_terminal();
    Options {
        color: screen::color(Stream::Out),
        palette: palette(settings).into(),
        width: if terminal {
            kdo_report::terminal_size().0.saturating_sub(1).max(20)
        } else {
            79
        },
        verbosity,
        terminal: terminal && std::env::var_os("TERM").is_some_and(|t| t != "dumb"),
        check: false,
        display_skipped_hosts: settings.bool("display_skipped_hosts"),
        display_ok_hosts: settings.bool("display_ok_hosts"),
        display_failed_stderr: settings.bool("display_failed_stderr"),
        show_per_host_start: settings.bool("show_per_host_start"),
        check_mode_markers: settings.bool("check_mode_markers"),
        show_task_path_on_failure: settings.bool("show_task_path_on_failure"),
        show_custom_stats: settings.bool("show_custom_stats"),
        display_args_to_stdout: settings.bool("display_args_to_stdout"),
        result_format: match settings.text("callback_result_format") {
            Some("yaml") => ResultFormat::Yaml,
            _ => ResultFormat::Json,
        },
        pretty_results: settings.bool("callback_format_pretty"),
        text_results: terminal,
        deprecation_warnings: settings.bool("deprecation_warnings"),
        diff_context: settings
            .int("diff_context")
            .and_then(|n| n.try_into().ok())
            .unwrap_or(3),
        chosen: Rc::new(callback_options::chosen(settings)),
        evaluate: callback_options::evaluator(),
        ..Options::default()
    }
}

fn palette(settings: &Settings) -> Palette {
    let mut palette = Palette::default();
    let places = [
        ("color_ok", &mut palette.ok),
        ("color_changed", &mut palette.changed),
        ("color_skip", &mut palette.skip),
        ("color_error", &mut palette.error),
        ("color_unreachable", &mut palette.unreachable),
        ("color_warn", &mut palette.warn),
        ("color_deprecate", &mut palette.deprecate),
        ("color_debug", &mut palette.debug),
        ("color_verbose", &mut palette.verbose),
        ("color_included", &mut palette.included),
        ("color_diff_add", &mut palette.diff_add),
        ("color_diff_remove", &mut palette.diff_remove),
        ("color_diff_lines", &mut palette.diff_lines),
    ];
    for (name, place) in places {
        if let Some(code) = settings.given(name).and_then(|c| color_code(&c)) {
            *place = code;
        }
    }
    palette
}
