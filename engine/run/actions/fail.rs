//! `fail`: fails with a message.

use crate::actions::About;
use crate::failure::TaskFailure;
use kdo_modules::{
    Meta, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Value};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.fail",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[],
    },
    spec: &Spec::new(
        "Fail with a message",
        &[Param::new("msg", Kind::Str, "Why.").default(Fixed::Str("Failed as requested from task"))],
    ),
};

pub(crate) fn run(args: &Map) -> Result<Map, TaskFailure> {
    let map = Map::new();
    map.insert("failed", true);
    map.insert(
        "msg",
        args.get("msg")
            .unwrap_or_else(|| Value::str("Failed as requested from task")),
    );
    Ok(map)
}
