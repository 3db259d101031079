//! What is being fetched, in one line of the terminal that goes away again.

use kdo_galaxy::Activity;
use kdo_report::terminal_size;
use std::{
    io::{IsTerminal, Write, stderr},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// What takes no longer is not shown.
const PACE: Duration = Duration::from_millis(120);

/// Shows it from now on, if errors go to a terminal.
pub(super) fn show(activity: &Arc<Activity>) {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    if !stderr().is_terminal() || set("CI").is_some() || set("TERM").is_none_or(|t| t == "dumb") {
        return;
    }
    // What stands on the terminal now.
    let shown = Arc::new(Mutex::new(String::new()));
    let (cleared, watched) = (shown.clone(), Arc::downgrade(activity));
    activity.when_idle(move || draw(&cleared, String::new));
    thread::spawn(move || {
        loop {
            thread::sleep(PACE);
            let Some(activity) = watched.upgrade() else { return };
            // Read under the same lock, so that nothing is drawn after it was cleared.
            draw(&shown, || line(&activity));
        }
    });
}

fn draw(shown: &Mutex<String>, line: impl FnOnce() -> String) {
    let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
    let line = line();
    if *shown == line {
        return;
    }
    let _ = write!(stderr(), "\r\x1b[K{line}");
    let _ = stderr().flush();
    *shown = line;
}

/// `fetching acme.web 1.0, acme.base 1.1 (1 done, 12.3 MB)`
fn line(activity: &Activity) -> String {
    let open = activity.open();
    if open.is_empty() {
        return String::new();
    }
    let done = format!(
        " ({} done, {:.1} MB)",
        activity.fetched(),
        activity.received() as f64 / 1e6
    );
    let room = terminal_size().0.saturating_sub(done.len() + 1);
    let mut text: String = open.join(", ").chars().filter(|c| !c.is_control()).collect();
    if text.chars().count() > room {
        text = text.chars().take(room.saturating_sub(1)).chain(['…']).collect();
    }
    text + &done
}
