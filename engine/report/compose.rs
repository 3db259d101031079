//! A run's outputs put together.

use crate::{Console, Journal, Live, Options, Redact, Secrets, Tee, wants_live};
use kdo_event::Sink;
use std::path::PathBuf;

/// What a run tells its events.
pub struct Outputs {
    /// What is on the screen.
    pub view: Box<dyn Sink>,
    /// Whether the view goes well with a live area below it.
    pub live: bool,
    /// What else prints or writes.
    pub also: Vec<Box<dyn Sink>>,
    /// Where the journals of runs are (see [`crate::runs_dir`]).
    pub runs: Option<PathBuf>,
}

/// All outputs of a run, secrets masked before them: the journal, the view with a live area where that makes sense, and
/// the others.
pub fn compose(outputs: Outputs, console: &Console, options: &Options, secrets: Secrets) -> Redact<Tee> {
    let (warn_console, palette) = (console.clone(), options.palette.clone());
    let journal = Journal::new(outputs.runs, move |text| {
        warn_console.warning(text, &palette.warn);
    });
    // The journal comes first: what was shown is also on disk.
    let mut tee = Tee(vec![Box::new(journal)]);
    let mut shown = Tee(vec![outputs.view]);
    shown.0.extend(outputs.also);
    if outputs.live && wants_live(options) {
        tee.0.push(Box::new(Live::new(shown, console.clone(), options)));
    } else {
        tee.0.push(Box::new(shown));
    }
    Redact::new(tee, secrets)
}
