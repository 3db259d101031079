//! `pause`: waits for a time or for the user.

use crate::actions::About;
use crate::{engine::Engine, failure::TaskFailure, step::Step};
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec},
};
use kdo_value::{Map, Value};
use std::time::{Duration, Instant};

/// What is said of it.
pub(crate) const ABOUT: About = About {
    meta: &Meta {
        name: "ansible.builtin.pause",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "user_input",
                doc: "What the user typed.",
            },
            Return {
                name: "start",
                doc: "When it began.",
            },
            Return {
                name: "stop",
                doc: "When it ended.",
            },
            Return {
                name: "delta",
                doc: "How long it took, in seconds.",
            },
            Return {
                name: "stdout",
                doc: "The same in words.",
            },
            Return {
                name: "echo",
                doc: "Whether typing was shown.",
            },
        ],
        examples: &[],
    },
    spec: &Spec {
        exclusive: &[&["minutes", "seconds"]],
        ..Spec::new(
            "Wait for a time, or for the user",
            &[
                Param::new("minutes", Kind::Str, "How long, in minutes."),
                Param::new("seconds", Kind::Str, "How long, in seconds."),
                Param::new("prompt", Kind::Str, "What the user is asked."),
                Param::new("echo", Kind::Bool, "Show what the user types.").default(Fixed::Bool(true)),
            ],
        )
    },
};

pub(crate) async fn run(engine: &Engine, _step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    let number = |name: &str| -> Result<Option<f64>, TaskFailure> {
        match args.get(name).filter(|v| !v.is_none()) {
            None => Ok(None),
            Some(v) => v.to_text().trim().parse().map(Some).map_err(|_| {
                TaskFailure::new(format!(
                    "argument '{name}' is of type {} and we were unable to convert to int: invalid literal for int() with base 10: {}",
                    v.type_name(),
                    v.repr()
                ))
            }),
        }
    };
    let known = |name: &str| ABOUT.spec.find(name).is_some();
    if let Some((name, _)) = args.text_entries().into_iter().find(|(name, _)| !known(name)) {
        return Err(TaskFailure::new(format!(
            "Unsupported parameters for (pause) module: {name}. Supported parameters include: echo, minutes, prompt, seconds."
        )));
    }
    let (minutes, seconds) = (number("minutes")?, number("seconds")?);
    if minutes.is_some() && seconds.is_some() {
        return Err(TaskFailure::new(
            "parameters are mutually exclusive: minutes|seconds",
        ));
    }
    let echo = args.get("echo").is_none_or(|v| v.truthy());
    let prompt = args.get("prompt").filter(|v| !v.is_none()).map(|v| v.to_text());
    let (begin, start) = (Instant::now(), jiff::Zoned::now());
    let wait = seconds.or(minutes.map(|m| m * 60.0)).map(|s| s.max(1.0));
    let mut input = String::new();
    let result = Map::new();
    match wait {
        Some(seconds) => {
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        }
        None => {
            let text = prompt
                .clone()
                .unwrap_or_else(|| "Press enter to continue, Ctrl+C to interrupt".into());
            match engine.options.ask.as_ref().filter(|_| engine.options.interactive) {
                Some(ask) => input = ask(&format!("[pause]\n{text}:"), !echo).unwrap_or_default(),
                None => {
                    let warning = "Not waiting for response to prompt as stdin is not interactive";
                    result.insert("warnings", Value::list([Value::str(warning)]));
                }
            }
        }
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let (shown, unit) = if seconds.is_some() {
        (elapsed, "seconds")
    } else {
        (elapsed / 60.0, "minutes")
    };
    result.insert("changed", false);
    result.insert("rc", 0_i64);
    result.insert("stderr", "");
    result.insert(
        "stdout",
        format!(
            "Paused for {} {unit}",
            kdo_value::float_repr((shown * 100.0).round() / 100.0)
        ),
    );
    let stamp = |at: jiff::Zoned| at.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string();
    result.insert("start", stamp(start));
    result.insert("stop", stamp(jiff::Zoned::now()));
    result.insert("delta", elapsed as i64);
    result.insert("echo", echo);
    result.insert("user_input", input);
    Ok(result)
}
