//! `uri`: what is sent.

use super::{
    multipart,
    uri::{BodyFormat, Uri},
    url::{encode_form, masked},
};
use crate::{files::copy_bytes, params::Raw, prelude::*};
use kdo_value::json;
use std::path::Path;

/// A form of pairs: from a dict, or a list of pairs.
fn form(value: &Value) -> Result<String, Failure> {
    let bad = || {
        Failure::new("failed to parse body as form_urlencoded: a dict or a list of pairs is needed")
            .with("elapsed", 0_i64)
    };
    // Keys of any kind become texts, as in JSON.
    let value = &json::read(&json::line(value)).map_err(|_| bad())?;
    let mut pairs = Vec::new();
    let mut add = |key: &str, value: &Value| {
        let values = match (value.as_sequence(), value.as_map()) {
            (Some(values), _) => values,
            (None, Some(map)) => map
                .text_entries()
                .into_iter()
                .map(|(k, _)| Value::str(k))
                .collect(),
            _ => vec![value.clone()],
        };
        for value in values.iter().filter(|v| !v.is_none()) {
            pairs.push(format!("{}={}", encode_form(key), encode_form(&value.to_text())));
        }
    };
    match value {
        Value::Map(map) => map.text_entries().iter().for_each(|(k, v)| add(k, v)),
        _ => {
            for pair in value.as_sequence().ok_or_else(bad)? {
                match pair.as_sequence().as_deref() {
                    Some([key, value]) => add(&key.to_text(), value),
                    _ => return Err(bad()),
                }
            }
        }
    }
    Ok(pairs.join("&"))
}

impl Uri {
    /// What is sent, and its type.
    pub(super) fn body(&self, host: &mut Host<'_>) -> Result<(Option<Vec<u8>>, Option<String>), Failure> {
        if let Some(src) = &self.src {
            return Ok((Some(self.source(host, src)?), None));
        }
        let body = self.body.as_ref().map_or(&Value::None, |Raw(body)| body);
        let text = body.as_str().is_some() || matches!(body, Value::Bytes(_));
        let kind = |name: &str| Some(name.to_owned());
        Ok(match self.body_format {
            BodyFormat::Json => {
                let content = if text {
                    copy_bytes(body)
                } else {
                    json::line(body).into_bytes()
                };
                (Some(content), kind("application/json"))
            }
            BodyFormat::Form => {
                let content = match body {
                    Value::None => None,
                    _ if text => Some(copy_bytes(body)),
                    _ => Some(form(body)?.into_bytes()),
                };
                (content, kind("application/x-www-form-urlencoded"))
            }
            BodyFormat::Multipart => {
                let what = "failed to parse body as form-multipart";
                let fields = body
                    .as_map()
                    .ok_or_else(|| Failure::new(format!("{what}: Mapping is required")))?;
                let (content, kind) = multipart::write(host, fields)
                    .map_err(|f| Failure::new(format!("{what}: {}", f.message)))?;
                (Some(content), Some(kind))
            }
            BodyFormat::Raw if body.is_none() => (None, None),
            BodyFormat::Raw if text => (Some(copy_bytes(body)), None),
            BodyFormat::Raw => {
                let message = "body must be a text, unless body_format says how it is written";
                return Err(Failure::new(message)
                    .with("status", -1_i64)
                    .with("url", masked(&self.url))
                    .with("redirected", false)
                    .with("elapsed", 0_i64));
            }
        })
    }

    fn source(&self, host: &mut Host<'_>, src: &Path) -> Result<Vec<u8>, Failure> {
        match (&self._kdo_content, self._kdo_size) {
            (Some(Raw(content)), _) => Ok(copy_bytes(content)),
            (None, Some(_)) => {
                let mut content = Vec::new();
                let fetched = host.link().fetch("content", &mut content);
                fetched.map_err(|e| Failure::new(format!("could not get the source: {e}")))?;
                Ok(content)
            }
            (None, None) => host.read(src).map_err(|f| {
                let message = format!("Unable to open source file {}: {}", src.display(), f.message);
                Failure::new(message).with("elapsed", 0_i64)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::form;
    use kdo_value::json;

    #[test]
    fn forms_are_written_from_dicts_and_lists() {
        let f = |t: &str| form(&json::read(t).unwrap()).ok();
        assert_eq!(
            f(r#"{"a": "x y", "b": [1, 2], "c": null}"#).as_deref(),
            Some("a=x+y&b=1&b=2")
        );
        assert_eq!(f(r#"[["k", "&"]]"#).as_deref(), Some("k=%26"));
        assert_eq!(f(r#"["k"]"#), None);
        assert_eq!(f("7"), None);
    }
}
