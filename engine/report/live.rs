//! What runs now, below the output, on terminals.

use crate::{
    Console, Options,
    width::{cut, harmless},
};
use kdo_event::{Event, Sink, TaskInfo};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

const INTERVAL: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_millis(300);
/// Of a line longer than this only the end is kept.
const LINE: usize = 4096;

struct Running {
    host: String,
    task: Rc<TaskInfo>,
    since: Instant,
    /// The last full line of output, and the one being written.
    last: String,
    open: Vec<u8>,
}

/// Shows a line per host that works, below what another sink prints: time, task and last line of its output.
pub struct Live<S> {
    inner: S,
    console: Console,
    color: bool,
    running: Vec<Running>,
    drawn: Option<Instant>,
    /// Hosts that are done sooner are not shown.
    patience: Duration,
    size: fn() -> (usize, usize),
}

/// Columns and lines of the terminal; 80 × 24 if unknown.
pub fn terminal_size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}

/// Whether a live area makes sense: a terminal that can move its cursor, and nobody's log.
pub fn wants_live(options: &Options) -> bool {
    let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    let dumb = var("TERM").is_none_or(|t| t == "dumb");
    options.terminal && !dumb && var("CI").is_none()
}

impl<S: Sink> Live<S> {
    /// Wraps a sink that prints to the same console.
    pub fn new(inner: S, console: Console, options: &Options) -> Self {
        Self {
            inner,
            console,
            color: options.color,
            running: Vec::new(),
            drawn: None,
            patience: PATIENCE,
            size: terminal_size,
        }
    }

    #[cfg(test)]
    fn with_size(mut self, size: fn() -> (usize, usize)) -> Self {
        (self.size, self.patience) = (size, Duration::ZERO);
        self
    }

    fn start(&mut self, host: &str, task: &Rc<TaskInfo>) {
        self.running.retain(|r| r.host != host);
        self.running.push(Running {
            host: host.to_owned(),
            task: task.clone(),
            since: Instant::now(),
            last: String::new(),
            open: Vec::new(),
        });
    }

    fn output(&mut self, host: &str, bytes: &[u8]) {
        let Some(running) = self.running.iter_mut().find(|r| r.host == host) else {
            return;
        };
        running.open.extend_from_slice(bytes);
        let mut parts = running.open.rsplitn(3, |b| matches!(b, b'\n' | b'\r'));
        let open = parts.next().unwrap_or_default().to_vec();
        if let Some(line) = parts.next().filter(|l| !l.is_empty()) {
            running.last = String::from_utf8_lossy(line).into_owned();
        }
        let start = open.len().saturating_sub(LINE);
        running.open = open.get(start..).unwrap_or_default().to_vec();
    }

    fn lines(&self, now: Instant) -> Vec<String> {
        let (columns, rows) = (self.size)();
        let room = rows.saturating_sub(2).clamp(1, 20);
        let long = |r: &&Running| now.saturating_duration_since(r.since) >= self.patience;
        let running: Vec<&Running> = self.running.iter().filter(long).collect();
        let more = running.len().saturating_sub(room);
        let shown = if more > 0 { room.saturating_sub(1) } else { room };
        let mut out: Vec<String> = Vec::new();
        for r in running.iter().take(shown) {
            let seconds = now.saturating_duration_since(r.since).as_secs();
            let open = String::from_utf8_lossy(&r.open);
            let tail = if r.task.no_log {
                String::new()
            } else if open.trim().is_empty() {
                harmless(r.last.trim())
            } else {
                harmless(open.trim())
            };
            let line = format!(
                "  {:<16} {:>6}  {}  {tail}",
                r.host,
                clock(seconds),
                r.task.full_name()
            );
            out.push(self.dim(&cut(line.trim_end(), columns.saturating_sub(1))));
        }
        if more > 0 {
            let line = format!("  …and {} more", running.len() - shown);
            out.push(self.dim(&cut(&line, columns.saturating_sub(1))));
        }
        out
    }

    fn dim(&self, line: &str) -> String {
        if self.color {
            format!("\x1b[2m{line}\x1b[0m")
        } else {
            line.to_owned()
        }
    }

    fn draw(&mut self, force: bool) {
        let now = Instant::now();
        if !force
            && self
                .drawn
                .is_some_and(|d| now.saturating_duration_since(d) < INTERVAL)
        {
            return;
        }
        self.drawn = Some(now);
        let lines = self.lines(now);
        self.console.draw(&lines);
    }

    fn clear(&self) {
        self.console.draw(&[]);
    }
}

fn clock(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

impl<S: Sink> Sink for Live<S> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::HostStart { host, task } => self.start(host, task),
            Event::Output { host, bytes, .. } => self.output(host, bytes),
            Event::HostResult(of) => self.running.retain(|r| r.host != of.host),
            Event::PlayStart { .. } | Event::Recap { .. } | Event::RunEnd { .. } => self.running.clear(),
            _ => {}
        }
        self.inner.event(event);
        match event {
            Event::Recap { .. } | Event::RunEnd { .. } => self.clear(),
            _ => self.draw(false),
        }
    }

    fn tick(&mut self) {
        self.inner.tick();
        self.draw(false);
    }

    fn rest(&mut self, rest: bool) {
        self.inner.rest(rest);
        self.console.rest(rest);
    }
}

impl<S> Drop for Live<S> {
    fn drop(&mut self) {
        self.console.draw(&[]);
    }
}

#[cfg(test)]
mod tests {
    use super::Live;
    use crate::{Options, Tee, golden::console};
    use kdo_event::{Event, Sink, TaskInfo};
    use std::rc::Rc;

    fn task() -> Rc<TaskInfo> {
        Rc::new(TaskInfo {
            id: 1,
            name: "build".into(),
            role: None,
            action: "command".into(),
            path: String::new(),
            handler: false,
            check: false,
            diff: false,
            no_log: false,
            output_verbosity: None,
            tags: vec![],
            args: None,
        })
    }

    /// The screen after a terminal has got some bytes.
    fn screen(bytes: &str) -> Vec<String> {
        let (mut lines, mut row) = (vec![String::new()], 0);
        let mut rest = bytes;
        while let Some(c) = rest.chars().next() {
            if let Some(sequence) = rest.strip_prefix("\x1b[") {
                let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                match &sequence[end..=end] {
                    "A" => row -= sequence[..end].parse::<usize>().unwrap(),
                    "J" => {
                        lines.truncate(row);
                        lines.push(String::new());
                    }
                    other => panic!("{other}"),
                }
                rest = &sequence[end + 1..];
                continue;
            }
            match c {
                '\n' => {
                    row += 1;
                    if row == lines.len() {
                        lines.push(String::new());
                    }
                }
                '\r' => {}
                c => lines[row].push(c),
            }
            rest = &rest[c.len_utf8()..];
        }
        lines
    }

    #[test]
    fn on_the_screen_the_output_stays_and_the_live_area_goes() {
        let (plain, expected, _) = console(false);
        let (live_console, out, _) = console(false);
        let mut plain = crate::Default::new(plain, Options::default());
        let inner = crate::Default::new(live_console.clone(), Options::default());
        let mut live = Live::new(inner, live_console, &Options::default()).with_size(|| (80, 24));
        let mut drawn = false;
        for event in crate::golden::events("hosts") {
            plain.event(&event);
            live.event(&event);
            live.draw(true);
            drawn |= screen(&out.text())
                .iter()
                .any(|l| l.starts_with("  bb ") && l.contains("0s"));
        }
        live.event(&Event::RunEnd { code: 0 });
        let expected: Vec<String> = expected.text().split('\n').map(str::to_owned).collect();
        assert!(drawn);
        assert_eq!(screen(&out.text()), expected);
    }

    #[test]
    fn nothing_moves_while_the_user_is_asked() {
        let (console, out, _) = console(false);
        let mut live = Live::new(Tee::default(), console, &Options::default()).with_size(|| (80, 24));
        let start = Event::HostStart {
            host: "a".into(),
            task: task(),
        };
        live.event(&start);
        live.draw(true);
        assert!(screen(&out.text()).concat().contains("build"));
        live.rest(true);
        let before = out.text();
        assert!(!screen(&before).concat().contains("build"));
        live.event(&start);
        live.draw(true);
        assert_eq!(out.text(), before);
        live.rest(false);
        live.draw(true);
        assert!(screen(&out.text()).concat().contains("build"));
    }

    #[test]
    fn lines_are_cut_and_capped_and_removed() {
        let (console, out, _) = console(false);
        let mut live = Live::new(Tee::default(), console, &Options::default()).with_size(|| (30, 5));
        for i in 0..5 {
            live.event(&Event::HostStart {
                host: format!("h{i}"),
                task: task(),
            });
        }
        live.event(&Event::Output {
            host: "h0".into(),
            task: task(),
            error: false,
            bytes: b"one\ntwo \x1b[31mlonger than the terminal\nthr".to_vec(),
        });
        let lines = live.lines(std::time::Instant::now());
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].chars().count(), 29);
        assert_eq!(lines[2], "  …and 3 more");
        live.event(&Event::RunEnd { code: 0 });
        drop(live);
        assert!(out.text().ends_with("\x1b[J"), "{:?}", out.text());
    }
}
