//! `ansible.posix.patch`: a patch of the controller applied on the host.

use crate::{
    actions::copy::{find, offer},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_modules::params::parse_bool;
use kdo_value::{Map, Value};

const MODULE: &str = "ansible.posix.patch";

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let remote = args.get("remote_src").is_some_and(|v| match &v {
        Value::Str(s) => parse_bool(s).unwrap_or(false),
        v => v.truthy(),
    });
    // Without a source the module itself says what is missing.
    let mut order = Order::default();
    if !remote && let Some(src) = args.get("src") {
        let path = find(step, "files", &src.to_text())?;
        offer(engine, &args, &path, true, &mut order)?;
        args.insert("src", src);
    }
    engine.invoke(step, MODULE, &args, order).await
}
