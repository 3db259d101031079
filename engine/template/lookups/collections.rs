//! The lookup of collections' versions.

use super::options::word;
use crate::{Call, Callable, Check, TemplateError, declare::callable, filters::expand_user};
use kdo_value::{Value, json};
use std::path::Path;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.collection_version", collection_version, "The versions of installed collections; none for those that are not installed.", ["collection_version"];
        "{{ query('community.general.collection_version', 'no.such') }}" => "[null]",
        "{{ query('community.general.collection_version', 'no.such', result_not_found='?') }}" => r#"["?"]"#),
];

/// The version that the files of an installed collection tell.
fn version(folder: &Path) -> Option<Value> {
    let manifest = std::fs::read_to_string(folder.join("MANIFEST.json")).ok();
    if let Some(info) = manifest.and_then(|text| json::read(&text).ok()) {
        return info.get("collection_info")?.get("version");
    }
    let text = std::fs::read_to_string(folder.join("galaxy.yml")).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("version:"))?;
    Some(Value::str(line.trim().trim_matches(['"', '\''])))
}

fn collection_version(call: &Call<'_>) -> Result<Value, TemplateError> {
    let paths = std::env::var("ANSIBLE_COLLECTIONS_PATH")
        .unwrap_or_else(|_| "~/.ansible/collections:/usr/share/ansible/collections".into());
    let not_found = call.keyword("result_not_found").cloned().unwrap_or(Value::None);
    let unknown = word(call, "result_no_version")?.unwrap_or_else(|| "*".into());
    let mut out = Vec::new();
    for term in &call.args {
        let name = term.check()?.to_text();
        let Some((namespace, short)) = name
            .split_once('.')
            .filter(|(n, s)| !n.is_empty() && !s.contains('.'))
        else {
            return call.fail(format!("\"{name}\" is not a FQCN"));
        };
        if name == "ansible.builtin" {
            out.push(Value::str(unknown.as_str()));
            continue;
        }
        let folder = paths
            .split(':')
            .map(|p| {
                Path::new(&expand_user(p))
                    .join("ansible_collections")
                    .join(namespace)
                    .join(short)
            })
            .find(|f| f.is_dir());
        out.push(match folder {
            Some(folder) => version(&folder).unwrap_or_else(|| Value::str(unknown.as_str())),
            None => not_found.clone(),
        });
    }
    Ok(Value::list(out))
}
