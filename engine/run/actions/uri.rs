//! `uri`: a request whose body or files may be the controller's.

use crate::{
    actions::copy::{find, offer},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_modules::params::parse_bool;
use kdo_value::{Map, Value};
use std::fs;

const MODULE: &str = "ansible.builtin.uri";

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let remote = args.get("remote_src").is_some_and(|v| match &v {
        Value::Str(s) => parse_bool(s).unwrap_or(false),
        v => v.truthy(),
    });
    if step.info.check {
        let result = Map::new();
        result.insert("skipped", true);
        result.insert("changed", false);
        result.insert(
            "msg",
            format!("This action ({MODULE}) does not support check mode."),
        );
        return Ok(result);
    }
    let mut order = Order::default();
    if remote {
        return engine.invoke(step, MODULE, &args, order).await;
    }
    if let Some(src) = args.get("src").filter(Value::truthy) {
        let path = find(step, "files", &src.to_text())?;
        offer(engine, &args, &path, false, &mut order)?;
        args.insert("src", src);
    } else if args
        .get("body_format")
        .is_some_and(|f| f.to_text() == "form-multipart")
        && let Some(Value::Map(body)) = args.get("body")
    {
        args.insert("body", with_files(step, &body)?);
    }
    engine.invoke(step, MODULE, &args, order).await
}

/// The fields of a form; those that name a file of the controller get its content.
fn with_files(step: &Step, body: &Map) -> Result<Map, TaskFailure> {
    let out = Map::new();
    for (name, value) in body.text_entries() {
        let file = value.as_map().and_then(|field| {
            let content = field.get("content").filter(Value::truthy);
            field.get("filename").filter(|f| f.truthy() && content.is_none())
        });
        let (Some(field), Some(file)) = (value.as_map(), file) else {
            out.insert(name, value);
            continue;
        };
        let path = find(step, "files", &file.to_text())?;
        let content =
            fs::read(&path).map_err(|e| TaskFailure::new(format!("cannot read {}: {e}", path.display())))?;
        let field = field.copied();
        field.insert("_kdo_content", Value::Bytes(content.into()));
        out.insert(name, field);
    }
    Ok(out)
}
