//! How a task's loop behaves: `loop_control`, evaluated.

use crate::{engine::Engine, failure::TaskFailure};
use kdo_playbook::{Task, is_variable_name};
use kdo_value::{Map, Value};
use kdo_vars::TaskVars;
use std::time::Duration;

/// The evaluated `loop_control` of a task.
pub(crate) struct LoopControl {
    /// The item's variable.
    pub(crate) loop_var: String,
    /// The variable that counts.
    pub(crate) index_var: Option<String>,
    /// The time between items.
    pub(crate) pause: Duration,
    /// Whether `ansible_loop` is there, and with all items.
    pub(crate) extended: bool,
    /// See `extended`.
    pub(crate) all_items: bool,
    /// What to show for an item, as written.
    pub(crate) label: Option<Value>,
    /// When the loop ends early, as written.
    pub(crate) break_when: Option<Value>,
}

impl LoopControl {
    /// The task's own; defaults without one.
    pub(crate) fn of(engine: &Engine, vars: &TaskVars, task: &Task) -> Result<Self, TaskFailure> {
        let control = match task.own("loop_control") {
            Some(Value::Map(m)) => m,
            _ => Map::new(),
        };
        let raw = |key: &str| control.get(key).filter(|v| !v.is_none());
        let value = |key: &str| match raw(key) {
            None => Ok(None),
            Some(v) => engine
                .resolve_or_omit(vars, &v)
                .map_err(|e| e.during(&format!("Error processing keyword '{key}'"))),
        };
        let name = |key: &str| -> Result<Option<String>, TaskFailure> {
            let Some(name) = value(key)?.map(|v| v.to_text()) else {
                return Ok(None);
            };
            if !is_variable_name(&name) {
                return Err(TaskFailure::new(format!("Invalid variable name '{name}'.")));
            }
            Ok(Some(name))
        };
        let wrong = |key: &str, v: &Value, kind: &str| {
            TaskFailure::new(format!(
                "Error processing keyword '{key}': The value {} could not be converted to '{kind}'.",
                v.repr()
            ))
        };
        let flag = |key: &str, default: bool| -> Result<bool, TaskFailure> {
            match value(key)? {
                None => Ok(default),
                Some(Value::Bool(b)) => Ok(b),
                Some(Value::Int(n)) => Ok(n != 0),
                Some(v) => {
                    kdo_modules::params::parse_bool(&v.to_text()).ok_or_else(|| wrong(key, &v, "bool"))
                }
            }
        };
        let pause = match value("pause")? {
            None => Duration::ZERO,
            Some(v) => v
                .to_text()
                .trim()
                .parse::<f64>()
                .ok()
                .map(|s| Duration::try_from_secs_f64(s.max(0.0)).unwrap_or_default())
                .ok_or_else(|| wrong("pause", &v, "float"))?,
        };
        Ok(Self {
            loop_var: name("loop_var")?.unwrap_or_else(|| "item".into()),
            index_var: name("index_var")?,
            pause,
            extended: flag("extended", false)?,
            all_items: flag("extended_allitems", true)?,
            label: raw("label"),
            break_when: raw("break_when"),
        })
    }
}
