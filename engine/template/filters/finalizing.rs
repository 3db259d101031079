//! Filters of ansible-core's own namespace.

use crate::{Call, Callable, TemplateError, declare::callable};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible._protomatter.finalize", finalize, "The value as it is at the end of a template: without anything lazy.", [];
        "{{ [1] | ansible._protomatter.finalize }}" => "[1]"),
];

fn finalize(call: &Call<'_>) -> Result<Value, TemplateError> {
    call.engine.resolve(call.subject()?)
}
