//! Lookups that run commands on the controller.

use crate::{Call, Callable, TemplateError, declare::callable, filters::split_lines, iterate::text};
use kdo_value::Value;
use std::process::{Command, Stdio};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.pipe", pipe, "What a shell command on the controller writes.", [];
        "{{ lookup('pipe', 'echo hi; echo there') }}" => r#""hi\nthere""#),
    callable!("ansible.builtin.lines", lines, "The lines that a shell command on the controller writes.", [];
        "{{ query('lines', 'echo a; echo b') }}" => r#"["a", "b"]"#),
];

fn run(call: &Call<'_>, command: &str) -> Result<String, TemplateError> {
    let mut process = Command::new("/bin/sh");
    process
        .arg("-c")
        .arg(command)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit());
    // commands run in the playbook's folder, the farthest base
    if let Some(base) = call.environment.search.bases.last().filter(|b| b.is_dir()) {
        process.current_dir(base);
    }
    match process.stdout(Stdio::piped()).output() {
        Ok(done) if done.status.success() => Ok(String::from_utf8_lossy(&done.stdout).into_owned()),
        Ok(done) => {
            use std::os::unix::process::ExitStatusExt;
            let code = done
                .status
                .code()
                .or_else(|| done.status.signal().map(|s| -s))
                .unwrap_or(-1);
            call.fail(format!("lookup_plugin.{}({command}) returned {code}", call.name))
        }
        Err(e) => call.fail(format!(
            "lookup_plugin.{}({command}) raised an error: {e}",
            call.name
        )),
    }
}

fn pipe(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        out.push(Value::str(run(call, &text(term)?)?.trim_end()));
    }
    Ok(Value::list(out))
}

fn lines(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let output = run(call, &text(term)?)?;
        out.extend(split_lines(&output).into_iter().map(Value::str));
    }
    Ok(Value::list(out))
}
