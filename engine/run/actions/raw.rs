//! `raw`: a command line through the login shell, without an agent.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Kind, Param, Spec},
};
use kdo_transport::{enter, marked, quote};
use kdo_value::{Map, Value};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.raw",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[
            Return {
                name: "rc",
                doc: "Exit status.",
            },
            Return {
                name: "stdout",
                doc: "What it printed.",
            },
            Return {
                name: "stdout_lines",
                doc: "The same as lines.",
            },
            Return {
                name: "stderr",
                doc: "What it printed to standard error.",
            },
            Return {
                name: "stderr_lines",
                doc: "The same as lines.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Run a command line through the login shell, with nothing else on the host",
        &[
            Param::new("free_form", Kind::Str, "The command line.").required(),
            Param::new("executable", Kind::Str, "Absolute path of another shell."),
        ],
    ),
};

/// Bytes of a stream that are kept.
const KEEP: usize = 16 << 20;

pub(crate) async fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let Some(line) = args
        .get("_raw_params")
        .map(|v| v.to_text())
        .filter(|l| !l.is_empty())
    else {
        return Err(TaskFailure::new("no command given"));
    };
    if step.info.check {
        let result = Map::new();
        result.insert("skipped", true);
        result.insert("changed", false);
        return Ok(result);
    }
    let route = step
        .route
        .as_ref()
        .ok_or_else(|| TaskFailure::new("the task has no connection"))?;
    let connection = engine.connections.connection(route).await?;
    let mut command = String::new();
    for (name, value) in step.environment.text_entries() {
        command.push_str(&format!("{name}={} ", quote(&value.to_text())));
    }
    command.push_str(&line);
    if let Some(shell) = args.get("executable").filter(|v| !v.is_none()) {
        command = format!("{} -c {}", shell.to_text(), quote(&command));
    }
    let asked = route.escalation.as_ref().filter(|e| e.password.is_some());
    if let Some(escalation) = &route.escalation {
        if asked.is_some() {
            command = marked(&command);
        }
        command = escalation.command(&command)?;
    }
    let lost = |e: kdo_transport::TransportError| TaskFailure::unreachable(e.message);
    let mut process = connection.start(&command, false).await.map_err(lost)?;
    let (mut stdout, mut stderr, mut through) = (Vec::new(), Vec::new(), true);
    if let Some(escalation) = asked {
        let limit = engine.become_limit(step);
        let entered = enter(&mut process, escalation, limit).await.map_err(lost)?;
        (stdout, stderr, through) = (entered.stdout, entered.stderr, entered.through);
    }
    drop(process.stdin);
    let (mut out, mut err) = (process.stdout.take(KEEP as u64), process.stderr.take(KEEP as u64));
    let read = tokio::join!(out.read_to_end(&mut stdout), err.read_to_end(&mut stderr));
    let (Ok(_), Ok(_)) = read else {
        return Err(TaskFailure::unreachable(
            "the connection was lost while the command ran",
        ));
    };
    let rc = process
        .exit
        .await
        .map_err(|_| TaskFailure::unreachable("the connection was lost while the command ran"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let result = Map::new();
    result.insert("rc", i64::from(rc));
    let stdout = text(&stdout);
    result.insert(
        "stdout_lines",
        Value::list(kdo_template::splitlines(&stdout).into_iter().map(Value::from)),
    );
    result.insert("stdout", stdout);
    let stderr = text(&stderr);
    result.insert(
        "stderr_lines",
        Value::list(kdo_template::splitlines(&stderr).into_iter().map(Value::from)),
    );
    result.insert("stderr", stderr);
    result.insert("changed", true);
    if rc != 0 {
        result.insert("failed", true);
        let said = result.get("stderr").map(|v| v.to_text()).unwrap_or_default();
        let refused = asked.filter(|_| !through).and_then(|e| e.refused(&said));
        result.insert(
            "msg",
            refused.unwrap_or_else(|| "non-zero return code".to_owned()),
        );
    }
    Ok(result)
}

impl Engine {
    /// How long to wait until a command runs as another user: a local one's own limit, else the connection's.
    fn become_limit(&self, step: &Step) -> Duration {
        let name = "ansible_local_become_success_timeout";
        let raw = kdo_template::Variables::get(&step.vars, name);
        let given = raw.and_then(|r| self.resolve(&step.vars, &r).ok());
        let seconds = given.and_then(|v| v.to_text().trim().parse().ok());
        seconds.map_or(self.options.connection.timeout + GRACE, Duration::from_secs)
    }
}

/// What a program that changes the user may take longer than a connection.
const GRACE: Duration = Duration::from_secs(2);
