//! `fail`: fails with a message.

use crate::failure::TaskFailure;
use kdo_value::{Map, Value};

pub(crate) fn run(args: &Map) -> Result<Map, TaskFailure> {
    let map = Map::new();
    map.insert("failed", true);
    map.insert("msg", args.get("msg").unwrap_or_else(|| Value::str("Failed as requested from task")));
    Ok(map)
}
