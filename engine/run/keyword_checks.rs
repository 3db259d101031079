//! The values of a task's keywords: evaluated and of the right type, whether they are used or not.

use crate::{engine::Engine, failure::TaskFailure};
use kdo_playbook::Task;
use kdo_value::Value;
use kdo_vars::TaskVars;

/// Keywords of the task alone, and the names by which their errors call them.
const OWN: &[(&str, &str)] = &[
    ("async", "async_val"),
    ("delay", "delay"),
    ("poll", "poll"),
    ("retries", "retries"),
];

/// Keywords that levels above may give.
const INHERITED: &[&str] = &["port", "timeout"];

/// Truth values that levels above may give.
const TRUTHS: &[&str] = &[
    "become",
    "check_mode",
    "delegate_facts",
    "diff",
    "ignore_errors",
    "ignore_unreachable",
    "no_log",
    "run_once",
];

/// Texts that levels above may give.
const TEXTS: &[&str] = &[
    "become_exe",
    "become_flags",
    "become_method",
    "become_user",
    "connection",
    "remote_user",
];

impl Engine {
    /// Checks the keywords of a task that is to run.
    pub(crate) fn check_keywords(&self, vars: &TaskVars, task: &Task) -> Result<(), TaskFailure> {
        let during = |shown: &str| format!("Error processing keyword '{shown}'");
        for name in TRUTHS {
            self.keyword(vars, task, name)
                .map_err(|e| e.during(&during(name)))?;
            self.flag(vars, task, name)?;
        }
        for name in TEXTS {
            self.keyword(vars, task, name)
                .map_err(|e| e.during(&during(name)))?;
        }
        for (name, shown) in OWN {
            if let Some(raw) = task.own(name)
                && let Some(value) = self
                    .resolve_or_omit(vars, &raw)
                    .map_err(|e| e.during(&during(shown)))?
            {
                number(shown, &value)?;
            }
        }
        for name in INHERITED {
            if let Some(value) = self
                .keyword(vars, task, name)
                .map_err(|e| e.during(&during(name)))?
            {
                number(name, &value)?;
            }
        }
        Ok(())
    }
}

fn number(name: &str, value: &Value) -> Result<(), TaskFailure> {
    let parsed = match value {
        Value::None => return Ok(()),
        Value::Bool(_) | Value::Int(_) | Value::Big(_) => return Ok(()),
        v => v.to_text().trim().parse::<f64>().ok(),
    };
    let kind = if name == "delay" { "float" } else { "int" };
    if parsed.is_some_and(|n| kind == "float" || n.fract() == 0.0) {
        return Ok(());
    }
    Err(TaskFailure::early(format!(
        "Error processing keyword '{name}': The value {} could not be converted to '{kind}'.",
        value.repr()
    )))
}
