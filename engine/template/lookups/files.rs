//! Lookups of files on the controller.

use super::options::{find, flag, read};
use crate::{Call, Callable, TemplateError, declare::callable, filters::glob, iterate::text};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.file", file, "The text of files on the controller.", [];
        "{{ lookup('file', '/dev/null') }}" => r#""""#),
    callable!("ansible.builtin.unvault", unvault, "The text of files on the controller, decrypted where they are encrypted.", [];
        "{{ lookup('unvault', '/dev/null') }}" => r#""""#),
    callable!("ansible.builtin.fileglob", fileglob, "Names of the files on the controller that match shell patterns.", [];
        "{{ query('fileglob', '/nosuch/*') }}" => "[]"),
    callable!("community.general.binary_file", binary_file, "Files on the controller in Base64.", ["binary_file"];
        "{{ lookup('community.general.binary_file', '/dev/null') }}" => r#""""#,
        "{{ query('community.general.binary_file', '/no/such', not_exist='empty') }}" => r#"[""]"#),
];

fn binary_file(call: &Call<'_>) -> Result<Value, TemplateError> {
    let missing = super::options::word(call, "not_exist")?.unwrap_or_else(|| "error".into());
    let mut out = Vec::new();
    for term in &call.args {
        let name = text(term)?;
        out.push(
            match (call.environment.search.find("files", &name), missing.as_str()) {
                (Some(path), _) => {
                    let bytes = std::fs::read(&path).map_err(|e| {
                        TemplateError::new(format!("Unable to access the file '{}': {e}", path.display()))
                    })?;
                    Value::str(crate::filters::base64(&bytes))
                }
                (None, "error") => {
                    return call.fail(format!(
                        "Could not locate file in community.general.binary_file lookup: {name}"
                    ));
                }
                (None, "empty") => Value::str(""),
                (None, _) => Value::str("empty"),
            },
        );
    }
    Ok(Value::list(out))
}

fn file(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let bytes = read(call, &find(call, "files", &text(term)?)?)?;
        let contents = String::from_utf8_lossy(&bytes);
        let mut shown: &str = &contents;
        if flag(call, "lstrip", false) {
            shown = shown.trim_start();
        }
        if flag(call, "rstrip", true) {
            shown = shown.trim_end();
        }
        out.push(Value::str(shown));
    }
    Ok(Value::list(out))
}

fn unvault(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let bytes = read(call, &find(call, "files", &text(term)?)?)?;
        out.push(Value::str(String::from_utf8_lossy(&bytes)));
    }
    Ok(Value::list(out))
}

fn fileglob(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in super::items::one_level(&call.args)? {
        let term = text(&term)?;
        let (folder, pattern) = term.rsplit_once('/').map_or(("", term.as_str()), |(f, p)| (f, p));
        // the first folder that exists is searched; a bare pattern is looked for in all
        let folders = if folder.is_empty() && !term.starts_with('/') {
            let bases = &call.environment.search.bases;
            bases.iter().flat_map(|b| [b.join("files"), b.clone()]).collect()
        } else {
            let folder = if folder.is_empty() { "/" } else { folder };
            call.environment
                .search
                .find("files", folder)
                .into_iter()
                .collect::<Vec<_>>()
        };
        for folder in folders {
            let found: Vec<_> = glob(&format!("{}/{pattern}", folder.display()))
                .into_iter()
                .filter(|p| p.is_file())
                .map(|p| Value::str(p.to_string_lossy().into_owned()))
                .collect();
            if !found.is_empty() {
                out.extend(found);
                break;
            }
        }
    }
    Ok(Value::list(out))
}
