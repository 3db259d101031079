//! `fetch`: a file of the host to the controller.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_modules::{files::stat::file_checksum, params::parse_bool};
use kdo_value::{Map, Value};
use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.fetch",
        aliases: &[],
        check: Support::Full,
        diff: Support::Full,
        returns: &[
            Return {
                name: "checksum",
                doc: "SHA-1 of the file.",
            },
            Return {
                name: "dest",
                doc: "Where it lies on the controller.",
            },
            Return {
                name: "md5sum",
                doc: "MD5 of the file.",
            },
            Return {
                name: "file",
                doc: "The file on the host, if it was not fetched.",
            },
            Return {
                name: "remote_checksum",
                doc: "SHA-1 on the host.",
            },
            Return {
                name: "remote_md5sum",
                doc: "MD5 on the host, where it is known.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Copy files from hosts to the controller\n\nEach file gets its place below `dest` by host and path, unless `flat`.",
        &[
            Param::new("src", Kind::Str, "File on the host.").required(),
            Param::new(
                "dest",
                Kind::Str,
                "Folder on the controller; with `flat`, the file, or a folder if it ends with `/`.",
            )
            .required(),
            Param::new("flat", Kind::Bool, "Leave host and path out of the name.")
                .default(Fixed::Bool(false)),
            Param::new("fail_on_missing", Kind::Bool, "Fail if the file is not there.")
                .default(Fixed::Bool(true)),
            Param::new(
                "validate_checksum",
                Kind::Bool,
                "Compare what came with what was there.",
            )
            .default(Fixed::Bool(true)),
        ],
    ),
};

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let truth = |name: &str, default: bool| {
        args.get(name).map_or(default, |v| match &v {
            Value::Str(s) => parse_bool(s).unwrap_or(default),
            v => v.truthy(),
        })
    };
    let text = |name: &str| args.get(name).filter(|v| !v.is_none()).map(|v| v.to_text());
    let (Some(src), Some(dest)) = (text("src"), text("dest")) else {
        return Err(TaskFailure::new("src and dest are required"));
    };
    for (name, what) in [("src", "source"), ("dest", "destination")] {
        if let Some(value) = args.get(name).filter(|v| v.as_str().is_none()) {
            let kind = value.type_name();
            let text = format!("Invalid type supplied for {what} option, it must be a string, not '{kind}'.");
            return Err(TaskFailure::new(text));
        }
    }
    let result = Map::new();
    if step.info.check {
        result.insert("skipped", true);
        result.insert("msg", "check mode not (yet) supported for this module");
        return Ok(result);
    }
    let (flat, must) = (truth("flat", false), truth("fail_on_missing", true));
    let src = at_home(engine, step, src).await?;
    let target = target(step, &src, &dest, flat)?;
    let temp = target.with_file_name(format!(
        ".{}.kdo-{}-{}",
        target
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
        std::process::id(),
        step.host
    ));
    let before = file_checksum(&target, "sha1");
    let ask = Map::new();
    ask.insert("src", src.as_str());
    ask.insert("have", before.clone());
    let order = Order {
        receive: Some(temp.clone()),
        ..Order::default()
    };
    let answer = engine.invoke(step, "kdo.fetch", &ask, order).await;
    let answer = match answer {
        Ok(answer) if !crate::task::truthy(&answer, "failed") => answer,
        other => {
            let _ = fs::remove_file(&temp);
            return Ok(refused(&other?, &src, must));
        }
    };
    if !crate::task::truthy(&answer, "sent") {
        result.insert("changed", false);
        result.insert("checksum", before);
        result.insert("dest", target.to_string_lossy().into_owned());
        result.insert("file", src);
        result.insert("md5sum", file_checksum(&target, "md5"));
        return Ok(result);
    }
    // Of an empty file nothing has come.
    if !temp.exists() {
        crate::invoke::receiver(&temp)?;
    }
    let (after, remote) = (file_checksum(&temp, "sha1"), answer.get("checksum"));
    let remote = remote.map(|v| v.to_text());
    let valid = !truth("validate_checksum", true) || remote.is_none() || after == remote;
    if valid {
        fs::rename(&temp, &target).map_err(|e| {
            let _ = fs::remove_file(&temp);
            TaskFailure::new(format!("cannot write {}: {e}", target.display()))
        })?;
        result.insert("changed", true);
        result.insert("md5sum", file_checksum(&target, "md5"));
    } else {
        let _ = fs::remove_file(&temp);
        result.insert("failed", true);
        result.insert("msg", "checksum mismatch");
        result.insert("file", src);
        result.insert("md5sum", Value::None);
    }
    result.insert("dest", target.to_string_lossy().into_owned());
    result.insert("checksum", after);
    result.insert("remote_checksum", remote);
    result.insert("remote_md5sum", Value::None);
    Ok(result)
}

/// The path with `~` as the host understands it.
async fn at_home(engine: &Engine, step: &Step, src: String) -> Result<String, TaskFailure> {
    if !src.starts_with('~') {
        return Ok(src);
    }
    let ask = Map::from_iter([("path", src.as_str())]);
    for extra in ["get_checksum", "get_mime", "get_attributes"] {
        ask.insert(extra, false);
    }
    let found = engine
        .invoke(step, "ansible.builtin.stat", &ask, Order::default())
        .await?;
    let path = found.get("stat").and_then(|s| s.get("path"));
    Ok(path.map_or(src, |p| p.to_text()))
}

/// Where the file goes.
fn target(step: &Step, src: &str, dest: &str, flat: bool) -> Result<PathBuf, TaskFailure> {
    let base = Path::new(dest);
    let base = if base.is_absolute() || dest.starts_with('~') {
        PathBuf::from(kdo_modules::host::expand(dest))
    } else {
        step.play.vars.playbook_dir.join(base)
    };
    // Only names go below the folder: what a host calls its file cannot lead out of it.
    let mut names = PathBuf::new();
    for part in Path::new(src).components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::ParentDir => drop(names.pop()),
            _ => {}
        }
    }
    if !flat {
        return Ok(base.join(step.target()).join(names));
    }
    if !dest.ends_with('/') {
        return match base.is_dir() {
            false => Ok(base),
            true => Err(TaskFailure::new(format!(
                "dest is an existing directory, use a trailing slash if you want to fetch src into that directory: {dest}"
            ))),
        };
    }
    let target = base.join(names.file_name().unwrap_or_default());
    match target.is_dir() {
        false => Ok(target),
        true => Err(TaskFailure::new(format!(
            "calculated dest '{}' is an existing directory, use another path that does not point to an existing directory",
            target.display()
        ))),
    }
}

/// The result where the host has no such file to give.
fn refused(answer: &Map, src: &str, must: bool) -> Map {
    let mut message = answer.get("msg").map(|v| v.to_text()).unwrap_or_default();
    let folder = crate::task::truthy(answer, "folder");
    if crate::task::truthy(answer, "missing") || folder && !must {
        message.push_str(", not transferring, ignored");
    } else if crate::task::truthy(answer, "closed") && !must {
        message.push_str(", ignored");
    }
    let result = Map::from_iter([("changed", false)]);
    if must || folder || message.ends_with(" ignored") {
        result.insert("msg", message);
    }
    if must {
        result.insert("failed", true);
    } else if !folder {
        result.insert("file", src);
    }
    result
}
