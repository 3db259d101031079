//! Recorded results of PyYAML 6.0.3 with libyaml (`CSafeLoader`, `CSafeDumper`).
#![allow(clippy::unwrap_used, clippy::expect_used)]

use kdo_syntax::{EmitOptions, LoadOptions, SourceMap, YamlDate, emit_yaml, load_text};
use kdo_value::{Value, json};
use std::path::Path;

/// A value in the notation of `yaml_vectors.json`.
fn noted(value: &Value) -> Value {
    let one =
        |key: &str, text: String| -> Value { [(key, text)].into_iter().collect::<kdo_value::Map>().into() };
    match value {
        Value::Int(n) => one("__int__", n.to_string()),
        Value::Big(n) => one("__int__", n.to_string()),
        Value::Float(f) if f.is_finite() => one("__float__", hex(*f)),
        Value::Float(f) => one("__float__", kdo_value::float_repr(*f)),
        Value::Bytes(b) => one("__bin__", b.iter().map(|b| format!("{b:02x}")).collect()),
        Value::Vault(v) => {
            let map = kdo_value::Map::new();
            map.insert("__tag__", "!vault");
            map.insert("v", v.ciphertext.as_str());
            map.into()
        }
        Value::Object(o) if o.as_any().is::<YamlDate>() => one("__ts__", o.to_text()),
        Value::List(l) => Value::list(l.items().iter().map(noted)),
        Value::Tuple(t) => Value::list(t.iter().map(noted)),
        Value::Map(m) => {
            let map = kdo_value::Map::new();
            m.for_each(|k, v| {
                let key = match k {
                    Value::Str(s) => s.as_str().to_owned(),
                    other => format!("__{}__{}", other.type_name(), json::line(&noted(other))),
                };
                map.insert(key, noted(v));
            });
            map.into()
        }
        other => other.clone(),
    }
}

/// `float.hex()` of a finite number.
fn hex(f: f64) -> String {
    let bits = f.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let sign = if f.is_sign_negative() { "-" } else { "" };
    let digits = bits & 0xf_ffff_ffff_ffff;
    match exponent {
        -1023 if digits == 0 => format!("{sign}0x0.0p+0"),
        -1023 => format!("{sign}0x0.{digits:013x}p-1022"),
        _ => format!("{sign}0x1.{digits:013x}p{exponent:+}"),
    }
}

/// Whether the text holds what is noted, or is refused when nothing is.
fn reads_as(text: &str, wanted: Option<&Value>) -> Result<(), String> {
    let got = load_text(&SourceMap::new(), Path::new("v.yml"), text, LoadOptions::TRUSTED);
    let got = got.map(|d| json::line(&Value::list(d.values.iter().map(noted))));
    match (wanted, got) {
        (None, Err(_)) => Ok(()),
        (Some(want), Ok(got)) if got == json::line(want) => Ok(()),
        (want, got) => Err(format!(
            "  want {}\n  got  {}",
            want.map_or("an error".to_owned(), json::line),
            match got {
                Ok(line) => line,
                Err(e) => format!("error: {e}"),
            }
        )),
    }
}

#[test]
fn documents_are_read_as_pyyaml_reads_them() {
    let path = std::env::var("KDO_YAML_VECTORS");
    let text = path.map_or(include_str!("yaml_vectors.json").to_owned(), |p| {
        std::fs::read_to_string(p).unwrap()
    });
    let vectors = json::read(&text).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for vector in vectors.as_sequence().unwrap() {
        let yaml = vector.get("yaml").unwrap().to_text();
        count += 1;
        if let Err(why) = reads_as(&yaml, vector.get("pyyaml").as_ref()) {
            let name = vector.get("path").map_or(format!("{yaml:?}"), |p| p.to_text());
            wrong.push(format!("{name}\n{why}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 43);
}

/// Documents of `tests/properties/yaml.json` that are read differently on purpose, with the reason.
const DIFFERENT: &[(i64, &str)] = &[(924, MERGES_ITSELF), (1192, MERGES_ITSELF)];

const MERGES_ITSELF: &str = "a mapping that merges itself is refused like any other value inside itself";

/// `KDO_YAML_PROPERTIES` names another file in the form of `tests/properties/yaml.json`.
#[test]
fn generated_documents_are_read_as_ansible_reads_them() {
    let path = std::env::var("KDO_YAML_PROPERTIES");
    let recorded = path.is_err();
    let path =
        path.unwrap_or_else(|_| format!("{}/../../tests/properties/yaml.json", env!("CARGO_MANIFEST_DIR")));
    let file = json::read(&std::fs::read_to_string(path).unwrap()).unwrap();
    let vectors = file.get("vectors").unwrap().as_sequence().unwrap();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let id = vector.get("id").unwrap().as_int().unwrap();
        let yaml = vector.get("yaml").unwrap().to_text();
        let on_purpose = recorded && DIFFERENT.iter().any(|(known, _)| *known == id);
        if let (Err(why), false) = (reads_as(&yaml, vector.get("pyyaml").as_ref()), on_purpose) {
            wrong.push(format!("{id} {yaml:?}\n{why}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        vectors.len(),
        wrong.join("\n")
    );
    assert!(!recorded || vectors.len() >= 800);
}

fn options(given: &Value) -> EmitOptions {
    let mut o = EmitOptions::default();
    for (key, value) in given.as_map().unwrap().text_entries() {
        match key.as_str() {
            "indent" => o.indent = value.as_int().map(|n| i32::try_from(n).unwrap()),
            "width" => o.width = value.as_int().map(|n| i32::try_from(n).unwrap()),
            "sort_keys" => o.sort_keys = value.truthy(),
            "default_flow_style" => o.default_flow_style = value.as_bool(),
            "default_style" => o.default_style = value.as_str().and_then(|s| s.chars().next()),
            "allow_unicode" => o.allow_unicode = value.truthy(),
            "explicit_start" => o.explicit_start = value.truthy(),
            "explicit_end" => o.explicit_end = value.truthy(),
            other => panic!("{other}"),
        }
    }
    o
}

#[test]
fn values_are_written_as_pyyaml_writes_them() {
    let path = std::env::var("KDO_EMIT_VECTORS");
    let text = path.map_or(include_str!("emit_vectors.json").to_owned(), |p| {
        std::fs::read_to_string(p).unwrap()
    });
    let vectors = json::read(&text).unwrap().as_sequence().unwrap();
    let mut wrong = Vec::new();
    for vector in &vectors {
        let given = vector.get("options").unwrap();
        let got = emit_yaml(&vector.get("value").unwrap(), &options(&given));
        let want = vector.get("yaml").unwrap().to_text();
        if got != want {
            let value = json::line(&vector.get("value").unwrap());
            wrong.push(format!(
                "{}\n{value}\n  want {want:?}\n  got  {got:?}",
                json::line(&given)
            ));
        }
    }
    let shown = wrong.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} of {}:\n{shown}", wrong.len(), vectors.len());
}

#[test]
fn what_was_written_is_read_back_equal() {
    let vectors = json::read(include_str!("emit_vectors.json"))
        .unwrap()
        .as_sequence()
        .unwrap();
    for vector in &vectors {
        let value = vector.get("value").unwrap();
        let yaml = vector.get("yaml").unwrap().to_text();
        if yaml.contains('\u{feff}') {
            continue;
        }
        let got = load_text(&SourceMap::new(), Path::new("v.yml"), &yaml, LoadOptions::PLAIN);
        let got = got.unwrap_or_else(|d| panic!("{yaml:?}: {d}")).single().unwrap();
        assert!(got.py_eq(&value), "{yaml:?}: {got:?}");
    }
}
