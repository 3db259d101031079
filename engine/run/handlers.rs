//! Running handlers that were notified.

use crate::{engine::Engine, play_run::PlayRun, process::Fate};
use kdo_event::Event;
use kdo_playbook::Task;
use std::rc::Rc;

impl Engine {
    /// Runs, in the order of their definition, the handlers that were notified for these hosts. Handlers that are
    /// notified meanwhile and come later in the order run too; earlier ones at the next flush.
    pub(crate) async fn flush_handlers(self: &Rc<Self>, play: &Rc<PlayRun>, hosts: &[String]) {
        let mut position = 0;
        loop {
            let all = play.handlers();
            let next = all
                .iter()
                .enumerate()
                .skip(position)
                .find(|(_, h)| !self.notified_hosts(play, h, hosts).is_empty());
            let Some((index, handler)) = next else { return };
            let handler = Rc::clone(handler);
            position = index + 1;
            let on = self.notified_hosts(play, &handler, hosts);
            if let Some(list) = play.notified.borrow_mut().get_mut(&handler.id) {
                list.retain(|h| !on.contains(h));
            }
            self.run_handler(play, &handler, &on).await;
            if play.end_play.get() || play.error.borrow().is_some() || self.interrupted.get() {
                return;
            }
        }
    }

    fn notified_hosts(&self, play: &PlayRun, handler: &Task, hosts: &[String]) -> Vec<String> {
        let notified = play.notified.borrow();
        let Some(list) = notified.get(&handler.id) else {
            return Vec::new();
        };
        let runs = |h: &&String| {
            let lost = play.unreachable.borrow().contains(*h) || play.ended.borrow().contains(*h);
            let failed = play.failed.borrow().contains(*h);
            let lost = lost || play.handler_failed.borrow().contains(*h);
            list.contains(h) && !lost && (!failed || play.force_handlers.get())
        };
        hosts.iter().filter(runs).cloned().collect()
    }

    async fn run_handler(self: &Rc<Self>, play: &Rc<PlayRun>, handler: &Rc<Task>, hosts: &[String]) {
        let vars = kdo_vars::TaskVars::new(
            &self.store,
            &play.vars,
            hosts.first().map_or("", String::as_str),
            Some(&handler.scope),
        );
        if handler.action.short() == "meta" {
            self.meta(play, handler, hosts, hosts).await;
            return;
        }
        let info = self.task_info(&vars, handler);
        self.tell(&Event::TaskStart {
            task: Rc::clone(&info),
        });
        let finished = self.run_on_hosts(play, handler, hosts, info).await;
        for (done, counts_for) in finished {
            let fate = self.process(play, handler, &done, &counts_for, false);
            if fate != Fate::Next {
                // A host whose handler failed runs no more handlers, not even with `force_handlers`.
                play.handler_failed
                    .borrow_mut()
                    .extend(counts_for.iter().cloned());
                self.drop_hosts(play, fate, &counts_for);
                if self.is_fatal(&vars, handler) {
                    let rest: Vec<String> = hosts.iter().filter(|h| play.is_active(h)).cloned().collect();
                    play.dragged.borrow_mut().extend(rest.iter().cloned());
                    self.drop_hosts(play, Fate::Failed, &rest);
                }
            }
            if !done.includes.is_empty() {
                self.include_for_handlers(play, handler, &done).await;
            }
        }
    }

    /// Tasks that a handler includes run at once, on the same host.
    async fn include_for_handlers(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        handler: &Rc<Task>,
        done: &crate::task::Done,
    ) {
        for include in &done.includes {
            let groups = [done.host.clone()];
            match self.load_include(play, handler, include, &done.host) {
                Ok(loaded) => {
                    self.told_include(&loaded.shown, &groups, include.item.as_deref());
                    self.count(&done.host, |s| s.ok += 1);
                    let mut tasks = Vec::new();
                    crate::check_args::each_task(&loaded.items, &mut |t| tasks.push(Rc::clone(t)));
                    for task in tasks {
                        if !play.is_active(&done.host) {
                            return;
                        }
                        Box::pin(self.run_handler(play, &task, &groups)).await;
                    }
                }
                Err(failure) => self.include_failed(play, handler, &done.host, include, failure, false),
            }
        }
    }
}
