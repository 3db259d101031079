//! `script`: a script of the controller, run on the host.

use crate::{
    actions::copy::{find, inline},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_value::Map;
use std::fs;

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let line = args.get("_raw_params").or_else(|| args.get("cmd")).map(|v| v.to_text()).unwrap_or_default();
    let line = line.trim().to_owned();
    if line.is_empty() {
        return Err(TaskFailure::new("Missing required arguments: cmd"));
    }
    let words = kdo_modules::commands::words::split(&line)?;
    let name = words.first().cloned().unwrap_or_default();
    let path = find(step, "files", &name)?;
    let content = fs::read(&path).map_err(|e| TaskFailure::new(format!("cannot read {}: {e}", path.display())))?;
    // The rest of the line as it was written.
    let rest = line.split_once(char::is_whitespace).map(|(_, r)| r.trim().to_owned()).unwrap_or_default();
    args.remove("_raw_params");
    args.remove("cmd");
    inline(&args, &content);
    args.insert("_kdo_name", path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default());
    args.insert("_kdo_args", rest);
    engine.invoke(step, "ansible.builtin.script", &args, Order::default()).await
}
