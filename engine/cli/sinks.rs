//! Who reads the events of a run.

use crate::{
    listing::ListingPrinter,
    run_args::RunArgs,
    screen::{self, Stream},
    settings::Settings,
    stop::{Result, Stop},
};
use kdo_event::Sink;
use kdo_report::{Console, Options, Palette, ResultFormat, Secrets, color_code};
use std::{io::IsTerminal, path::PathBuf};

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
    verbosity: u8,
    style: Style,
    secrets: Secrets,
    journal: bool,
) -> Vec<Box<dyn Sink>> {
    let mut options = look(settings, verbosity);
    options.check = args.check;
    let console = Console::stdio(options.color);
    let enabled = || -> Vec<String> {
        let names = settings.list("callbacks_enabled").iter();
        names
            .chain(settings.list("callback_whitelist"))
            .cloned()
            .collect()
    };
    let configured = settings.text("stdout_callback").unwrap_or("default");
    let (view, also) = match style {
        Style::Play => (configured.to_owned(), enabled()),
        Style::AdHoc { .. } if settings.bool("bin_ansible_callbacks") => (configured.to_owned(), enabled()),
        Style::AdHoc { one_line, tree } => {
            let also = tree.iter().map(|_| "tree".to_owned()).collect();
            options.folder = tree;
            let view = if one_line { "oneline" } else { "minimal" };
            (view.to_owned(), also)
        }
    };
    if options.folder.is_none() {
        let junit = also.iter().any(|n| n.rsplit('.').next() == Some("junit"));
        options.folder = settings.path(if junit {
            "junit_output_dir"
        } else {
            "callback_tree_directory"
        });
    }
    let view = args.output.as_deref().unwrap_or(&view);
    let shown: Box<dyn Sink> = if journal {
        let runs = kdo_report::runs_dir();
        Box::new(kdo_report::compose(
            view, &also, &console, &options, runs, secrets,
        ))
    } else {
        // Nothing runs; there may be warnings and errors to tell.
        named(Some(view), console, options)
    };
    vec![Box::new(ListingPrinter), shown]
}

fn named(name: Option<&str>, console: Console, options: Options) -> Box<dyn Sink> {
    kdo_report::by_name(name.unwrap_or("default"), &console, &options)
        .unwrap_or_else(|| Box::new(kdo_report::Default::new(console, options)))
}

/// Refuses a name of an output that there is not.
pub(crate) fn check_name(name: Option<&str>) -> Result<()> {
    let console = Console::stdio(false);
    match name {
        Some(name) if kdo_report::by_name(name, &console, &Options::default()).is_none() => {
            Err(Stop::usage(format!(
                "there is no output called `{name}`; there are default, minimal, oneline, json, yaml, lucid, debug and others"
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
    named(name, console, options)
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
        folder: None,
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
