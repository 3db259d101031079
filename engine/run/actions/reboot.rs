//! `reboot`: boots the host anew and waits until it is back.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Value};
use std::time::{Duration, Instant};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.reboot",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "rebooted",
                doc: "Whether the host was booted.",
            },
            Return {
                name: "elapsed",
                doc: "Seconds that it took.",
            },
        ],
        examples: &[],
    },
    spec: &Spec::new(
        "Boot hosts anew and wait until they are back",
        &[
            Param::new(
                "boot_time_command",
                Kind::Str,
                "A command whose output differs after each boot; without it the kernel's boot id is read.",
            )
            .default(Fixed::Str("cat /proc/sys/kernel/random/boot_id")),
            Param::new("connect_timeout", Kind::Int, "Seconds for each try to connect.")
                .aliases(&["connect_timeout_sec"]),
            Param::new("msg", Kind::Str, "What logged-in users are told.")
                .default(Fixed::Str("Reboot initiated by Ansible")),
            Param::new(
                "post_reboot_delay",
                Kind::Int,
                "Seconds to wait after the boot command before trying to connect.",
            )
            .default(Fixed::Int(0))
            .aliases(&["post_reboot_delay_sec"]),
            Param::new("pre_reboot_delay", Kind::Int, "Seconds to wait before booting.")
                .default(Fixed::Int(0))
                .aliases(&["pre_reboot_delay_sec"]),
            Param::new(
                "reboot_command",
                Kind::Str,
                "The command that boots; without it the one that suits the host.",
            ),
            Param::new(
                "reboot_timeout",
                Kind::Int,
                "Seconds until the host must be back.",
            )
            .default(Fixed::Int(600))
            .aliases(&["reboot_timeout_sec"]),
            Param::texts("search_paths", "Where the boot command is looked for.").default(Fixed::List(&[
                "/sbin",
                "/bin",
                "/usr/sbin",
                "/usr/bin",
                "/usr/local/sbin",
            ])),
            Param::new(
                "test_command",
                Kind::Str,
                "A command that must succeed before the host counts as back.",
            )
            .default(Fixed::Str("whoami")),
        ],
    ),
};

pub(crate) async fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let route = step
        .route
        .as_ref()
        .ok_or_else(|| TaskFailure::new("the task has no connection"))?;
    let result = Map::new();
    if route.kind == "local" {
        result.insert("failed", true);
        result.insert(
            "msg",
            "Running reboot with local connection would reboot the control node.",
        );
        result.insert("elapsed", 0_i64);
        result.insert("rebooted", false);
        return Ok(result);
    }
    if step.info.check {
        result.insert("changed", true);
        result.insert("elapsed", 0_i64);
        result.insert("rebooted", true);
        return Ok(result);
    }
    let wanted = ABOUT.spec.normalise(args, "reboot").map_err(|errors| {
        let messages: Vec<_> = errors.into_iter().map(|e| e.message).collect();
        TaskFailure::new(messages.join("; "))
    })?;
    let number = |name: &str, default: u64| match wanted.get(name) {
        Some(Value::Int(n)) => u64::try_from(n).unwrap_or(0),
        _ => default,
    };
    let begin = Instant::now();
    let limit = number("reboot_timeout", 600);
    let connect = number("connect_timeout", 10);
    let before = boot_id(engine, step, args).await.map_err(|e| TaskFailure {
        values: Some(Map::from_iter([("reboot", false)])),
        ..e
    })?;
    let order = Map::new();
    order.insert("delay", number("pre_reboot_delay", 0));
    for (from, to) in [
        ("msg", "msg"),
        ("search_paths", "search_paths"),
        ("reboot_command", "command"),
    ] {
        if let Some(v) = wanted.get(from).filter(|v| !v.is_none()) {
            order.insert(to, v);
        }
    }
    let boot = engine.invoke(
        step,
        "kdo.reboot",
        &order,
        Order {
            check: Some(false),
            ..Order::default()
        },
    );
    match tokio::time::timeout(Duration::from_secs(connect + 20), boot).await {
        Ok(Ok(answer)) if crate::task::truthy(&answer, "failed") => {
            if answer.contains("rebooted") {
                answer.insert("elapsed", begin.elapsed().as_secs());
            }
            return Ok(answer);
        }
        Ok(Ok(_)) => {}
        // The host may be gone before it has answered, with or without an end of the connection.
        Err(_) => {}
        Ok(Err(e)) if e.unreachable => {}
        Ok(Err(e)) => return Err(e),
    }
    tokio::time::sleep(Duration::from_secs(number("post_reboot_delay", 0))).await;
    loop {
        let left = limit.saturating_sub(begin.elapsed().as_secs());
        let state = engine
            .wait_until_answering(step, connect, left, 1)
            .await
            .map_err(|e| timed_out(&begin, limit, BOOT_TIME, &e))?;
        let now = match args.get("boot_time_command").filter(|v| !v.is_none()) {
            Some(_) => boot_id(engine, step, args)
                .await
                .unwrap_or_else(|_| before.clone()),
            None => state.get("boot_id").map(|v| v.to_text()).unwrap_or_default(),
        };
        if now != before {
            break;
        }
        if begin.elapsed() >= Duration::from_secs(limit) {
            let reason = "the host has not been booted anew";
            return Err(timed_out(&begin, limit, BOOT_TIME, reason));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let test = args
        .get("test_command")
        .filter(|v| !v.is_none())
        .map_or_else(|| "whoami".to_owned(), |v| v.to_text());
    let booted = Instant::now();
    loop {
        let ask = Map::new();
        ask.insert("_raw_params", test.as_str());
        ask.insert("_uses_shell", true);
        let answer = engine
            .invoke(
                step,
                "ansible.builtin.command",
                &ask,
                Order {
                    check: Some(false),
                    ..Order::default()
                },
            )
            .await;
        if answer.is_ok_and(|a| a.get("rc") == Some(Value::Int(0))) {
            break;
        }
        if booted.elapsed() >= Duration::from_secs(limit) {
            return Err(timed_out(
                &begin,
                limit,
                "post-reboot test command",
                &format!("the test command `{test}` does not succeed"),
            ));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Drops the connection with the short time limits.
    engine.connections.reset(&route.endpoint.name).await;
    result.insert("changed", true);
    result.insert("elapsed", begin.elapsed().as_secs());
    result.insert("rebooted", true);
    Ok(result)
}

/// What is waited for first.
const BOOT_TIME: &str = "last boot time check";

fn timed_out(begin: &Instant, limit: u64, what: &str, reason: &str) -> TaskFailure {
    let map = Map::new();
    map.insert("rebooted", true);
    map.insert("elapsed", begin.elapsed().as_secs());
    TaskFailure {
        message: format!("Timed out waiting for {what} (timeout={limit}): {reason}"),
        values: Some(map),
        ..TaskFailure::default()
    }
}

/// What tells one boot from another: the kernel's boot id, or what the user's command prints.
async fn boot_id(engine: &Engine, step: &Step, args: &Map) -> Result<String, TaskFailure> {
    let order = || Order {
        check: Some(false),
        ..Order::default()
    };
    if let Some(command) = args.get("boot_time_command").filter(|v| !v.is_none()) {
        let ask = Map::new();
        ask.insert("_raw_params", command);
        ask.insert("_uses_shell", true);
        let answer = engine
            .invoke(step, "ansible.builtin.command", &ask, order())
            .await?;
        if answer.get("rc") != Some(Value::Int(0)) {
            return Err(TaskFailure::new("the boot_time_command does not succeed"));
        }
        return Ok(answer.get("stdout").map(|v| v.to_text()).unwrap_or_default());
    }
    let answer = engine.invoke(step, "kdo.boot_id", &Map::new(), order()).await?;
    Ok(answer.get("boot_id").map(|v| v.to_text()).unwrap_or_default())
}
