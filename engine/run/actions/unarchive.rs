//! `unarchive`: an archive of the controller (or of the host) unpacked on the host.

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
    let truth = |name: &str, default: bool| args.get(name).map_or(default, |v| match &v {
        Value::Str(s) => parse_bool(s).unwrap_or(default),
        v => v.truthy(),
    });
    let remote = truth("remote_src", !truth("copy", true));
    args.remove("copy");
    let Some(src) = args.get("src") else { return Err(TaskFailure::new("src (or content) and dest are required")) };
    let module = "ansible.builtin.unarchive";
    if remote || src.to_text().contains("://") {
        args.insert("remote_src", true);
        return engine.invoke(step, module, &args, Order::default()).await;
    }
    let path = find(step, "files", &src.to_text())?;
    let decrypt = truth("decrypt", true);
    args.remove("decrypt");
    let mut order = Order::default();
    offer(engine, &args, &path, decrypt, &mut order)?;
    args.insert("src", src);
    engine.invoke(step, module, &args, order).await
}
