//! A task's failure in words for people: what went wrong, where the task stands, and what caused it.

use crate::{actions, engine::Engine, failure::take_rendered};
use kdo_event::{Status, TaskInfo};
use kdo_playbook::Task;
use kdo_syntax::{Diagnostic, excerpt};
use kdo_value::Map;

impl Engine {
    /// The message of a failed result with the place of its task and, if known, that of the cause. Of a task with
    /// `no_log` neither the message nor the lines of the playbook are told.
    pub(crate) fn told_failure(
        &self,
        task: &Task,
        info: &TaskInfo,
        status: Status,
        result: &Map,
    ) -> Option<String> {
        let cause = take_rendered(result);
        if status != Status::Failed {
            return None;
        }
        let place = excerpt(&Diagnostic::error("").at(task.origin), self.sources());
        let what = if actions::exists(&task.action.name) {
            "Action"
        } else {
            "Module"
        };
        if info.no_log {
            let origin = place.lines().next().unwrap_or_default();
            return Some(format!(
                "Task failed: {what} failed: (censored due to no_log)\n{origin}"
            ));
        }
        let message = result.get("msg").map(|v| v.to_text()).unwrap_or_default();
        let whole = if message.starts_with("Task failed: ") {
            message
        } else if message.is_empty() {
            "Task failed: Action failed.".to_owned()
        } else {
            format!("Task failed: {what} failed: {message}")
        };
        Some(with_cause(&whole, &place, cause.as_deref()))
    }
}

/// The message, the task's place, and below it the cause with its own place.
fn with_cause(whole: &str, place: &str, cause: Option<&str>) -> String {
    const LINK: &str = "\n\n<<< caused by >>>\n\n";
    match cause {
        None => format!("{whole}\n{place}"),
        Some(cause) if !cause.starts_with("Origin: ") => format!("{whole}\n{place}{LINK}{cause}"),
        Some(cause) => {
            let (head, rest) = parts(whole);
            format!("{whole}\n\n{head}.\n{place}{LINK}{rest}\n{cause}")
        }
    }
}

/// What failed as a whole, and why.
fn parts(whole: &str) -> (&str, &str) {
    let (head, rest) = whole.split_once(": ").unwrap_or((whole, ""));
    if rest.starts_with("Finalization of task args for '")
        && let Some((_, why)) = rest.split_once("' failed: ")
    {
        let head = whole.strip_suffix(why).and_then(|h| h.strip_suffix(": "));
        return (head.unwrap_or(whole), why);
    }
    (head, rest)
}

#[cfg(test)]
mod tests {
    use super::with_cause;

    #[test]
    fn a_cause_with_its_place_comes_after_the_task() {
        let whole = "Task failed: Finalization of task args for 'debug' failed: 'x' is undefined";
        assert_eq!(
            with_cause(whole, "Origin: a:1:1", Some("Origin: a:2:2")),
            format!(
                "{whole}\n\nTask failed: Finalization of task args for 'debug' failed.\nOrigin: a:1:1\n\n<<< caused by >>>\n\n'x' is undefined\nOrigin: a:2:2"
            )
        );
        assert_eq!(
            with_cause("Task failed: no", "Origin: a:1:1", Some("Origin: a:2:2")),
            "Task failed: no\n\nTask failed.\nOrigin: a:1:1\n\n<<< caused by >>>\n\nno\nOrigin: a:2:2"
        );
        assert_eq!(
            with_cause("Task failed: no", "P", Some("why\nOrigin: x")),
            "Task failed: no\nP\n\n<<< caused by >>>\n\nwhy\nOrigin: x"
        );
        assert_eq!(with_cause("Task failed: no", "P", None), "Task failed: no\nP");
    }
}
