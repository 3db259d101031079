//! `kdo graph`

use crate::engine::Engine;
use kdo_plan::{Format, Plan, show};
use kdo_playbook::Play;
use std::{path::PathBuf, rc::Rc};

impl Engine {
    /// The plans of all plays, as they are before anything is included at run time.
    pub(crate) fn graphs(&self, playbooks: &[(PathBuf, Vec<Rc<Play>>)], format: Format) -> String {
        let mut out = Vec::new();
        for play in playbooks.iter().flat_map(|(_, plays)| plays) {
            let select = self.selector(play);
            let facts = self.facts_task(play).ok().flatten().filter(|t| select(t));
            let strategy = play
                .keyword("strategy")
                .map_or_else(|| self.options.strategy.clone(), |v| v.to_text());
            let free = matches!(strategy.rsplit('.').next(), Some("free" | "host_pinned"));
            let plan = Plan::new(play, facts, &*select, !free);
            let title = match &play.name {
                Some(name) => name.as_str().to_owned(),
                None => play.hosts.to_text(),
            };
            out.push(show(&plan, &title, format));
        }
        out.join("\n")
    }
}
