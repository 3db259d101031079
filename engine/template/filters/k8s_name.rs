//! The filter that names Kubernetes configuration by its content.

use super::hashes::digest;
use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::{Value, json};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("kubernetes.core.k8s_config_resource_name", name, "The name of a ConfigMap or Secret with a hash of its content at the end.", ["k8s_config_resource_name"];
        "{{ {'kind': 'ConfigMap', 'metadata': {'name': 'n'}, 'data': {'a': 'b'}} | kubernetes.core.k8s_config_resource_name }}"
            => r#""n-dk78588646""#),
];

fn name(call: &Call<'_>) -> Result<Value, TemplateError> {
    let resource = call.subject()?;
    let Some(name) = resource.get("metadata").and_then(|m| m.get("name")) else {
        return call.fail("resource must have a metadata.name to generate a resource name");
    };
    let kind = resource.get("kind").map(|k| k.to_text()).unwrap_or_default();
    let mut keys = match kind.as_str() {
        "ConfigMap" => vec!["data", "kind", "name"],
        "Secret" => vec!["data", "kind", "name", "type"],
        _ => return call.fail("the resource must be a ConfigMap or a Secret"),
    };
    let extra = if kind == "ConfigMap" {
        "binaryData"
    } else {
        "stringData"
    };
    if resource.get(extra).is_some_and(|v| v.truthy()) {
        keys.push(extra);
        keys.sort_unstable();
    }
    let mut parts = Vec::new();
    for key in keys {
        let value = match key {
            "name" => Some(name.clone()),
            key => resource.get(key),
        };
        let value = value.unwrap_or_else(|| Value::str(""));
        let layout = json::Layout {
            item_separator: Some(",".into()),
            key_separator: ":".into(),
            sort_keys: true,
            ..json::Layout::default()
        };
        parts.push(format!("\"{key}\":{}", json::write(&value, &layout)?));
    }
    let text = format!("{{{}}}", parts.join(","));
    let hash: String = digest("sha256", text.as_bytes())
        .unwrap_or_default()
        .chars()
        .take(10)
        .map(|c| match c {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect();
    Ok(Value::str(format!("{}-{hash}", name.to_text())))
}
