//! Results as files: `tree` and `junit`, besides another view.

use crate::{Console, Options, clean, lines, render::json_text};
use kdo_event::{Event, HostResult, Sink, Status};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

fn write(console: &Console, options: &Options, folder: &PathBuf, name: &str, text: &str) {
    let path = folder.join(name);
    if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text)) {
        console.warning(
            &format!("cannot write {}: {error}", path.display()),
            &options.palette.warn,
        );
    }
}

/// `tree`: each host's last result in a file named after it.
pub struct Tree {
    console: Console,
    options: Options,
}

impl Tree {
    /// Writes below `options.folder`, else `~/.ansible/tree`.
    pub fn new(console: Console, options: Options) -> Self {
        Self { console, options }
    }
}

impl Sink for Tree {
    fn event(&mut self, event: &Event) {
        let Event::HostResult(of) = event else { return };
        let home = || std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".ansible/tree"));
        if let Some(folder) = self.options.folder.clone().or_else(home) {
            let name = of.host.replace('/', "_");
            let name = if name.starts_with('.') {
                format!("_{name}")
            } else {
                name
            };
            write(
                &self.console,
                &self.options,
                &folder,
                &name,
                &json_text(&clean::shown(of, 0), None),
            );
        }
    }
}

/// `junit`: one XML file per playbook, a test case per task and host.
pub struct Junit {
    console: Console,
    options: Options,
    name: String,
    cases: String,
    counts: [usize; 4],
    start: Instant,
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

impl Junit {
    /// Writes below `options.folder`, else `JUNIT_OUTPUT_DIR`, else `~/.ansible.log`.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            name: "playbook".into(),
            cases: String::new(),
            counts: [0; 4],
            start: Instant::now(),
        }
    }

    fn case(&mut self, of: &HostResult) {
        let map = clean::shown(of, 0);
        let name = format!("[{}] {}", of.host, lines::full_name(&of.task));
        let text = json_text(&map, Some(4));
        let msg = map.get("msg").map(|m| m.to_text()).unwrap_or_default();
        let (index, inner) = match of.status {
            Status::Failed if of.ignored => (0, String::new()),
            Status::Failed | Status::Unreachable => (
                1,
                format!(
                    "<failure message=\"{}\">{}</failure>",
                    escape(&msg),
                    escape(&text)
                ),
            ),
            Status::Skipped => (2, format!("<skipped>{}</skipped>", escape(&msg))),
            Status::Ok | Status::Changed => (0, String::new()),
        };
        if let Some(n) = self.counts.get_mut(index) {
            *n += 1;
        }
        self.cases.push_str(&format!(
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">{inner}<system-out>{}</system-out></testcase>\n",
            escape(&of.task.path),
            escape(&name),
            of.elapsed,
            escape(&text)
        ));
    }

    fn finish(&mut self) {
        let var = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let home = || var("HOME").map(|h| h.join(".ansible.log"));
        let folder = self
            .options
            .folder
            .clone()
            .or_else(|| var("JUNIT_OUTPUT_DIR"))
            .or_else(home);
        let Some(folder) = folder else { return };
        let [good, failed, skipped, _] = self.counts;
        let time: Duration = self.start.elapsed();
        let counts = format!(
            "tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\" errors=\"0\" time=\"{:.3}\"",
            good + failed + skipped,
            time.as_secs_f64()
        );
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{}\" {counts}>\n{}  </testsuite>\n</testsuites>\n",
            escape(&self.name),
            self.cases
        );
        let stamp = jiff::Timestamp::now().as_microsecond();
        write(
            &self.console,
            &self.options,
            &folder,
            &format!("{}-{stamp}.xml", self.name),
            &text,
        );
        self.cases.clear();
        self.counts = [0; 4];
    }
}

impl Sink for Junit {
    fn event(&mut self, event: &Event) {
        match event {
            Event::PlaybookStart { path, .. } => {
                let file = path.rsplit('/').next().unwrap_or(path);
                self.name = file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned();
                self.start = Instant::now();
            }
            Event::HostResult(of) => self.case(of),
            Event::Recap { .. } => self.finish(),
            _ => {}
        }
    }
}
