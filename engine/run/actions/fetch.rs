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
    let base = Path::new(&dest);
    let base = if base.is_absolute() || dest.starts_with('~') {
        PathBuf::from(kdo_modules::host::expand(&dest))
    } else {
        step.play.vars.playbook_dir.join(base)
    };
    let target = if flat {
        let name = Path::new(&src)
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if dest.ends_with('/') {
            base.join(name)
        } else if base.is_dir() {
            return Err(TaskFailure::new(format!(
                "dest is an existing directory, use a trailing slash if you want to fetch src into that directory: {dest}"
            )));
        } else {
            base
        }
    } else {
        // Only names go below the folder: what a host calls its file cannot lead out of it.
        let inside: PathBuf = Path::new(&src)
            .components()
            .filter(|c| matches!(c, Component::Normal(_)))
            .collect();
        base.join(step.target()).join(inside)
    };
    if target.is_dir() {
        let target = target.display();
        return Err(TaskFailure::new(format!(
            "calculated dest '{target}' is an existing directory, use another path that does not point to an existing directory"
        )));
    }
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)
            .map_err(|e| TaskFailure::new(format!("cannot make {}: {e}", folder.display())))?;
    }
    let temp = target.with_file_name(format!(
        ".{}.kdo-{}-{}",
        target
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default(),
        std::process::id(),
        step.host
    ));
    let ask = Map::new();
    ask.insert("src", src.as_str());
    let order = Order {
        receive: Some(temp.clone()),
        ..Order::default()
    };
    let answer = engine.invoke(step, "kdo.fetch", &ask, order).await;
    let answer = match answer {
        Ok(answer) if !crate::task::truthy(&answer, "failed") => answer,
        other => {
            let _ = fs::remove_file(&temp);
            let answer = other?;
            if must {
                answer.insert("file", src);
                return Ok(answer);
            }
            let message = answer.get("msg").map(|v| v.to_text()).unwrap_or_default();
            answer.remove("failed");
            answer.insert("changed", false);
            answer.insert("file", src);
            answer.insert("msg", format!("{message}, ignored"));
            return Ok(answer);
        }
    };
    let before = file_checksum(&target, "sha1");
    let after = file_checksum(&temp, "sha1");
    let remote = answer.get("checksum").map(|v| v.to_text());
    if truth("validate_checksum", true) && remote.is_some() && after != remote {
        let _ = fs::remove_file(&temp);
        result.insert("failed", true);
        result.insert("msg", "checksum mismatch");
        return Ok(result);
    }
    let changed = before != after;
    if changed {
        fs::rename(&temp, &target)
            .map_err(|e| TaskFailure::new(format!("cannot write {}: {e}", target.display())))?;
    } else {
        fs::remove_file(&temp)
            .map_err(|e| TaskFailure::new(format!("cannot remove {}: {e}", temp.display())))?;
    }
    result.insert("changed", changed);
    result.insert("checksum", after);
    result.insert("dest", target.to_string_lossy().into_owned());
    result.insert("file", src);
    result.insert("md5sum", file_checksum(&target, "md5"));
    if changed {
        result.insert("remote_checksum", remote);
        result.insert("remote_md5sum", Value::None);
    }
    Ok(result)
}
