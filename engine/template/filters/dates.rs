//! Filters on times.

use super::conversion::read_float;
use crate::{Call, Callable, TemplateError, declare::callable, iterate::text, moment::Moment, strftime};
use jiff::{Timestamp, Zoned, tz::TimeZone};
use kdo_value::Value;
use std::rc::Rc;

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.strftime", format, "A time, by default now, in the given format; `second` counts from 1970.", [];
        "{{ '%Y-%m-%d' | strftime(86400, utc=true) }}" => r#""1970-01-02""#,
        "{{ '%H:%M:%S' | strftime(1441357287, utc=true) }}" => r#""09:01:27""#),
    callable!("ansible.builtin.to_datetime", to_datetime, "The time that a text in the given format means.", [];
        "{{ ('2020-01-02 03:04:05' | to_datetime).year }}" => "2020",
        "{{ '02/01/2020' | to_datetime('%d/%m/%Y') | string }}" => r#""2020-01-02 00:00:00""#,
        "{{ (('2020-01-03 03:04:06' | to_datetime) - ('2020-01-02 03:04:05' | to_datetime)).total_seconds() }}" => "86401.0"),
];

fn format(call: &Call<'_>) -> Result<Value, TemplateError> {
    let format = text(call.subject()?)?;
    let mut time = match call.get(1, "second") {
        None | Some(Value::None) => Zoned::now(),
        Some(second) => {
            let number = match second {
                Value::Str(s) => read_float(s),
                v => v.as_float(),
            };
            let bad = || TemplateError::new(format!("Invalid value for epoch value ({})", second.to_text()));
            let number = number.filter(|n| n.abs() < 1.0e12).ok_or_else(bad)?;
            Timestamp::from_second(number.floor() as i64)
                .map_err(|_| bad())?
                .to_zoned(TimeZone::system())
        }
    };
    if call.flag(2, "utc", false) {
        time = time.with_time_zone(TimeZone::UTC);
    }
    Ok(Value::str(strftime::format(&time, &format)))
}

fn to_datetime(call: &Call<'_>) -> Result<Value, TemplateError> {
    let value = call.subject()?;
    let Some(text) = value.as_str() else {
        return call.fail(format!(
            "strptime() argument 1 must be str, not {}",
            value.type_name()
        ));
    };
    let time = strftime::parse(text, &call.text(1, "format", "%Y-%m-%d %H:%M:%S")?)?;
    Ok(Value::Object(Rc::new(Moment(time))))
}
