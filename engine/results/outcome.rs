//! What one run says of one test, and the collector that the readers of all formats fill.

use crate::{log::Log, note::Notes, status::Status, text::first};
use std::{collections::HashMap, path::Path};

/// A file that names more tests is not read to its end.
const MOST_TESTS: usize = 200_000;
/// Longer messages are cut; the logs have them in full.
const LONGEST_MESSAGE: usize = 2000;
/// Longer names are cut.
const LONGEST_NAME: usize = 500;

/// What one run says of one test.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The section of the suite's configuration or the collection of tests; may be empty.
    pub section: String,
    /// The test.
    pub test: String,
    /// How it ended: the worst of `tries`.
    pub status: Status,
    /// How long all tries took, if that is known.
    pub seconds: Option<f64>,
    /// Why it failed or was skipped; of the first failure where there are several tries.
    pub message: String,
    /// Every try of a soak run in its order, else one.
    pub tries: Vec<Status>,
    /// Its logs.
    pub logs: Vec<Log>,
}

/// Collects outcomes. What comes later for the same section and test replaces what came before, as a run that was taken
/// up again writes it; in a soak run (`loops` in `run.txt`) it is a further try.
pub(crate) struct Outcomes {
    soak: bool,
    list: Vec<Outcome>,
    places: HashMap<(String, String), usize>,
    full: bool,
}

impl Outcomes {
    pub(crate) fn new(soak: bool) -> Self {
        Self {
            soak,
            list: Vec::new(),
            places: HashMap::new(),
            full: false,
        }
    }

    /// Adds a try of a test.
    pub(crate) fn add(&mut self, section: &str, test: &str, status: Status) -> Try<'_> {
        let (section, test) = (first(section, LONGEST_NAME), first(test, LONGEST_NAME));
        let key = (section.to_owned(), test.to_owned());
        let known = self.places.get(&key).copied();
        let fresh = Outcome {
            section: key.0.clone(),
            test: key.1.clone(),
            status,
            seconds: None,
            message: String::new(),
            tries: vec![status],
            logs: Vec::new(),
        };
        let mut worst = true;
        let place = match known {
            Some(place) if self.soak => {
                let old = &mut self.list[place];
                worst = status > old.status;
                old.status = old.status.max(status);
                old.tries.push(status);
                place
            }
            Some(place) => {
                self.list[place] = fresh;
                place
            }
            None if self.list.len() < MOST_TESTS => {
                self.places.insert(key, self.list.len());
                self.list.push(fresh);
                self.list.len() - 1
            }
            None => {
                self.full = true;
                return Try { outcome: None, worst };
            }
        };
        Try {
            outcome: self.list.get_mut(place),
            worst,
        }
    }

    /// All of them in the order in which they came first.
    pub(crate) fn finish(self, file: &Path, notes: &mut Notes) -> Vec<Outcome> {
        if self.full {
            let text = format!("more than {MOST_TESTS} tests, the rest is left out");
            notes.add(file, 0, text);
        }
        self.list
    }
}

/// A try that was just added.
pub(crate) struct Try<'a> {
    outcome: Option<&'a mut Outcome>,
    worst: bool,
}

impl Try<'_> {
    pub(crate) fn seconds(&mut self, seconds: Option<f64>) -> &mut Self {
        if let (Some(outcome), Some(seconds)) = (&mut self.outcome, seconds) {
            outcome.seconds = Some(outcome.seconds.unwrap_or_default() + seconds);
        }
        self
    }

    pub(crate) fn message(&mut self, message: &str) -> &mut Self {
        if let Some(outcome) = &mut self.outcome
            && self.worst
        {
            outcome.message = first(message, LONGEST_MESSAGE).to_owned();
        }
        self
    }

    pub(crate) fn log(&mut self, log: Log) -> &mut Self {
        if let Some(outcome) = &mut self.outcome
            && self.worst
        {
            outcome.logs.push(log);
        }
        self
    }
}

/// Seconds as formats write them: a decimal number that is not negative.
pub(crate) fn seconds(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|s: &f64| s.is_finite() && *s >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::{Outcomes, seconds};
    use crate::{note::Notes, status::Status};
    use std::path::Path;

    fn both(soak: bool) -> super::Outcome {
        let mut all = Outcomes::new(soak);
        for (status, message) in [(Status::Pass, ""), (Status::Fail, "bad"), (Status::Pass, "")] {
            all.add("s", "t", status).seconds(Some(1.0)).message(message);
        }
        all.finish(Path::new("f"), &mut Notes::default()).remove(0)
    }

    #[test]
    fn a_later_line_replaces_an_earlier_one() {
        let last = both(false);
        assert_eq!(
            (last.status, last.seconds, last.tries.len()),
            (Status::Pass, Some(1.0), 1)
        );
    }

    #[test]
    fn a_soak_run_keeps_every_try() {
        let all = both(true);
        assert_eq!((all.status, all.seconds), (Status::Fail, Some(3.0)));
        assert_eq!((all.tries.len(), all.message.as_str()), (3, "bad"));
    }

    #[test]
    fn seconds_are_decimal_and_not_negative() {
        assert_eq!(seconds(" 1.50"), Some(1.5));
        for bad in ["", "-1", "inf", "nan", "1,5"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
