//! `pause`: waits for a time or for the user.

use crate::actions::About;
use crate::{
    engine::Engine,
    failure::TaskFailure,
    keys::{Keys, Pressed},
    step::Step,
};
use kdo_event::Event;
use kdo_modules::{
    Meta, Return, Support,
    params::{Fixed, Kind, Param, Spec, convert},
};
use kdo_value::{Map, Value};
use std::time::{Duration, Instant};

const INTERRUPT: &str = "(ctrl+C then 'C' = continue early, ctrl+C then 'A' = abort)";

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

pub(crate) async fn run(engine: &Engine, step: &Step, args: &Map) -> Result<Map, TaskFailure> {
    // Whole numbers, as Ansible takes them: half a minute is none.
    let number = |name: &str| -> Result<Option<i64>, TaskFailure> {
        let Some(v) = args.get(name).filter(|v| !v.is_none()) else {
            return Ok(None);
        };
        let whole = match &v {
            Value::Float(f) => Some(*f as i64),
            v => v.as_int().or_else(|| v.to_text().trim().parse().ok()),
        };
        whole.map(Some).ok_or_else(|| {
            TaskFailure::new(format!(
                "argument '{name}' is of type {} and we were unable to convert to int: invalid literal for int() with base 10: {}",
                v.type_name(),
                v.repr()
            ))
        })
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
    let echo = match args.get("echo").filter(|v| !v.is_none()) {
        None => true,
        Some(v) => convert(&v, Kind::Bool).map(|b| b.truthy()).map_err(|why| {
            TaskFailure::new(format!(
                "argument 'echo' is of type {} and we were unable to convert to bool: {why}",
                v.type_name()
            ))
        })?,
    };
    let prompt = args.get("prompt").filter(|v| v.truthy()).map(|v| v.to_text());
    let hidden = if echo { "" } else { " (output is hidden)" };
    let name = step.info.full_name();
    let question = prompt.map(|p| format!("[{name}]\n{p}{hidden}:"));
    let (begin, start) = (Instant::now(), jiff::Zoned::now());
    let wait = seconds.or(minutes.map(|m| m.saturating_mul(60)));
    let wait = wait.map(|s| s.max(1).unsigned_abs());
    let mut input = String::new();
    let result = Map::new();
    let keys = match wait {
        Some(wait) => {
            let mut text = format!("Pausing for {wait} seconds{hidden}");
            if question.is_some() {
                text = format!("{text}\n{INTERRUPT}");
            }
            engine.tell(&Event::Verbose {
                level: 0,
                host: None,
                text,
            });
            Keys {
                text: question.unwrap_or_else(|| format!("{INTERRUPT}\n")),
                shown: false,
                seconds: Some(wait),
                complete: b"",
                interrupt: b"",
            }
        }
        None => {
            let default = || format!("[{name}]\nPress enter to continue, Ctrl+C to interrupt{hidden}:");
            Keys {
                text: question.unwrap_or_else(default),
                shown: echo,
                seconds: None,
                complete: b"\r\n",
                interrupt: b"",
            }
        }
    };
    match (press(engine, keys).await, wait) {
        (Pressed::Input(typed), _) => input = typed,
        (Pressed::Interrupted, _) => {
            let keys = Keys {
                text: "\nPress 'C' to continue the play or 'A' to abort \n".to_owned(),
                shown: false,
                seconds: None,
                complete: b"c",
                interrupt: b"a\x03",
            };
            if press(engine, keys).await != Pressed::Input(String::new()) {
                return Err(TaskFailure::new("user requested abort!"));
            }
        }
        (Pressed::TimeOver, _) => {}
        (Pressed::Nobody, Some(wait)) => {
            let wait = Duration::from_secs(wait);
            tokio::time::sleep(wait.saturating_sub(begin.elapsed())).await;
        }
        (Pressed::Nobody, None) => {
            let warning = "Not waiting for response to prompt as stdin is not interactive";
            result.insert("warnings", Value::list([Value::str(warning)]));
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

/// Waits for keys while other tasks go on.
async fn press(engine: &Engine, keys: Keys) -> Pressed {
    let Some(wait) = engine.options.keys.filter(|_| engine.options.interactive) else {
        return Pressed::Nobody;
    };
    engine.rest(true);
    let pressed = tokio::task::spawn_blocking(move || wait(&keys)).await;
    engine.rest(false);
    pressed.unwrap_or(Pressed::Nobody)
}
