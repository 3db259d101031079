//! A task's failure in words for people: what went wrong, where the task stands, and what caused it.

use crate::{actions, engine::Engine, failure::take_rendered, task::CENSORED_ITEM};
use kdo_event::{OPEN, Status, TaskInfo};
use kdo_playbook::Task;
use kdo_syntax::{Diagnostic, excerpt};
use kdo_value::Map;

impl Engine {
    /// The message of a failed result with the place of its task and, if known, that of the cause. Of a task with
    /// `no_log` neither the message nor the lines of the playbook are told, unless nothing but the playbook is at fault: then
    /// the message.
    pub(crate) fn told_failure(
        &self,
        task: &Task,
        info: &TaskInfo,
        status: Status,
        result: &Map,
    ) -> Option<String> {
        let cause = take_rendered(result);
        if !matches!(status, Status::Failed | Status::Unreachable) {
            return None;
        }
        let place = excerpt(&Diagnostic::error("").at(task.origin), self.sources());
        let what = if actions::exists(&task.action.name) {
            "Action"
        } else {
            "Module"
        };
        let message = result.get("msg").map(|v| v.to_text()).unwrap_or_default();
        if info.no_log {
            let origin = place.lines().next().unwrap_or_default();
            let message = if result.contains(OPEN) {
                message.as_str()
            } else {
                CENSORED_ITEM
            };
            return Some(format!("Task failed: {what} failed: {message}\n{origin}"));
        }
        let whole = if message.starts_with("Task failed: ") {
            message
        } else if message.is_empty() {
            "Task failed: Action failed.".to_owned()
        } else {
            format!("Task failed: {what} failed: {message}")
        };
        let action = (task.action.origin.is_some() && task.action.origin != task.origin)
            .then(|| excerpt(&Diagnostic::error("").at(task.action.origin), self.sources()));
        Some(with_cause(&whole, &place, action.as_deref(), cause.as_deref()))
    }
}

/// The message, the task's place, and below it the cause with its own place. Where the arguments are the cause, the place
/// of the action stands between them.
fn with_cause(whole: &str, place: &str, action: Option<&str>, cause: Option<&str>) -> String {
    const LINK: &str = "\n\n<<< caused by >>>\n\n";
    let Some(cause) = cause else {
        return format!("{whole}\n{place}");
    };
    if !cause.starts_with("Origin: ") {
        return format!("{whole}\n{place}{LINK}{cause}");
    }
    let (head, rest) = whole.split_once(": ").unwrap_or((whole, ""));
    let arguments = rest
        .strip_prefix("Finalization of task args for '")
        .and_then(|r| r.split_once("' failed: "))
        .and_then(|(_, why)| Some((rest.strip_suffix(why)?.strip_suffix(": ")?, why)));
    match (arguments, action) {
        (Some((what, why)), Some(action)) => {
            format!("{whole}\n\n{head}.\n{place}{LINK}{what}.\n{action}{LINK}{why}\n{cause}")
        }
        (Some((what, why)), None) => {
            format!("{whole}\n\n{head}: {what}.\n{place}{LINK}{why}\n{cause}")
        }
        (None, _) => format!("{whole}\n\n{head}.\n{place}{LINK}{rest}\n{cause}"),
    }
}

#[cfg(test)]
mod tests {
    use super::with_cause;

    #[test]
    fn a_cause_with_its_place_comes_after_the_task() {
        let whole = "Task failed: Finalization of task args for 'debug' failed: 'x' is undefined";
        assert_eq!(
            with_cause(whole, "Origin: a:1:1", None, Some("Origin: a:2:2")),
            format!(
                "{whole}\n\nTask failed: Finalization of task args for 'debug' failed.\nOrigin: a:1:1\n\n<<< caused by >>>\n\n'x' is undefined\nOrigin: a:2:2"
            )
        );
        assert_eq!(
            with_cause(whole, "P", Some("A"), Some("Origin: C")),
            format!(
                "{whole}\n\nTask failed.\nP\n\n<<< caused by >>>\n\nFinalization of task args for 'debug' failed.\nA\n\n<<< caused by >>>\n\n'x' is undefined\nOrigin: C"
            )
        );
        assert_eq!(
            with_cause(
                "Task failed: no",
                "Origin: a:1:1",
                Some("A"),
                Some("Origin: a:2:2")
            ),
            "Task failed: no\n\nTask failed.\nOrigin: a:1:1\n\n<<< caused by >>>\n\nno\nOrigin: a:2:2"
        );
        assert_eq!(
            with_cause("Task failed: no", "P", None, Some("why\nOrigin: x")),
            "Task failed: no\nP\n\n<<< caused by >>>\n\nwhy\nOrigin: x"
        );
        assert_eq!(
            with_cause("Task failed: no", "P", None, None),
            "Task failed: no\nP"
        );
    }
}
