//! `meta` tasks, in a play's course and as handlers.

use crate::{engine::Engine, play_run::PlayRun};
use kdo_event::{Event, HostResult, Status, TaskInfo};
use kdo_playbook::Task;
use kdo_value::Map;
use kdo_vars::TaskVars;
use std::rc::Rc;

/// A `meta` task that is done.
pub(crate) struct Meta {
    /// Which one.
    pub(crate) what: String,
    /// The hosts whose condition held.
    pub(crate) on: Vec<String>,
    /// Hosts on which a handler that was flushed failed.
    pub(crate) failed: Vec<String>,
}

impl Engine {
    /// Does a `meta` task for the hosts `here` of a batch; nothing if that has put the play in error. `rescued`: whether
    /// a failure leads to a `rescue`.
    pub(crate) async fn meta(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        task: &Rc<Task>,
        here: &[String],
        batch: &[String],
        rescued: bool,
    ) -> Option<Meta> {
        let what = task
            .action
            .arg("_raw_params")
            .map(|v| v.to_text())
            .unwrap_or_default();
        let what = what.trim().to_owned();
        // These are done once, for all, and the first host decides.
        let once = matches!(
            what.as_str(),
            "clear_facts" | "clear_host_errors" | "refresh_inventory" | "end_play" | "end_batch"
        );
        let conditional = !matches!(what.as_str(), "noop" | "reset_connection" | "refresh_inventory");
        let mut on = Vec::new();
        for host in here.iter().take(if once { 1 } else { here.len() }) {
            let vars = TaskVars::new(&self.store, &play.vars, host, Some(&task.scope));
            let info = self.task_info(&vars, task);
            self.tell(&Event::TaskStart {
                task: Rc::clone(&info),
            });
            if !conditional {
                if !task.scope.collected("when").is_empty() {
                    self.warn(format!("{what} task does not support when conditional"));
                }
                self.tell_meta(&done_meta(&what, host));
                on.push(host.clone());
                continue;
            }
            match self.holds(&vars, task) {
                Ok(true) => {
                    self.tell_meta(&done_meta(&what, host));
                    on.push(host.clone());
                }
                Ok(false) => self.tell_skipped_meta(&what, host, info),
                Err(failure) => {
                    let text = format!("Error while evaluating conditional: {}", failure.message);
                    play.error.borrow_mut().get_or_insert(text);
                    return None;
                }
            }
        }
        if once && !on.is_empty() {
            on = here.to_vec();
        }
        if on.is_empty() {
            let failed = Vec::new();
            return Some(Meta { what, on, failed });
        }
        let mut failed = Vec::new();
        match what.as_str() {
            "noop" | "" => {}
            "flush_handlers" => {
                failed = Box::pin(self.flush_handlers(play, &on, rescued)).await;
            }
            "clear_facts" => {
                let all = play.vars.all_hosts.borrow().clone();
                all.iter().for_each(|h| self.store.clear_facts(h));
            }
            "clear_host_errors" => {
                let failed: Vec<String> = play.failed.borrow_mut().drain().collect();
                let lost: Vec<String> = play.unreachable.borrow_mut().drain().collect();
                play.forgiven.borrow_mut().extend(failed.into_iter().chain(lost));
                self.failed.borrow_mut().clear();
                self.unreachable.borrow_mut().clear();
                *play.vars.active_hosts.borrow_mut() = play.vars.all_hosts.borrow().clone();
                *play.vars.batch.borrow_mut() = batch.to_vec();
            }
            "end_play" => play.end_play.set(true),
            "end_batch" => play.end_batch.set(true),
            "end_host" => {
                play.ended.borrow_mut().extend(on.iter().cloned());
                play.update_active();
            }
            // Whoever walks knows where the role ends.
            "end_role" => {}
            "reset_connection" => {
                for host in &on {
                    self.connections.reset(host).await;
                }
            }
            "refresh_inventory" => self.refresh_inventory(),
            other => {
                let text = format!("invalid meta action requested: {other}");
                play.error.borrow_mut().get_or_insert(text);
                return None;
            }
        }
        Some(Meta { what, on, failed })
    }

    fn tell_meta(&self, text: &str) {
        self.tell(&Event::Verbose {
            level: 2,
            host: None,
            text: format!("META: {text}"),
        });
    }

    fn tell_skipped_meta(&self, what: &str, host: &str, info: Rc<TaskInfo>) {
        let (message, rest) = match what {
            "end_host" => (
                format!("end_host conditional evaluated to false, continuing execution for {host}"),
                format!("continuing execution for {host}"),
            ),
            "end_role" => (what.to_owned(), format!("continuing role for {host}")),
            "end_play" => (what.to_owned(), "continuing play".to_owned()),
            "end_batch" => (what.to_owned(), "continuing current batch".to_owned()),
            "flush_handlers" => (what.to_owned(), format!("not running handlers for {host}")),
            "clear_facts" => (
                what.to_owned(),
                format!("not clearing facts and fact cache for {host}"),
            ),
            "clear_host_errors" => (
                what.to_owned(),
                format!("not clearing host error state for {host}"),
            ),
            _ => (what.to_owned(), "not done".to_owned()),
        };
        self.tell_meta(&format!("{what} conditional evaluated to False, {rest}"));
        let result = Map::new();
        result.insert("msg", message);
        result.insert(
            "skip_reason",
            format!("{what} conditional evaluated to False, {rest}"),
        );
        result.insert("skipped", true);
        self.tell(&Event::HostResult(HostResult {
            host: host.to_owned(),
            delegated: None,
            task: info,
            status: Status::Skipped,
            ignored: false,
            result,
            item: None,
            looped: false,
            error: None,
            elapsed: 0.0,
        }));
    }
}

/// What is told of a meta task that is done.
fn done_meta(what: &str, host: &str) -> String {
    match what {
        "end_host" => format!("ending play for {host}"),
        "end_play" => "ending play".into(),
        "end_batch" => "ending batch".into(),
        "end_role" => format!("ending role for {host}"),
        "clear_facts" => "facts cleared".into(),
        "clear_host_errors" => "cleared host errors".into(),
        "reset_connection" => "reset connection".into(),
        "refresh_inventory" => "inventory successfully refreshed".into(),
        "flush_handlers" => format!("triggered running handlers for {host}"),
        other => other.to_owned(),
    }
}
