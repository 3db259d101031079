//! `wait_for_connection`: waits until the host answers.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::Map;
use std::time::{Duration, Instant};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.wait_for_connection",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[Return {
            name: "elapsed",
            doc: "Seconds that it took.",
        }],
        examples: &[],
    },
    spec: &Spec::new(
        "Wait until hosts can be reached",
        &[
            Param::new("connect_timeout", Kind::Int, "Seconds for each try.").default(Fixed::Int(5)),
            Param::new("delay", Kind::Int, "Seconds before the first try.").default(Fixed::Int(0)),
            Param::new("sleep", Kind::Int, "Seconds between tries.").default(Fixed::Int(1)),
            Param::new("timeout", Kind::Int, "Seconds until it fails.").default(Fixed::Int(600)),
        ],
    ),
};

pub(crate) async fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let number = |name: &str, default: u64| {
        args.get(name)
            .and_then(|v| v.to_text().trim().parse().ok())
            .unwrap_or(default)
    };
    let result = Map::new();
    result.insert("changed", false);
    if step.info.check {
        result.insert("skipped", true);
        return Ok(result);
    }
    let begin = Instant::now();
    tokio::time::sleep(Duration::from_secs(number("delay", 0))).await;
    engine
        .wait_until_answering(
            step,
            number("connect_timeout", 5),
            number("timeout", 600),
            number("sleep", 1),
        )
        .await
        .map_err(|e| TaskFailure::new(format!("timed out waiting for ping module test: {e}")))?;
    result.insert("elapsed", begin.elapsed().as_secs());
    Ok(result)
}

impl Engine {
    /// Tries new connections until the agent answers on one; gives the last error when the time is up.
    pub(crate) async fn wait_until_answering(
        &self,
        step: &Step,
        connect: u64,
        limit: u64,
        sleep: u64,
    ) -> Result<Map, String> {
        let begin = Instant::now();
        let mut last;
        let mut route = step.route.clone().ok_or("the task has no connection")?;
        route.endpoint.connect_timeout = Duration::from_secs(connect.max(1));
        route.endpoint.retries = 0;
        loop {
            self.connections.reset(&route.endpoint.name).await;
            let nothing = Map::new();
            let probe = self.invoke_over(
                step,
                &route,
                "kdo.boot_id",
                &nothing,
                Order {
                    check: Some(false),
                    ..Order::default()
                },
            );
            match tokio::time::timeout(Duration::from_secs(connect.max(1) + 10), probe).await {
                Ok(Ok(answer)) => {
                    // The probe's connection has its own time limits; tasks make theirs.
                    return Ok(answer);
                }
                Ok(Err(e)) => last = e.message,
                Err(_) => last = "no answer".to_owned(),
            }
            if begin.elapsed() >= Duration::from_secs(limit) {
                return Err(last);
            }
            tokio::time::sleep(Duration::from_secs(sleep.max(1))).await;
        }
    }
}
