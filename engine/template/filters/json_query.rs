//! The filter of JMESPath queries.

use crate::{Call, Callable, TemplateError, declare::callable, jmespath};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("community.general.json_query", json_query, "What a JMESPath query finds in the value.", ["json_query"];
        "{{ {'a': [{'n': 'x', 'v': 1}, {'n': 'y', 'v': 2}]} | community.general.json_query('a[?v > `1`].n') }}" => r#"["y"]"#,
        "{{ [{'n': 'x'}] | json_query('[*].n') }}" => r#"["x"]"#),
];

fn json_query(call: &Call<'_>) -> Result<Value, TemplateError> {
    let query = call.required(1, "expr")?.to_text();
    jmespath::search(&query, call.subject()?)
        .map_err(|e| TemplateError::new(format!("JMESPathError in json_query filter plugin:\n{e}")))
}
