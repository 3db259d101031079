//! What is said to a plugin's program, and what it may answer.

use super::program::Program;
use kdo_template::{PluginCall, PluginKind};
use kdo_value::{Map, Value, json};

/// A lookup may ask for further variables so often in one call.
const MAX_QUESTIONS: usize = 8;

/// Asks the program for the call's result. Errors name the file.
pub(super) fn exchange(program: &Program, call: &PluginCall<'_>) -> Result<Value, String> {
    let variables = Map::new();
    for _ in 0..=MAX_QUESTIONS {
        let answer = program.ask(&request(program, call, &variables)?)?;
        if let Some(message) = answer.get("error") {
            return Err(format!("{}: {}", program.shown(), message.to_text()));
        }
        if let Some(result) = answer.get("result") {
            return match (call.kind, result) {
                (PluginKind::Test, Value::Bool(yes)) => Ok(Value::Bool(yes)),
                (PluginKind::Test, other) => Err(format!(
                    "{}: the result of a test is true or false, not {}",
                    program.shown(),
                    other.type_name()
                )),
                (_, result) => Ok(result),
            };
        }
        let wanted = match answer.get("need") {
            Some(Value::List(names)) if call.kind == PluginKind::Lookup => names.to_vec(),
            _ => {
                return Err(format!(
                    "{}: the answer has neither `result` nor `error`",
                    program.shown()
                ));
            }
        };
        for name in wanted {
            let name = name.to_text();
            let value = (call.variable)(&name).map_err(|e| e.message)?;
            // What is not there is told as such, so that the program does not ask for it again.
            variables.insert(name, value.unwrap_or(Value::None));
        }
    }
    Err(format!(
        "{}: asks for variables more than {MAX_QUESTIONS} times",
        program.shown()
    ))
}

/// One line of JSON.
fn request(program: &Program, call: &PluginCall<'_>, variables: &Map) -> Result<String, String> {
    let request = Map::new();
    request.insert("plugin", call.name);
    request.insert("kind", call.kind.word());
    if call.kind == PluginKind::Lookup {
        request.insert("terms", Value::list(call.args.iter().cloned()));
        request.insert("variables", variables.clone());
    } else {
        let mut args = call.args.iter().cloned();
        request.insert("value", args.next().unwrap_or(Value::None));
        request.insert("args", Value::list(args));
    }
    let kwargs: Map = call.kwargs.iter().cloned().collect();
    request.insert("kwargs", kwargs);
    json::write(&Value::Map(request), &json::Layout::default())
        .map_err(|e| format!("{}: an argument cannot be written as JSON: {e}", program.shown()))
}
