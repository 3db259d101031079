//! The task debugger: after a task's result the user may look around, change the task and have it done again.

use crate::{
    engine::Engine,
    play_run::PlayRun,
    process::{clean, untrust},
    task::Done,
};
use kdo_event::{Event, Status};
use kdo_playbook::{Action, Task};
use kdo_template::Variables;
use kdo_value::{Map, Text, Value};
use kdo_vars::TaskVars;
use std::rc::Rc;

/// What the user wants next.
enum Wish {
    /// The result counts.
    Continue,
    /// The task is to be done again.
    Redo,
    /// The run ends.
    Quit,
}

/// What the user can see and change.
struct Session<'a> {
    engine: &'a Engine,
    play: &'a Rc<PlayRun>,
    original: &'a Rc<Task>,
    task: Rc<Task>,
    changes: Map,
    done: &'a Done,
    prompt: String,
}

const HELP: &str = "p EXPRESSION (task, task.args, task_vars, host, result._result), task.args[KEY] = VALUE, \
                    task_vars[KEY] = VALUE, u(pdate_task), r(edo), c(ontinue), q(uit)";

impl Engine {
    /// Opens the debugger on results that ask for it; gives the result that counts in the end.
    pub(crate) async fn debugged(&self, play: &Rc<PlayRun>, task: &Rc<Task>, mut done: Done) -> Done {
        let mut current = Rc::clone(task);
        while self.wants_debugger(play, task, &done) {
            let vars = TaskVars::new(&self.store, &play.vars, &done.host, Some(&task.scope));
            let name = self.task_info(&vars, task).name.clone();
            let mut session = Session {
                engine: self,
                play,
                original: task,
                task: Rc::clone(&current),
                changes: Map::new(),
                prompt: format!("[{}] TASK: {name} (debug)> ", done.host),
                done: &done,
            };
            let wish = session.talk();
            let (changed, changes) = (Rc::clone(&session.task), session.changes.clone());
            match wish {
                Wish::Continue => break,
                Wish::Quit => {
                    self.say("User interrupted execution");
                    self.interrupted.set(true);
                    break;
                }
                Wish::Redo => {
                    current = changed;
                    let level = play
                        .debug_vars
                        .borrow()
                        .get(&done.host)
                        .map_or_else(Map::new, Map::copied);
                    changes.for_each(|k, v| {
                        level.insert(k.clone(), v.clone());
                    });
                    play.debug_vars.borrow_mut().insert(done.host.clone(), level);
                    done = self.run_task(play, &current, &done.host).await;
                }
            }
        }
        // Variables are changed for this task only.
        play.debug_vars.borrow_mut().remove(&done.host);
        done
    }

    fn wants_debugger(&self, play: &PlayRun, task: &Rc<Task>, done: &Done) -> bool {
        // Nearly always nobody has asked for it: every result comes by here.
        if !play.debugger.get() && task.keyword("debugger").is_none() {
            return false;
        }
        let vars = TaskVars::new(&self.store, &play.vars, &done.host, Some(&task.scope));
        let ignored = self.options.debugger_ignores_errors && self.ignores(&vars, task);
        let failed = done.status == Status::Failed && !ignored;
        let lost = done.status == Status::Unreachable;
        let wanted = self.keyword(&vars, task, "debugger").ok().flatten();
        match wanted.map(|v| v.to_text()).as_deref() {
            Some("always") => true,
            Some("never") => false,
            Some("on_failed") if failed => true,
            Some("on_unreachable") if lost => true,
            Some("on_skipped") if done.status == Status::Skipped => true,
            _ => play.debugger.get() && (failed || lost),
        }
    }

    fn say(&self, text: &str) {
        self.tell(&Event::Verbose {
            level: 0,
            host: None,
            text: text.to_owned(),
        });
    }
}

impl Session<'_> {
    fn talk(&mut self) -> Wish {
        loop {
            let Some(line) = self.engine.ask(&self.prompt, false) else {
                return Wish::Quit;
            };
            let line = line.trim();
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            match word {
                "" => {}
                "c" | "continue" if rest.is_empty() => return Wish::Continue,
                "r" | "redo" if rest.is_empty() => return Wish::Redo,
                "q" | "quit" | "EOF" if rest.is_empty() => return Wish::Quit,
                "u" | "update_task" if rest.is_empty() => self.task = Rc::clone(self.original),
                "h" | "help" | "?" => self.engine.say(HELP),
                "p" | "pprint" => {
                    let shown = self.show(rest.trim()).unwrap_or_else(|e| format!("***{e}"));
                    self.engine.say(&shown);
                }
                _ => {
                    if let Err(e) = self.assign(line) {
                        self.engine.say(&format!("***{e}"));
                    }
                }
            }
        }
    }

    fn show(&self, expression: &str) -> Result<String, String> {
        match expression {
            "task" => Ok(self
                .prompt
                .split_once(' ')
                .map_or("", |(_, t)| t)
                .replace(" (debug)> ", "")),
            "host" => Ok(self.done.host.clone()),
            "result" => self.show("result['_result']"),
            "" => Err("SyntaxError: an expression is missing".into()),
            e => Ok(self.evaluate(&format!("({e}) | pprint"))?.to_text()),
        }
    }

    /// Evaluates what the user typed over `task`, `task_vars`, `host` and `result`.
    fn evaluate(&self, expression: &str) -> Result<Value, String> {
        let known = Map::new();
        let task = Map::new();
        task.insert("args", untrust(&Value::Map(self.task.action.args.copied())));
        task.insert("action", self.task.action.name.as_str());
        task.insert("name", self.task.name.as_ref().map(|n| n.as_str().to_owned()));
        known.insert("task", task);
        known.insert("host", self.done.host.as_str());
        let result = Map::new();
        result.insert("_result", clean(&self.done.result));
        known.insert("result", result);
        let vars = TaskVars::new(
            &self.engine.store,
            &self.play.vars,
            &self.done.host,
            Some(&self.task.scope),
        );
        vars.push(self.changes.copied());
        if expression.contains("task_vars") {
            let all = Map::new();
            for name in vars.names() {
                if let Some(raw) = vars.get(&name)
                    && let Ok(value) = self.engine.resolve(&vars, &raw)
                {
                    all.insert(name, value);
                }
            }
            known.insert("task_vars", all);
        }
        vars.push(known);
        let text = Text::trusted(expression, None);
        self.engine
            .with_templar(&vars, |t| t.expression(&text))
            .map_err(|e| e.message)
    }

    /// `task.args = …`, `task.args['x'] = …`, `task_vars['x'] = …`
    fn assign(&mut self, line: &str) -> Result<(), String> {
        let unknown = || format!("SyntaxError: no such command; {HELP}");
        let (target, value) = line.split_once('=').ok_or_else(unknown)?;
        let value = self.evaluate(value.trim())?;
        let target = target.trim();
        if target == "task.args" {
            let Value::Map(args) = value else {
                return Err(format!(
                    "TypeError: task.args must be a dict, not {}",
                    value.type_name()
                ));
            };
            self.set_args(args);
            return Ok(());
        }
        let (map, key) = target
            .strip_suffix(']')
            .and_then(|t| t.split_once('['))
            .ok_or_else(unknown)?;
        let key = self.evaluate(key)?;
        match map.trim() {
            "task.args" => {
                let args = self.task.action.args.copied();
                args.insert(key, value);
                self.set_args(args);
            }
            "task_vars" => {
                self.changes.insert(key, value);
            }
            other => return Err(format!("NameError: {other} cannot be changed")),
        }
        Ok(())
    }

    fn set_args(&mut self, args: Map) {
        args.freeze();
        self.task = Rc::new(Task {
            action: Action {
                args,
                ..self.task.action.clone()
            },
            ..(*self.task).clone()
        });
    }
}
