//! Choosing tasks by tags.

use kdo_playbook::Task;
use kdo_value::Value;
use std::rc::Rc;

/// Tags of a `tags` value as written: list, or words between commas.
pub(crate) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::List(l) => l.to_vec().iter().flat_map(words).collect(),
        Value::Str(s) => s
            .split(',')
            .map(|t| t.trim().to_owned())
            .filter(|t| !t.is_empty())
            .collect(),
        Value::None => Vec::new(),
        other => vec![other.to_text()],
    }
}

/// Which tags run and which do not.
pub(crate) struct TagFilter {
    only: Vec<String>,
    skip: Vec<String>,
}

impl TagFilter {
    pub(crate) fn new(only: &[String], skip: &[String]) -> Self {
        let only = if only.is_empty() {
            vec!["all".to_owned()]
        } else {
            only.to_vec()
        };
        Self {
            only,
            skip: skip.to_vec(),
        }
    }

    /// Whether a task with these tags runs.
    pub(crate) fn selects(&self, tags: &[String]) -> bool {
        let untagged = ["untagged".to_owned()];
        let tags = if tags.is_empty() { &untagged[..] } else { tags };
        let has = |list: &[String], tag: &str| list.iter().any(|t| t == tag);
        let common = |list: &[String]| tags.iter().any(|t| has(list, t));
        // A task that has the word among others is tagged all the same.
        let tagged = tags.iter().any(|t| t != "untagged");
        let mut run = has(tags, "always")
            || (has(&self.only, "all") && !has(tags, "never"))
            || common(&self.only)
            || (has(&self.only, "tagged") && tagged && !has(tags, "never"));
        if run && !self.skip.is_empty() {
            if has(&self.skip, "all") {
                run = has(tags, "always") && !has(&self.skip, "always");
            } else if common(&self.skip) || (has(&self.skip, "tagged") && tagged) {
                run = false;
            }
        }
        run
    }
}

/// A task's tags: its own and those above it, as far as they are plain text.
pub(crate) fn of(task: &Rc<Task>) -> Vec<Value> {
    task.scope.collected("tags")
}

#[cfg(test)]
mod tests {
    use super::TagFilter;

    fn runs(only: &[&str], skip: &[&str], tags: &[&str]) -> bool {
        let own = |l: &[&str]| l.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        TagFilter::new(&own(only), &own(skip)).selects(&own(tags))
    }

    #[test]
    fn tasks_are_chosen_as_by_the_reference_engine() {
        assert!(runs(&[], &[], &[]) && runs(&[], &[], &["a"]) && !runs(&[], &[], &["never"]));
        assert!(
            runs(&["a"], &[], &["a", "never"])
                && !runs(&["a"], &[], &["b"])
                && runs(&["a"], &[], &["always"])
        );
        assert!(
            runs(&["tagged"], &[], &["x"]) && !runs(&["tagged"], &[], &[]) && runs(&["untagged"], &[], &[])
        );
        assert!(
            !runs(&[], &["a"], &["a"])
                && !runs(&[], &["always"], &["always"])
                && !runs(&[], &["tagged"], &["x"])
        );
        assert!(runs(&["tagged"], &[], &["untagged", "x"]) && !runs(&[], &["tagged"], &["untagged", "x"]));
        assert!(runs(&[], &["all"], &["always"]) && !runs(&[], &["all"], &["x"]));
    }
}
