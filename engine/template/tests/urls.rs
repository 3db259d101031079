//! Tests of URIs.

use crate::{Call, Callable, TemplateError, declare::callable, filters::Url, iterate::iterate};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.uri", |c| test(c, "uri"), "Whether it is a URI, with one of the given schemes if any.", [];
        "{{ 'mailto:x@y' is uri }}" => "true", "{{ 5 is uri }}" => "false"),
    callable!("ansible.builtin.url", |c| test(c, "url"), "Whether it is a URI with a host.", [];
        "{{ 'http://a.b/c' is url }}" => "true", "{{ 'mailto:x' is url }}" => "false",
        "{{ 'http://a.b/c' is url(['ftp']) }}" => "false"),
    callable!("ansible.builtin.urn", |c| test(c, "urn"), "Whether it is a name of the `urn` scheme.", [];
        "{{ 'urn:isbn:1' is urn }}" => "true", "{{ 'http://x' is urn }}" => "false"),
];

fn test(call: &Call<'_>, kind: &str) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return Ok(Value::Bool(false));
    };
    let url = Url::read(text);
    let schemes = match call.get(1, "schemes") {
        Some(s) if kind != "urn" && !s.is_none() => iterate(s)?,
        _ => Vec::new(),
    };
    let known = schemes.is_empty() || schemes.iter().any(|s| s.as_str() == Some(&url.scheme));
    Ok(Value::Bool(match kind {
        "urn" => url.scheme == "urn",
        "url" => !url.netloc.is_empty() && known,
        // Any text can be read as a URI.
        _ => known,
    }))
}
