//! What the baseline knows and nobody ran.

use crate::{baseline::Expected, choice::Choice, pattern, report::Report};
use std::collections::{BTreeSet, HashMap};

/// A test of the baseline that no host ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its suite.
    pub suite: String,
    /// Its section.
    pub section: String,
    /// The test.
    pub test: String,
    /// What the baseline says.
    pub expected: Expected,
}

/// What the baseline has and no current column ran. With a filter of hosts or kernels only sections are asked for that
/// those ran.
pub(crate) fn find(report: &Report, choice: &Choice) -> Vec<Missing> {
    let mut ran: HashMap<(&str, &str, &str), Vec<&str>> = HashMap::new();
    let mut sections: BTreeSet<(&str, &str)> = BTreeSet::new();
    for entry in report.current() {
        let run = &report.columns[entry.column].run;
        let (section, test) = (entry.outcome.section.as_str(), entry.outcome.test.as_str());
        sections.insert((&run.suite, section));
        if !entry.outcome.status.is_skip() {
            ran.entry((&run.suite, section, test))
                .or_default()
                .push(&run.kernel);
        }
    }
    let kernels: BTreeSet<(&str, &str)> = report
        .columns
        .iter()
        .filter(|c| c.current)
        .map(|c| (c.run.suite.as_str(), c.run.kernel.as_str()))
        .collect();
    let mut told: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    let mut missing: Vec<Missing> = Vec::new();
    for known in report.known.known() {
        let skipped = matches!(known.expected, Expected::Status(status) if status.is_skip());
        let fits = |kernel: &str| pattern::fits(&known.kernel, kernel);
        let asked = Choice::wanted(&choice.suites, &known.suite)
            && (!choice.filters() || sections.contains(&(known.suite.as_str(), known.section.as_str())))
            && (known.kernel == "*" || kernels.iter().any(|(suite, k)| *suite == known.suite && fits(k)));
        let test = (known.suite.as_str(), known.section.as_str(), known.test.as_str());
        let done = ran
            .get(&test)
            .is_some_and(|kernels| kernels.iter().any(|k| fits(k)));
        if asked && !skipped && !done && told.insert(test) {
            missing.push(Missing {
                suite: known.suite.clone(),
                section: known.section.clone(),
                test: known.test.clone(),
                expected: known.expected,
            });
        }
    }
    missing
}
