//! Outputs against what ansible-core 2.19.14 printed for the same events (recorded by `fixtures/record.sh`).

use crate::{Console, Default, Minimal, Oneline, Options, ResultFormat, record::Decoder};
use kdo_event::{Event, Sink};
use std::{cell::RefCell, io::Write, path::PathBuf, rc::Rc};

#[derive(Clone, std::default::Default)]
pub(crate) struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Buffer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

/// A console that keeps what is printed: console, output, errors.
pub(crate) fn console(color: bool) -> (Console, Buffer, Buffer) {
    let (out, err) = (Buffer::default(), Buffer::default());
    (
        Console::new(Box::new(out.clone()), Box::new(err.clone()), color),
        out,
        err,
    )
}

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn events(name: &str) -> Vec<Event> {
    let mut decoder = Decoder::default();
    fixture(&format!("{name}.jsonl"))
        .lines()
        .filter_map(|l| decoder.decode(kdo_value::json::read(l).unwrap().as_map().unwrap()))
        .collect()
}

/// What Ansible printed, without the lines that no event is about.
fn expected(name: &str, kind: &str) -> String {
    fixture(&format!("{name}.{kind}"))
        .split_inclusive('\n')
        .skip_while(|l| kind == "out" && name.ends_with("-vvv") && !l.is_empty() && *l != "\n")
        .filter(|l| !(l.starts_with('<') && l.contains("> ")) || l.starts_with("<<<"))
        .filter(|l| !l.starts_with("Using module file") && !l.starts_with("META: "))
        // Ansible tells no callback of it.
        .filter(|l| !l.starts_with("Notification for handler"))
        .filter(|l| !l.contains("No config file found"))
        // `oneline` announces a traceback that it says is not available; kdo does not.
        .filter(|l| !l.contains("An exception occurred during task execution."))
        .collect()
}

fn compare(name: &str, options: Options, sink: fn(Console, Options) -> Box<dyn Sink>) {
    let (console, out, err) = console(options.color);
    let split = options.display_failed_stderr;
    let mut sink = sink(console, options);
    for event in events(name) {
        sink.event(&event);
    }
    same(name, &out.text(), &expected(name, "out"));
    if split {
        same(name, &err.text(), &expected(name, "err"));
    }
}

fn same(name: &str, ours: &str, theirs: &str) {
    for (i, (a, b)) in ours.split('\n').zip(theirs.split('\n')).enumerate() {
        assert_eq!(a, b, "{name}: line {}", i + 1);
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: one of them is longer");
}

fn default(console: Console, options: Options) -> Box<dyn Sink> {
    Box::new(Default::new(console, options))
}

fn verbose() -> Options {
    Options {
        verbosity: 1,
        ..Options::default()
    }
}

macro_rules! golden {
    ($($test:ident: $name:literal, $options:expr;)*) => {
        $(#[test]
        fn $test() {
            compare($name, $options, default);
        })*
    };
}

golden! {
    plain_run: "main", Options::default();
    verbose_run: "main-v", verbose();
    most_verbose_run: "main-vvv", Options { verbosity: 3, ..Options::default() };
    diffs: "main-diff", Options::default();
    check_mode: "main-check", Options { check: true, check_mode_markers: true, ..Options::default() };
    colours: "main-color", Options { color: true, ..verbose() };
    yaml_results: "main-yaml", Options { result_format: ResultFormat::Yaml, ..verbose() };
    indented_results: "main-pretty", Options { pretty_results: true, ..verbose() };
    without_skipped: "main-noskip", Options { display_skipped_hosts: false, ..Options::default() };
    without_ok: "main-nook", Options { display_ok_hosts: false, ..Options::default() };
    failures_to_stderr: "main-stderr", Options { display_failed_stderr: true, ..Options::default() };
    per_host_start: "main-start", Options { show_per_host_start: true, ..Options::default() };
    path_on_failure: "main-path", Options { show_task_path_on_failure: true, ..Options::default() };
    custom_stats: "main-stats", Options { show_custom_stats: true, ..Options::default() };
    arguments: "main-args", Options { display_args_to_stdout: true, ..Options::default() };
    several_hosts: "hosts", Options::default();
    unreachable_coloured: "lost", Options { color: true, ..Options::default() };
    odd_results: "odd", verbose();
    odd_results_as_yaml: "odd-yaml", Options { result_format: ResultFormat::Yaml, ..verbose() };
    odd_results_coloured: "odd-color", Options { color: true, ..verbose() };
    no_hosts: "none", Options::default();
    free_strategy: "free", Options::default();
}

/// What the collections' callbacks printed.
fn named(name: &str, callback: &'static str, options: Options) {
    let (console, out, _) = console(options.color);
    let mut sink = crate::callbacks::find(callback).unwrap().make(&console, &options);
    for event in events(name) {
        sink.event(&event);
    }
    same(name, &out.text(), &expected(name, "out"));
}

#[test]
fn yaml_of_the_collection() {
    named("main-cyaml", "community.general.yaml", verbose());
}

#[test]
fn debug_view() {
    named("main-debug", "ansible.posix.debug", verbose());
}

#[test]
fn unixy_view() {
    named("main-unixy", "community.general.unixy", Options::default());
}

#[test]
fn view_without_diffs() {
    named(
        "main-nodiff",
        "community.general.default_without_diff",
        Options::default(),
    );
}

#[test]
fn minimal_view() {
    let minimal = |c, o| Box::new(Minimal::new(c, o)) as Box<dyn Sink>;
    compare("plain-minimal", Options::default(), minimal);
    compare(
        "lost-minimal",
        Options {
            color: true,
            ..Options::default()
        },
        minimal,
    );
}

#[test]
fn oneline_view() {
    let oneline = |c, o| Box::new(Oneline::new(c, o)) as Box<dyn Sink>;
    compare("plain-oneline", Options::default(), oneline);
    compare(
        "lost-oneline",
        Options {
            color: true,
            ..Options::default()
        },
        oneline,
    );
}

#[test]
fn on_terminals_texts_of_failures_are_shown_as_text_below() {
    let (console, out, _) = console(false);
    let options = Options {
        text_results: true,
        ..Options::default()
    };
    let mut sink = Default::new(console, options);
    events("main").iter().for_each(|e| sink.event(e));
    let text = out.text();
    let wanted =
        "\"stdout_lines\": [\"out\", \"out2\"]}\n    stdout:\n        out\n        out2\n...ignoring\n";
    assert!(text.contains(wanted), "{text}");
    let lines: Vec<&str> = text
        .lines()
        .filter(|l| !l.starts_with("        out") && *l != "    stdout:")
        .collect();
    let plain = expected("main", "out");
    assert_eq!(lines, plain.lines().collect::<Vec<_>>());
}
