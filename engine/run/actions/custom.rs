//! Modules that are programs of the user's.

use crate::{
    actions::copy::inline,
    engine::Engine,
    failure::TaskFailure,
    foreign::described,
    library::{How, Program},
    step::Step,
};
use kdo_template::Variables;
use kdo_value::{Map, Value};
use std::{fs, path::Path};

/// Larger programs would not fit into one message to the agent.
const LIMIT: u64 = 48 << 20;

/// The agent's module that runs the program, and its arguments.
pub(crate) fn module(
    engine: &Engine,
    step: &Step,
    path: &Path,
    arguments: Map,
) -> Result<(String, Map), TaskFailure> {
    let failed = |e: std::io::Error| TaskFailure::new(format!("cannot read {}: {e}", path.display()));
    if fs::metadata(path).map_err(failed)?.len() > LIMIT {
        let limit = LIMIT >> 20;
        return Err(TaskFailure::new(format!(
            "the module {} is larger than {limit} MiB",
            path.display()
        )));
    }
    let content = fs::read(path).map_err(failed)?;
    let name = step.task.action.name.rsplit('.').next().unwrap_or_default();
    let program = Program::of(&content);
    let style = match program.how {
        How::Json => "json",
        How::Text => "text",
        How::Pairs => "pairs",
        How::Python | How::PowerShell => {
            let (name, scope) = (&step.task.action.name, &step.task.scope);
            let text = described(&program, name, path, &step.play.play, scope);
            return Err(TaskFailure::new(text));
        }
    };
    if !program.binary && program.interpreter.is_empty() {
        return Err(TaskFailure::early(format!(
            "module ({name}) is missing interpreter line"
        )));
    }
    let mut interpreter = program.interpreter.clone();
    if let Some(given) = given_interpreter(engine, step, &program)? {
        interpreter = vec![given];
    }
    let args = Map::new();
    inline(&args, &content);
    args.insert("name", name);
    args.insert("style", style);
    args.insert(
        "interpreter",
        Value::list(interpreter.into_iter().map(Value::from)),
    );
    args.insert("arguments", arguments);
    args.insert("secret", step.info.no_log);
    Ok(("kdo.custom".into(), args))
}

/// The interpreter that variables say; `auto` and the like leave it to the host.
fn given_interpreter(engine: &Engine, step: &Step, program: &Program) -> Result<Option<String>, TaskFailure> {
    let Some(language) = program.language() else {
        return Ok(None);
    };
    let named = |language: &str| step.vars.get(&format!("ansible_{language}_interpreter"));
    let raw = named(language)
        .or_else(|| named(language.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')));
    let Some(raw) = raw else { return Ok(None) };
    let text = engine.resolve(&step.vars, &raw)?.to_text();
    let text = text.trim();
    Ok((!text.is_empty() && !text.starts_with("auto")).then(|| text.to_owned()))
}
