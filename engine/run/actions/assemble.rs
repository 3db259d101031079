//! `assemble`: a file from its fragments.

use crate::{
    actions::copy::{find, inline},
    engine::Engine,
    failure::TaskFailure,
    invoke::Order,
    step::Step,
};
use kdo_modules::files::assemble::join;
use kdo_value::{Map, Value};

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let remote = args.get("remote_src").is_none_or(|v| match &v {
        Value::Str(s) => kdo_modules::params::parse_bool(s).unwrap_or(true),
        v => v.truthy(),
    });
    if remote {
        return engine
            .invoke(step, "ansible.builtin.assemble", &args, Order::default())
            .await;
    }
    let Some(src) = args.get("src") else {
        return Err(TaskFailure::new("src and dest are required"));
    };
    let folder = find(step, "files", &src.to_text())?;
    if !folder.is_dir() {
        return Err(TaskFailure::new(format!(
            "Source ({}) is not a directory",
            src.to_text()
        )));
    }
    let pattern = match args.get("regexp").filter(|v| !v.is_none()) {
        Some(v) => Some(
            fancy_regex::Regex::new(&v.to_text())
                .map_err(|e| TaskFailure::new(format!("Invalid Regexp ({}) in \"{e}\"", v.to_text())))?,
        ),
        None => None,
    };
    let delimiter = args
        .get("delimiter")
        .filter(|v| !v.is_none())
        .map(|v| v.to_text());
    let skip_hidden = args.get("ignore_hidden").is_some_and(|v| v.truthy());
    let failed = |e: std::io::Error| TaskFailure::new(format!("cannot read {}: {e}", folder.display()));
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .map_err(failed)?
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut fragments = Vec::new();
    for name in names {
        let path = folder.join(&name);
        let wanted = pattern
            .as_ref()
            .is_none_or(|p| p.is_match(&name).unwrap_or(false));
        if wanted && path.is_file() && !(skip_hidden && name.starts_with('.')) {
            fragments.push(std::fs::read(&path).map_err(failed)?);
        }
    }
    let content = join(&fragments, delimiter.as_deref(), true);
    for own in [
        "src",
        "remote_src",
        "regexp",
        "delimiter",
        "ignore_hidden",
        "decrypt",
    ] {
        args.remove(own);
    }
    inline(&args, &content);
    args.insert("_kdo_original", folder.to_string_lossy().into_owned());
    args.insert("_kdo_assembled", true);
    engine
        .invoke(step, "ansible.builtin.copy", &args, Order::default())
        .await
}
