//! `wait_for_connection`: waits until the host answers.

use crate::{engine::Engine, failure::TaskFailure, invoke::Order, step::Step};
use kdo_value::Map;
use std::time::{Duration, Instant};

pub(crate) async fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let number = |name: &str, default: u64| args.get(name).and_then(|v| v.to_text().trim().parse().ok()).unwrap_or(default);
    let result = Map::new();
    result.insert("changed", false);
    if step.info.check {
        result.insert("skipped", true);
        return Ok(result);
    }
    let begin = Instant::now();
    tokio::time::sleep(Duration::from_secs(number("delay", 0))).await;
    engine.wait_until_answering(step, number("connect_timeout", 5), number("timeout", 600), number("sleep", 1)).await.map_err(|e| {
        TaskFailure::new(format!("timed out waiting for ping module test: {e}"))
    })?;
    result.insert("elapsed", begin.elapsed().as_secs());
    Ok(result)
}

impl Engine {
    /// Tries new connections until the agent answers on one; gives the last error when the time is up.
    pub(crate) async fn wait_until_answering(&self, step: &Step, connect: u64, limit: u64, sleep: u64) -> Result<Map, String> {
        let begin = Instant::now();
        let mut last;
        let mut route = step.route.clone().ok_or("the task has no connection")?;
        route.endpoint.connect_timeout = Duration::from_secs(connect.max(1));
        route.endpoint.retries = 0;
        loop {
            self.connections.reset(&route.endpoint.name).await;
            let probe = self.invoke_over(step, &route, "kdo.boot_id", &Map::new(), Order { check: Some(false), ..Order::default() });
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
