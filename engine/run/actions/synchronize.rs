//! `ansible.posix.synchronize`: decides where rsync runs, and how it reaches the other side.

use crate::{connect::Route, engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::params::parse_bool;
use kdo_template::SearchPath;
use kdo_transport::Endpoint;
use kdo_value::{Map, Value};

const MODULE: &str = "ansible.posix.synchronize";

/// Names of the controller itself.
const LOCALHOST: &[&str] = &["127.0.0.1", "localhost", "::1"];

pub(crate) async fn run(engine: &Engine, step: &Step, args: Map) -> Result<Map, TaskFailure> {
    let given = |name: &str| args.get(name).filter(|v| !v.is_none());
    let truth = |name: &str, default: bool| {
        given(name).map_or(default, |v| match &v {
            Value::Str(s) => parse_bool(s).unwrap_or(default),
            v => v.truthy(),
        })
    };
    let (Some(src), Some(dest)) = (given("src"), given("dest")) else {
        return Err(TaskFailure::new(
            "synchronize requires both src and dest parameters are set",
        ));
    };
    let running = step
        .route
        .as_ref()
        .ok_or_else(|| TaskFailure::new("the task has no connection"))?;
    // The host of the play, to whose files the task is about, also where the task is delegated.
    let other = engine.route(&step.vars, &step.task)?;
    let address = other.endpoint.address.clone();
    let own_names = [Some(step.host.as_str()), address.as_deref()];
    let delegated = step.delegated.as_deref();
    let to_itself = delegated.is_some_and(|d| own_names.contains(&Some(d)));
    let remote = running.kind != "local";
    let within = to_itself || delegated.is_none() && !remote;

    if truth("use_ssh_args", false) && remote {
        let words = running.endpoint.ssh_args.iter();
        let words: Vec<_> = words.map(|w| kdo_modules::commands::words::quote(w)).collect();
        args.insert("_ssh_args", words.join(" "));
    }
    args.remove("use_ssh_args");
    if let Some(path) = engine.text_variable(&step.vars, &["ansible_rsync_path"])? {
        args.insert("_local_rsync_path", path);
    }
    if given("dest_port").is_none()
        && let Some(port) = other.endpoint.port
    {
        args.insert("dest_port", i64::from(port));
    }

    let (src, dest) = (src.to_text(), dest.to_text());
    if within {
        args.insert("src", here(step, &src));
        args.insert("dest", here(step, &dest));
        return engine
            .invoke_over(step, running, MODULE, &args, Order::default())
            .await;
    }
    let by_delegate = delegated.is_some() && remote;
    let user = match by_delegate {
        true => running
            .endpoint
            .user
            .clone()
            .or_else(|| other.endpoint.user.clone()),
        false => other.endpoint.user.clone(),
    };
    let user = user.filter(|_| truth("set_remote_user", true));
    let name = address.unwrap_or_else(|| step.host.clone());
    let far = |path: &str| far(&name, path, user.as_deref());
    let (src, dest) = match given("mode").map(|m| m.to_text()).as_deref() {
        Some("pull") => (far(&src), here(step, &dest)),
        _ => (here(step, &src), far(&dest)),
    };
    args.insert("src", src);
    args.insert("dest", dest);
    if LOCALHOST.contains(&name.as_str()) && other.endpoint.port.is_none() {
        args.insert("_substitute_controller", true);
    }
    if given("private_key").is_none()
        && let Some(key) = &other.endpoint.private_key_file
    {
        args.insert("private_key", key.to_string_lossy().into_owned());
    }
    if let Some(password) = &other.endpoint.password {
        args.insert("_local_rsync_password", password.expose());
    }
    // Rights are taken on the other side; rsync itself runs as the one who called.
    if given("rsync_path").is_none()
        && let Some(escalation) = other.escalation.as_ref().filter(|e| e.method == "sudo")
    {
        args.insert("rsync_path", format!("sudo -u {} rsync", escalation.user));
    }
    let route = match by_delegate {
        true => Route {
            escalation: None,
            ..running.clone()
        },
        false => Route {
            kind: "local".into(),
            endpoint: Endpoint::new("localhost"),
            escalation: None,
            limit: running.limit,
        },
    };
    engine
        .invoke_over(step, &route, MODULE, &args, Order::default())
        .await
}

/// A path of the machine that rsync runs on: relative ones are found as for `copy`.
fn here(step: &Step, path: &str) -> String {
    if path.contains(':') || path.starts_with('/') || path.starts_with('~') {
        return path.to_owned();
    }
    let search = SearchPath {
        bases: step.vars.search_bases(),
    };
    let found = search
        .find("files", path)
        .unwrap_or_else(|| step.play.vars.playbook_dir.join(path));
    let found = std::path::absolute(&found).unwrap_or(found);
    let found = found.to_string_lossy();
    match path.ends_with('/') && !found.ends_with('/') {
        true => format!("{found}/"),
        false => found.into_owned(),
    }
}

/// A path of the other machine, as rsync writes it; one that names its machine stays as it is.
fn far(host: &str, path: &str, user: Option<&str>) -> String {
    let user = user.map(|u| format!("{u}@")).unwrap_or_default();
    if path.starts_with("rsync://") {
        path.to_owned()
    } else if host.contains(':') {
        format!("[{user}{host}]:{path}")
    } else if !path.contains(':') {
        format!("{user}{host}:{path}")
    } else if !path.contains('@') {
        format!("{user}{path}")
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::far;

    #[test]
    fn paths_of_another_machine_name_it_once() {
        assert_eq!(far("h", "/a", Some("op")), "op@h:/a");
        assert_eq!(far("h", "/a", None), "h:/a");
        assert_eq!(far("fe80::1", "/a", Some("op")), "[op@fe80::1]:/a");
        assert_eq!(far("h", "other:/a", Some("op")), "op@other:/a");
        assert_eq!(far("h", "me@other:/a", Some("op")), "me@other:/a");
        assert_eq!(far("h", "rsync://x/a", Some("op")), "rsync://x/a");
    }
}
