//! The test of domain names.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.fqdn_valid", fqdn_valid, "Whether it is a well-formed domain name with at least `min_labels` labels.", ["fqdn_valid"];
        "{{ 'foo.com' is community.general.fqdn_valid }}" => "true",
        "{{ 'foo_bar.com' is community.general.fqdn_valid }}" => "false",
        "{{ '_a.foo.com' is community.general.fqdn_valid(allow_underscores=true) }}" => "true",
        "{{ 'foo.com' is community.general.fqdn_valid(3) }}" => "false"),
];

fn fqdn_valid(call: &Call<'_>) -> Result<Value, TemplateError> {
    let Some(name) = call.subject()?.as_str().filter(|n| !n.is_empty()) else {
        return call.fail("fqdn must be str");
    };
    let least = call.int(1, "min_labels", 1)?;
    let underscores = call.flag(2, "allow_underscores", false);
    let bare = name.strip_suffix('.').unwrap_or(name);
    let labels: Vec<&str> = bare.split('.').collect();
    let good = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || underscores && b == b'_')
    };
    Ok(Value::Bool(
        name.len() <= 253
            && i64::try_from(labels.len()).is_ok_and(|n| n >= least)
            && labels.into_iter().all(good),
    ))
}
