//! A run's outputs put together.

use crate::{Console, Journal, Live, Options, Redact, Secrets, Tee, additional_by_name, by_name, wants_live};
use kdo_event::Sink;
use std::path::PathBuf;

/// All outputs of a run, secrets masked before them: the journal (below `runs`, see [`crate::runs_dir`]), the view with
/// a live area where that makes sense, and additional outputs. Unknown names are told as warnings; in place of an
/// unknown view comes the default one.
pub fn compose(
    view: &str,
    also: &[String],
    console: &Console,
    options: &Options,
    runs: Option<PathBuf>,
    secrets: Secrets,
) -> Redact<Tee> {
    let unknown = |name: &str| {
        let text = format!("there is no output called {name}, so it is left out");
        console.warning(&text, &options.palette.warn);
    };
    let view: Box<dyn Sink> = by_name(view, console, options).unwrap_or_else(|| {
        unknown(view);
        Box::new(crate::Default::new(console.clone(), options.clone()))
    });
    let (warn_console, palette) = (console.clone(), options.palette.clone());
    let journal = Journal::new(runs, move |text| warn_console.warning(text, &palette.warn));
    // The journal comes first: what was shown is also on disk.
    let mut tee = Tee(vec![Box::new(journal)]);
    let mut shown = Tee(vec![view]);
    for name in also {
        match additional_by_name(name, console, options) {
            Some(sink) => shown.0.push(sink),
            None => unknown(name),
        }
    }
    if wants_live(options) {
        tee.0.push(Box::new(Live::new(shown, console.clone(), options)));
    } else {
        tee.0.push(Box::new(shown));
    }
    Redact::new(tee, secrets)
}
