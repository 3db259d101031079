//! Running handlers that were notified.

use crate::{engine::Engine, play_run::PlayRun, process::Fate, task::Include, walk::collect_includes};
use kdo_event::Event;
use kdo_playbook::Task;
use std::rc::Rc;

/// A flush while it runs.
pub(crate) struct Flush {
    /// Whether a failure leads to a `rescue`.
    rescued: bool,
    /// Hosts on which a handler failed; they run no more of this flush.
    failed: Vec<String>,
}

impl Engine {
    /// Runs, in the order of their definition, the handlers that were notified for these hosts. Handlers that are
    /// notified meanwhile and come later in the order run too; earlier ones at the next flush. Gives the hosts on which
    /// a handler failed.
    pub(crate) async fn flush_handlers(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        hosts: &[String],
        rescued: bool,
    ) -> Vec<String> {
        let mut position = 0;
        let mut flush = Flush {
            rescued,
            failed: Vec::new(),
        };
        loop {
            let all = play.handlers();
            let next = all
                .iter()
                .enumerate()
                .skip(position)
                .find(|(_, h)| !self.notified_hosts(play, h, hosts, &flush).is_empty());
            let Some((index, handler)) = next else { break };
            let handler = Rc::clone(handler);
            position = index + 1;
            let on = self.notified_hosts(play, &handler, hosts, &flush);
            if let Some(list) = play.notified.borrow_mut().get_mut(&handler.id) {
                list.retain(|h| !on.contains(h));
            }
            self.run_handler(play, &handler, &on, &mut flush).await;
            if play.end_play.get() || play.error.borrow().is_some() || self.interrupted.get() {
                break;
            }
        }
        flush.failed
    }

    /// `debug`: names the hosts for which the flush after a section has something to do.
    pub(crate) fn tell_flush(&self, play: &PlayRun, hosts: &[String]) {
        if !self.options.debug {
            return;
        }
        let notified = play.notified.borrow();
        for host in hosts {
            if notified.values().any(|list| list.contains(host)) {
                self.tell(&Event::Verbose {
                    level: 0,
                    host: None,
                    text: format!("META: triggered running handlers for {host}"),
                });
            }
        }
    }

    /// Hosts that a failed handler takes out of the play; they run no more handlers, not even with `force_handlers`.
    pub(crate) fn handlers_failed(&self, play: &Rc<PlayRun>, hosts: &[String]) {
        play.handler_failed.borrow_mut().extend(hosts.iter().cloned());
        self.drop_hosts(play, Fate::Failed, hosts);
    }

    fn notified_hosts(&self, play: &PlayRun, handler: &Task, hosts: &[String], flush: &Flush) -> Vec<String> {
        let notified = play.notified.borrow();
        let Some(list) = notified.get(&handler.id) else {
            return Vec::new();
        };
        let runs = |h: &&String| list.contains(h) && self.runs_handlers(play, h, flush);
        hosts.iter().filter(runs).cloned().collect()
    }

    /// Whether a host may run handlers: it takes part, or has failed where that does not matter.
    fn runs_handlers(&self, play: &PlayRun, host: &str, flush: &Flush) -> bool {
        let lost = play.unreachable.borrow().contains(host) || play.ended.borrow().contains(host);
        let lost =
            lost || play.handler_failed.borrow().contains(host) || flush.failed.iter().any(|h| h == host);
        !lost && (play.force_handlers.get() || !play.failed.borrow().contains(host))
    }

    async fn run_handler(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        handler: &Rc<Task>,
        hosts: &[String],
        flush: &mut Flush,
    ) {
        let vars = kdo_vars::TaskVars::new(
            &self.store,
            &play.vars,
            hosts.first().map_or("", String::as_str),
            Some(&handler.scope),
        );
        if handler.action.short() == "meta" {
            self.meta(play, handler, hosts, hosts, false).await;
            return;
        }
        let info = self.task_info(&vars, handler);
        self.tell(&Event::TaskStart {
            task: Rc::clone(&info),
        });
        let finished = self.run_on_hosts(play, handler, hosts, info).await;
        let mut includes = Vec::new();
        for (done, counts_for) in finished {
            let fate = self.process(play, handler, &done, &counts_for, flush.rescued);
            match fate {
                Fate::Next => {}
                Fate::Lost => self.drop_hosts(play, fate, &counts_for),
                Fate::Failed => flush.failed.extend(counts_for.iter().cloned()),
            }
            if fate != Fate::Next && self.is_fatal(&vars, handler) {
                let goes_on = |h: &&String| play.is_active(h) && !flush.failed.contains(h);
                let rest: Vec<String> = hosts.iter().filter(goes_on).cloned().collect();
                play.dragged.borrow_mut().extend(rest.iter().cloned());
                flush.failed.extend(rest);
            }
            let host = done.host.clone();
            collect_includes(&mut includes, done, &[host]);
        }
        for (include, hosts) in includes {
            self.include_for_handlers(play, handler, &include, &hosts, flush)
                .await;
        }
    }

    /// Tasks that a handler includes run at once, on the same hosts.
    async fn include_for_handlers(
        self: &Rc<Self>,
        play: &Rc<PlayRun>,
        handler: &Rc<Task>,
        include: &Include,
        hosts: &[String],
        flush: &mut Flush,
    ) {
        let Some(first) = hosts.first() else { return };
        let loaded = match self.load_include(play, handler, include, first) {
            Ok(loaded) => loaded,
            Err(failure) => {
                for host in hosts {
                    self.include_failed(play, handler, host, include, failure.clone(), flush.rescued);
                }
                flush.failed.extend(hosts.iter().cloned());
                return;
            }
        };
        self.told_include(&loaded.shown, hosts, include.item.as_deref());
        hosts.iter().for_each(|h| self.count(h, |s| s.ok += 1));
        let mut tasks = Vec::new();
        crate::check_args::each_task(&loaded.items, &mut |t| tasks.push(Rc::clone(t)));
        for task in tasks {
            let left: Vec<String> = hosts
                .iter()
                .filter(|h| self.runs_handlers(play, h, flush))
                .cloned()
                .collect();
            if left.is_empty() {
                return;
            }
            Box::pin(self.run_handler(play, &task, &left, flush)).await;
        }
    }
}
