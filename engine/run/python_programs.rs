//! Tasks that call programs in Python, told as soon as a host turns out to have none.
//!
//! Whether a host has Python is known with its facts, so the warning comes before the first of these tasks but after the
//! connection. What dynamic includes bring is not seen here; the message of the failed task says the same there.

use crate::{check_args::each_task, engine::Engine, step::Step};
use kdo_modules::commands::python::is_python;
use kdo_playbook::Task;
use kdo_value::{Map, Value};
use std::rc::Rc;

/// How many tasks are named; the others are counted.
const NAMED: usize = 5;
/// What may stand before a program in a line of shell.
const BEFORE: [&str; 8] = ["!", "do", "env", "exec", "if", "sudo", "then", "while"];

impl Engine {
    /// Warns, once for a play, that its programs in Python will not run on the step's host, whose facts these are.
    pub(crate) fn tell_python_programs(&self, step: &Step, facts: &Map) {
        if facts.contains("ansible_python_version") {
            return;
        }
        let play = &step.vars.play.play;
        // Its tasks are the same on every host.
        if !self.is_first(format!("programs in Python of the play {:p}", Rc::as_ptr(play))) {
            return;
        }
        let select = self.selector(play);
        let mut calls = Vec::new();
        let mut look = |task: &Rc<Task>| {
            if let Some(program) = called(task).filter(|_| select(task)) {
                let place = task.origin.map(|o| self.store.sources.place(o));
                calls.push(format!("{program} ({})", place.unwrap_or_default()));
            }
        };
        for items in [&play.pre_tasks, &play.role_tasks, &play.tasks, &play.post_tasks] {
            each_task(items, &mut look);
        }
        for handler in play.handlers.borrow().iter() {
            look(handler);
        }
        if calls.is_empty() {
            return;
        }
        let more = match calls.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        calls.truncate(NAMED);
        let what = format!(
            "tasks that call programs in Python fail there: {}{more}",
            calls.join(", ")
        );
        let text = format!(
            "{} has no Python; {what}; install it before them (package python3)",
            step.target()
        );
        self.warn_of(what, text);
    }
}

/// The program in Python that a task starts on the play's host.
fn called(task: &Task) -> Option<String> {
    let here = task.keyword("delegate_to").is_none() && task.own("connection").is_none();
    if !here || !matches!(task.action.short(), "command" | "shell" | "script") {
        return None;
    }
    let args = &task.action.args;
    if let Some(Value::Str(program)) = args.get("executable")
        && is_python(program.as_str())
    {
        return Some(program.as_str().to_owned());
    }
    if let Some(Value::List(words)) = args.get("argv") {
        return in_line(&words.get(0)?.to_text());
    }
    let line = args.get("_raw_params").or_else(|| args.get("cmd"))?;
    in_line(&line.to_text())
}

/// The first program in Python that a line of shell starts.
fn in_line(line: &str) -> Option<String> {
    let line = tight(line);
    let commands = line.split(['\n', ';', '|', '&']);
    let programs = commands.filter_map(|command| {
        let mut words = command.split_whitespace();
        words.find(|w| !BEFORE.contains(w) && !w.contains('='))
    });
    let mut plain = programs.map(|w| w.trim_matches(['"', '\'']));
    plain.find(|w| is_python(w)).map(ToOwned::to_owned)
}

/// The line with no spaces inside of its templates, which are parts of words.
fn tight(line: &str) -> String {
    let mut out = String::new();
    let mut pieces = line.split("{{");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (template, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        out.push_str("{{");
        out.extend(template.split_whitespace());
        out.push_str("}}");
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::in_line;

    #[test]
    fn only_what_is_started_counts() {
        for (line, program) in [
            ("python3 x.py", Some("python3")),
            ("set -e\ncd a && ./gen.py --all", Some("./gen.py")),
            ("A=1 sudo 'tools/gen.py' | sort", Some("tools/gen.py")),
            (
                "{{ role_path }}/python/gen.py -v",
                Some("{{role_path}}/python/gen.py"),
            ),
            ("{{ python }} gen.py", None),
            ("apt-get install -y python3", None),
            ("cp gen.py /tmp", None),
        ] {
            assert_eq!(in_line(line).as_deref(), program, "{line}");
        }
    }
}
