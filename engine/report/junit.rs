//! `junit`: one XML file per playbook, a test case per task and host.

use crate::{Console, Options, callbacks::CallbackOption, clean, output_file, render::json_text};
use kdo_event::{Event, HostResult, Sink, Status, TaskInfo};
use std::{
    path::{Component, Path, PathBuf},
    time::Instant,
};

/// Its options.
#[rustfmt::skip]
pub(crate) const OPTIONS: &[CallbackOption] = &[
    CallbackOption { name: "fail_on_change", default: "false", env: &["JUNIT_FAIL_ON_CHANGE"], ini: &[], doc: "Changed tasks are failures." },
    CallbackOption { name: "fail_on_ignore", default: "false", env: &["JUNIT_FAIL_ON_IGNORE"], ini: &[], doc: "Ignored failures are failures." },
    CallbackOption { name: "hide_task_arguments", default: "false", env: &["JUNIT_HIDE_TASK_ARGUMENTS"], ini: &[], doc: "No arguments in names of test cases." },
    CallbackOption { name: "include_setup_tasks_in_report", default: "true", env: &["JUNIT_INCLUDE_SETUP_TASKS_IN_REPORT"], ini: &[], doc: "Gathering facts is a test case too." },
    CallbackOption { name: "output_dir", default: "~/.ansible.log", env: &["JUNIT_OUTPUT_DIR"], ini: &[], doc: "Folder of the files." },
    CallbackOption { name: "replace_out_of_tree_path", default: "", env: &["JUNIT_REPLACE_OUT_OF_TREE_PATH"], ini: &[], doc: "Stands for the folder of tasks outside `task_relative_path`." },
    CallbackOption { name: "task_class", default: "false", env: &["JUNIT_TASK_CLASS"], ini: &[], doc: "A class is a file, not a line of it." },
    CallbackOption { name: "task_relative_path", default: "", env: &["JUNIT_TASK_RELATIVE_PATH"], ini: &[], doc: "Paths are told as seen from this folder." },
    CallbackOption { name: "test_case_prefix", default: "", env: &["JUNIT_TEST_CASE_PREFIX"], ini: &[], doc: "Only tasks whose names begin with it, and failures, are test cases." },
];

/// Writes JUnit files.
pub struct Junit {
    console: Console,
    options: Options,
    playbook: String,
    play: String,
    cases: String,
    counts: Counts,
    time: f64,
    start: Instant,
}

#[derive(Default)]
struct Counts {
    all: usize,
    failed: usize,
    skipped: usize,
}

enum Verdict {
    Good,
    Skipped,
    Failed,
}

impl Junit {
    /// Writes below the option `output_dir`.
    pub fn new(console: Console, options: Options) -> Self {
        Self {
            console,
            options,
            playbook: "playbook".into(),
            play: String::new(),
            cases: String::new(),
            counts: Counts::default(),
            time: 0.0,
            start: Instant::now(),
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.options.chosen.flag("junit", name)
    }

    fn wanted(&self, task: &TaskInfo, status: Status) -> bool {
        let setup = matches!(clean::short(&task.action), "setup" | "gather_facts");
        if setup && !self.flag("include_setup_tasks_in_report") {
            return false;
        }
        let prefix = self.options.chosen.text("junit", "test_case_prefix");
        status == Status::Failed || task.full_name().starts_with(&prefix)
    }

    fn verdict(&self, of: &HostResult) -> Verdict {
        let name = of.task.full_name();
        let bad = match of.status {
            Status::Skipped => return Verdict::Skipped,
            Status::Failed | Status::Unreachable => !of.ignored || self.flag("fail_on_ignore"),
            Status::Changed => self.flag("fail_on_change"),
            Status::Ok => false,
        };
        let bad = bad && !name.contains("EXPECTED FAILURE");
        if bad == name.contains("TOGGLE RESULT") {
            Verdict::Good
        } else {
            Verdict::Failed
        }
    }

    /// File and line of the task as the options want them.
    fn class(&self, path: &str) -> String {
        let relative = self.options.chosen.text("junit", "task_relative_path");
        let mut path = path.to_owned();
        if !relative.is_empty() && relative != "none" {
            path = seen_from(Path::new(&relative), Path::new(&path))
                .display()
                .to_string();
            let place = self.options.chosen.text("junit", "replace_out_of_tree_path");
            if !place.is_empty() && place != "none" && path.starts_with("../") {
                path = format!("{place}{}", path.rsplit('/').next().unwrap_or_default());
            }
        }
        if self.flag("task_class")
            && let Some((file, line)) = path.rsplit_once(':')
            && line.bytes().all(|b| b.is_ascii_digit())
        {
            let file = file.strip_suffix(".yml").unwrap_or(file);
            return file.to_owned();
        }
        path
    }

    fn name(&self, of: &HostResult) -> String {
        let mut name = format!("[{}] {}: {}", of.host, self.play, of.task.full_name());
        if let (Some(args), false, false) = (&of.task.args, of.task.no_log, self.flag("hide_task_arguments"))
        {
            let args: Vec<String> = args
                .text_entries()
                .iter()
                .map(|(k, v)| format!("{k}={}", v.to_text()))
                .collect();
            name.push_str(&format!(" {}", args.join(", ")));
        }
        name
    }

    fn case(&mut self, of: &HostResult) {
        if !self.wanted(&of.task, of.status) {
            return;
        }
        let map = clean::shown(of, 0);
        let text = json_text(&map, Some(4));
        let msg = map.get("msg").map(|m| m.to_text()).unwrap_or_default();
        self.counts.all += 1;
        self.time += of.elapsed;
        let output = format!("<system-out>{}</system-out>", escape(&text));
        let inner = match self.verdict(of) {
            Verdict::Good => output,
            Verdict::Skipped => {
                self.counts.skipped += 1;
                let reason = of
                    .result
                    .get("skip_reason")
                    .filter(|_| !of.task.no_log)
                    .map_or_else(|| "skipped".to_owned(), |r| r.to_text());
                format!("<skipped>{}</skipped>", escape(&reason))
            }
            Verdict::Failed => {
                self.counts.failed += 1;
                let msg = if msg.is_empty() { "rc" } else { &msg };
                format!(
                    "<failure message=\"{}\" type=\"failure\">{}</failure>{output}",
                    escape(msg),
                    escape(&text)
                )
            }
        };
        self.cases.push_str(&format!(
            "\t\t<testcase classname=\"{}\" name=\"{}\" time=\"{}\">\n\t\t\t{inner}\n\t\t</testcase>\n",
            escape(&self.class(&of.task.path)),
            escape(&self.name(of)),
            of.elapsed,
        ));
    }

    fn finish(&mut self) {
        let folder = output_file::folder(&self.options.chosen.text("junit", "output_dir"));
        let Counts { all, failed, skipped } = std::mem::take(&mut self.counts);
        let time = if self.time.is_finite() {
            self.time
        } else {
            self.start.elapsed().as_secs_f64()
        };
        let text = format!(
            "<?xml version=\"1.0\" ?>\n<testsuites disabled=\"0\" errors=\"0\" failures=\"{failed}\" tests=\"{all}\" time=\"{time}\">\n\
             \t<testsuite disabled=\"0\" errors=\"0\" failures=\"{failed}\" name=\"{}\" skipped=\"{skipped}\" tests=\"{all}\" time=\"{time}\">\n\
             {}\t</testsuite>\n</testsuites>\n",
            escape(&self.playbook),
            std::mem::take(&mut self.cases)
        );
        let stamp = jiff::Timestamp::now().as_microsecond();
        let name = format!(
            "{}-{}.{:06}.xml",
            self.playbook,
            stamp / 1_000_000,
            stamp % 1_000_000
        );
        if let Err(error) = output_file::write(&folder, &name, &text) {
            self.console.warning(&error, &self.options.palette.warn);
        }
    }
}

/// A path as seen from a folder, by names only.
fn seen_from(folder: &Path, path: &Path) -> PathBuf {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (folder.components().collect(), path.components().collect());
    let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n(Component::ParentDir, from.len() - same);
    up.chain(to.into_iter().skip(same)).collect()
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

impl Sink for Junit {
    fn event(&mut self, event: &Event) {
        match event {
            Event::PlaybookStart { path, .. } => {
                let file = path.rsplit('/').next().unwrap_or(path);
                let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
                self.playbook = stem.to_owned();
                self.start = Instant::now();
            }
            Event::PlayStart { name, .. } => self.play = name.trim().to_owned(),
            Event::HostResult(of) => self.case(of),
            Event::Recap { .. } => self.finish(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Chosen, Options, callbacks::find, golden};
    use std::{fs, rc::Rc};

    fn report(given: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let mut chosen = Chosen::default();
        let dir = folder.path().display().to_string();
        for (name, value) in given.iter().chain(&[("output_dir", dir.as_str())]) {
            chosen.0.insert(("junit".into(), (*name).into()), (*value).into());
        }
        let (console, _, _) = golden::console(false);
        let options = Options {
            chosen: Rc::new(chosen),
            ..Options::default()
        };
        let mut sink = find("junit").unwrap().make(&console, &options);
        golden::events("main").iter().for_each(|e| sink.event(e));
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
        assert!(file.file_name().to_str().unwrap().starts_with("main-"));
        fs::read_to_string(file.path()).unwrap()
    }

    #[test]
    fn tasks_are_test_cases() {
        let all = report(&[]);
        assert!(
            all.contains("name=\"[a] p: cmd _raw_params=sh -c 'echo out; echo out2; echo err &gt;&amp;2'\""),
            "{all}"
        );
        assert!(all.contains("classname=\"/books/main.yml:7\""), "{all}");
        assert!(
            all.contains("<skipped>Conditional result was False</skipped>"),
            "{all}"
        );
        assert!(!all.contains("echo secret"), "{all}");
        assert_eq!(all.matches("<failure ").count(), 1, "{all}");
    }

    #[test]
    fn options_choose_cases_names_and_failures() {
        let none = report(&[
            ("hide_task_arguments", "true"),
            ("task_class", "yes"),
            ("include_setup_tasks_in_report", "no"),
        ]);
        assert!(
            none.contains("name=\"[a] p: cmd\"") && none.contains("classname=\"/books/main\""),
            "{none}"
        );
        assert!(!none.contains("p: setup"), "{none}");
        let strict = report(&[("fail_on_ignore", "true"), ("fail_on_change", "1")]);
        assert!(strict.matches("<failure ").count() > 5, "{strict}");
        let some = report(&[
            ("test_case_prefix", "copy"),
            ("task_relative_path", "/books/x"),
            ("replace_out_of_tree_path", "OUT/"),
        ]);
        assert!(
            some.contains("p: copy diff") && !some.contains("p: stat"),
            "{some}"
        );
        assert!(some.contains("classname=\"OUT/main.yml:"), "{some}");
    }
}
