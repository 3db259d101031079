//! `script`: a script of the controller, run on the host.

use crate::{
    actions::copy::{find, offer},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_modules::params::parse_bool;
use kdo_value::{Map, Value};

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let line = args
        .get("_raw_params")
        .or_else(|| args.get("cmd"))
        .map(|v| v.to_text())
        .unwrap_or_default();
    let line = line.trim().to_owned();
    if line.is_empty() {
        return Err(TaskFailure::new(
            "one of the following is required: _raw_params, cmd",
        ));
    }
    let (name, rest) = kdo_modules::commands::words::first(&line)?;
    args.remove("_raw_params");
    args.remove("cmd");
    let decrypt = args.get("decrypt").is_none_or(|v| match &v {
        Value::Str(s) => parse_bool(s).unwrap_or(true),
        v => v.truthy(),
    });
    let mut order = Order::default();
    // `creates` and `removes` are asked first, so the host tells what is wrong with the script.
    if let Err(e) =
        find(step, "files", &name).and_then(|path| offer(engine, &args, &path, decrypt, &mut order))
    {
        args.insert("_kdo_missing", e.message);
    }
    args.insert("_kdo_args", rest);
    engine.invoke(step, "ansible.builtin.script", &args, order).await
}
