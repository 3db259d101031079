//! Tests of URIs.

use crate::{Call, Callable, Check, TemplateError, declare::callable, filters::Url, iterate::iterate};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.uri", |c| test(c, "uri"), "Whether it is a URI, with one of the given schemes if any.", [];
        "{{ 'mailto:x@y' is uri }}" => "true", "{{ 5 is uri }}" => "false",
        "{{ none is uri }}" => "true"),
    callable!("ansible.builtin.url", |c| test(c, "url"), "Whether it is a URI with a host.", [];
        "{{ 'http://a.b/c' is url }}" => "true", "{{ 'mailto:x' is url }}" => "false",
        "{{ 'http://a.b/c' is url(['ftp']) }}" => "false"),
    callable!("ansible.builtin.urn", |c| test(c, "urn"), "Whether it is a name of the `urn` scheme.", [];
        "{{ 'urn:isbn:1' is urn }}" => "true", "{{ 'http://x' is urn }}" => "false"),
];

fn test(call: &Call<'_>, kind: &str) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    // what is empty has no parts, but can be read
    let empty = matches!(value, Value::None | Value::Bool(false) | Value::Int(0)) || !value.truthy();
    let url = match value.as_str() {
        Some(text) => Url::read(text),
        None if empty => Url::read(""),
        None => return Ok(Value::Bool(false)),
    };
    let schemes = call.get(1, "schemes").filter(|s| kind != "urn" && s.truthy());
    let known = match schemes {
        None => true,
        Some(s) if kind == "url" && url.netloc.is_empty() => {
            s.check()?;
            false
        }
        Some(Value::Str(s)) => s.contains(url.scheme.as_str()),
        Some(s) => iterate(s)?.iter().any(|s| s.as_str() == Some(&url.scheme)),
    };
    Ok(Value::Bool(match kind {
        "urn" => url.scheme == "urn",
        "url" => !url.netloc.is_empty() && known,
        // Any text can be read as a URI.
        _ => known,
    }))
}
