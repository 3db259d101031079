//! The Python that modules of others would find; kdo itself needs none.

use super::Gather;
use crate::host::Command;
use kdo_value::{Map, Value};
use std::{path::PathBuf, time::Duration};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let folders = ["/usr/bin", "/usr/local/bin", "/usr/libexec"];
    let names = ["python3", "platform-python", "python"];
    let found = names
        .iter()
        .flat_map(|n| folders.iter().map(move |f| PathBuf::from(f).join(n)))
        .find(|p| p.is_file());
    let Some(path) = found else { return };
    let question = Command::new(&path).arg("-V").timeout(Duration::from_secs(5));
    let Ok(answer) = g.host.query(question) else {
        return;
    };
    let text = answer.stdout_text();
    let Some(version) = text.trim().strip_prefix("Python ") else {
        return;
    };
    let plain: String = version
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let numbers: Vec<i64> = plain.split('.').filter_map(|n| n.parse().ok()).collect();
    let number = |i: usize| numbers.get(i).copied().unwrap_or(0);
    let parts = Map::new();
    for (i, name) in ["major", "minor", "micro"].into_iter().enumerate() {
        parts.insert(name, number(i));
    }
    parts.insert("releaselevel", "final");
    parts.insert("serial", 0_i64);
    let info = [
        number(0).into(),
        number(1).into(),
        number(2).into(),
        Value::str("final"),
        Value::Int(0),
    ];
    let python = Map::new();
    python.insert("version", parts);
    python.insert("version_info", Value::list(info));
    python.insert("executable", path.to_string_lossy().into_owned());
    python.insert("has_sslcontext", true);
    python.insert("type", "cpython");
    g.facts.insert("python", python);
    g.facts.insert("python_version", plain);
}
