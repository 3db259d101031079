//! Who reads the events of a run.

use crate::{
    run_args::RunArgs,
    screen::{self, Stream},
    settings::Settings,
    stop::Result,
};
use kdo_event::Sink;
use kdo_report::{Console, Options, Palette, ResultFormat, color_code};
use std::io::IsTerminal;

/// What the command wants to be shown if the user does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A playbook's plays and tasks.
    Play,
}

/// The output that was asked for.
pub(crate) fn sinks(
    args: &RunArgs,
    settings: &Settings,
    verbosity: u8,
    style: &Style,
    run: &str,
) -> Result<Vec<Box<dyn Sink>>> {
    let _ = (style, run);
    let options = look(args, settings, verbosity);
    let console = Console::stdio(options.color);
    Ok(vec![
        Box::new(crate::listing::ListingPrinter),
        Box::new(kdo_report::Default::new(console, options)),
    ])
}

fn look(args: &RunArgs, settings: &Settings, verbosity: u8) -> Options {
    let terminal = std::io::stdout().is_terminal();
    Options {
        color: screen::color(Stream::Out),
        palette: palette(settings).into(),
        width: if terminal {
            columns().saturating_sub(1).max(20)
        } else {
            79
        },
        verbosity,
        terminal: terminal && std::env::var_os("TERM").is_some_and(|t| t != "dumb"),
        check: args.check,
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

fn columns() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|n| *n > 0)
        .unwrap_or(80)
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
