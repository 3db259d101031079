//! Tests with regular expressions.

use crate::{
    Call, Callable, Check, TemplateError,
    declare::callable,
    pyregex::{Anchor, Flags, compile},
};
use kdo_value::Value;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.match", |c| test(c, Some(Anchor::Start)), "Whether a Python pattern matches at the start of the text.", [];
        "{{ 'abc' is match('a') }}" => "true", "{{ 'abc' is match('b') }}" => "false", "{{ 5 is match('5') }}" => "true"),
    callable!("ansible.builtin.search", |c| test(c, Some(Anchor::Search)), "Whether a Python pattern matches anywhere in the text.", [];
        "{{ 'abc' is search('b') }}" => "true", "{{ 'ABC' is search('b', ignorecase=true) }}" => "true"),
    callable!("ansible.builtin.regex", |c| test(c, None), "Whether a Python pattern matches; `match_type` says where.", [];
        "{{ 'abc' is regex('b') }}" => "true", "{{ 'abc' is regex('b', match_type='fullmatch') }}" => "false"),
];

fn test(call: &Call<'_>, anchor: Option<Anchor>) -> Result<Value, TemplateError> {
    let text = call.subject()?.to_text();
    let pattern = match call.get(1, "pattern") {
        None => "",
        Some(p) => match p.check()?.as_str() {
            Some(p) => p,
            None => return call.fail("first argument must be string or compiled pattern"),
        },
    };
    let flags = Flags {
        ignorecase: call.flag(2, "ignorecase", false),
        multiline: call.flag(3, "multiline", false),
    };
    let anchor = match anchor {
        Some(anchor) => anchor,
        None => match call.text(4, "match_type", "search")?.as_str() {
            "search" => Anchor::Search,
            "match" => Anchor::Start,
            "fullmatch" => Anchor::Full,
            other => return call.fail(format!("Invalid match_type specified: {other}")),
        },
    };
    Ok(Value::Bool(
        compile(pattern, flags, anchor)?.find(&text)?.is_some(),
    ))
}
