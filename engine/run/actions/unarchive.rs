//! `unarchive`: an archive of the controller (or of the host) unpacked on the host.

use crate::{
    actions::copy::{find, offer},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_modules::{net::url::masked, params::parse_bool};
use kdo_value::{Map, Value};

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let truth = |name: &str, default: bool| {
        args.get(name).map_or(default, |v| match &v {
            Value::Str(s) => parse_bool(s).unwrap_or(default),
            v => v.truthy(),
        })
    };
    if args.contains("copy") && args.contains("remote_src") {
        return Err(TaskFailure::new(
            "parameters are mutually exclusive: ('copy', 'remote_src')",
        ));
    }
    let remote = truth("remote_src", !truth("copy", true));
    args.remove("copy");
    let (Some(src), Some(_)) = (args.get("src"), args.get("dest")) else {
        return Err(TaskFailure::new("src (or content) and dest are required"));
    };
    if !remote && src.to_text().contains("://") {
        return Err(TaskFailure::new(format!(
            "Unsupported option, an URI src ({}) is only supported when remote_src is True",
            masked(&src.to_text())
        )));
    }
    let module = "ansible.builtin.unarchive";
    if remote {
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
