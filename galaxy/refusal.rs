//! Why a server refuses, in its own words.

use kdo_value::Value;

/// The message in an answer of Galaxy (v3: `errors`, v1: `default`, `detail`) or of a registry.
pub(crate) fn said(value: &Value) -> Option<String> {
    let one = |v: &Value| {
        let of = |key: &str| {
            v.get(key)
                .and_then(|t| t.as_str().map(str::to_owned))
                .filter(|t| !t.is_empty())
        };
        of("detail")
            .or_else(|| of("message"))
            .or_else(|| of("title"))
            .or_else(|| of("default"))
    };
    let listed = value.get("errors").and_then(|e| e.as_sequence());
    let text = listed
        .and_then(|l| one(l.first()?))
        .or_else(|| one(value))
        .or_else(|| wrong_field(value))?;
    Some(
        text.chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(500)
            .collect(),
    )
}

/// What pulp says of the first field that is wrong: `{"version": ["…"]}`, and of several at once `non_field_errors`.
fn wrong_field(value: &Value) -> Option<String> {
    let (field, told) = value.as_map()?.first()?;
    let told = told.as_sequence()?.first()?.as_str()?.to_owned();
    Some(match field.to_text().as_str() {
        "non_field_errors" => told,
        field => format!("{field}: {told}"),
    })
}
