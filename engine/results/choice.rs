//! What to show, and the runs that are there.

use crate::{
    note::Notes,
    pattern,
    run::{Run, entries},
};
use std::{collections::BTreeMap, path::PathBuf};

/// What to show.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The folder of all results.
    pub folder: PathBuf,
    /// The baseline; `baseline.tsv` in the folder if there is one.
    pub baseline: Option<PathBuf>,
    /// Whether a baseline is to be written, so that it need not be there.
    pub new_baseline: bool,
    /// Patterns of hosts, all if empty.
    pub hosts: Vec<String>,
    /// Patterns of suites, all if empty.
    pub suites: Vec<String>,
    /// Patterns of kernels, all if empty.
    pub kernels: Vec<String>,
    /// Only tests that failed.
    pub failed: bool,
    /// How many of the latest runs of each host and suite are taken together.
    pub last: usize,
    /// How many runs with the same kernel tell whether a test is flaky.
    pub runs: usize,
}

impl Choice {
    pub(crate) fn wanted(patterns: &[String], name: &str) -> bool {
        patterns.is_empty() || patterns.iter().any(|p| pattern::fits(p, name))
    }

    /// Whether only some hosts or kernels are wanted.
    pub(crate) fn filters(&self) -> bool {
        !self.hosts.is_empty() || !self.kernels.is_empty()
    }

    /// All runs that are wanted, by suite and host, each list in the order of time.
    pub(crate) fn scan(&self, notes: &mut Notes) -> BTreeMap<(String, String), Vec<Run>> {
        let mut runs: BTreeMap<(String, String), Vec<Run>> = BTreeMap::new();
        for host in entries(&self.folder)
            .0
            .iter()
            .filter(|h| Self::wanted(&self.hosts, h))
        {
            let folder = self.folder.join(host);
            for suite in entries(&folder)
                .0
                .iter()
                .filter(|s| Self::wanted(&self.suites, s))
            {
                let folder = folder.join(suite);
                for id in entries(&folder).0 {
                    let path = folder.join(&id);
                    if !Run::is_one(&path) {
                        notes.add(&path, 0, "no run: neither run.txt nor results");
                        continue;
                    }
                    let run = Run::open(host, suite, &id, path, notes);
                    if Self::wanted(&self.kernels, &run.kernel) {
                        runs.entry((suite.clone(), host.clone())).or_default().push(run);
                    }
                }
            }
        }
        runs
    }
}
