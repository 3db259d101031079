//! Dates: what `now()` gives.

use crate::{evaluator::Result, strftime};
use jiff::{Zoned, civil::DateTime, tz::TimeZone};
use kdo_value::{Object, Value, number::Operator};
use std::{any::Any, rc::Rc};

/// Python's `datetime` without a time zone.
pub(crate) struct Moment(pub(crate) DateTime);

/// Python's `timedelta`, in microseconds.
pub(crate) struct Difference(pub(crate) i64);

/// `now(utc=False, fmt=None)`.
pub(crate) fn now(args: &[Value], kwargs: &[(String, Value)]) -> Result<Value> {
    let given = |index: usize, name: &str| {
        args.get(index)
            .or_else(|| kwargs.iter().find(|(k, _)| k == name).map(|(_, v)| v))
    };
    let mut now = Zoned::now();
    if given(0, "utc").is_some_and(Value::truthy) {
        now = now.with_time_zone(TimeZone::UTC);
    }
    match given(1, "fmt").filter(|v| !v.is_none()) {
        Some(format) => {
            // A datetime's own formatting knows microseconds, the C library's does not.
            let micros = format!("{:06}", now.subsec_nanosecond() / 1000);
            let parts: Vec<String> = format
                .to_text()
                .split("%%")
                .map(|p| p.replace("%f", &micros))
                .collect();
            Ok(Value::str(strftime::format(&now, &parts.join("%%"))))
        }
        None => Ok(Value::Object(Rc::new(Moment(now.datetime())))),
    }
}

fn isoformat(time: DateTime, separator: &str) -> String {
    let micros = time.subsec_nanosecond() / 1000;
    let fraction = if micros == 0 {
        String::new()
    } else {
        format!(".{micros:06}")
    };
    format!(
        "{:04}-{:02}-{:02}{separator}{:02}:{:02}:{:02}{fraction}",
        time.year(),
        time.month(),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

impl Object for Moment {
    fn type_name(&self) -> &str {
        "datetime"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let t = self.0;
        Some(Value::Int(match key.as_str()? {
            "year" => t.year().into(),
            "month" => t.month().into(),
            "day" => t.day().into(),
            "hour" => t.hour().into(),
            "minute" => t.minute().into(),
            "second" => t.second().into(),
            "microsecond" => (t.subsec_nanosecond() / 1000).into(),
            _ => return None,
        }))
    }

    fn call_method(
        &self,
        name: &str,
        args: &[Value],
        _: &[(String, Value)],
    ) -> Option<std::result::Result<Value, String>> {
        let t = self.0;
        Some(Ok(match name {
            "strftime" | "__format__" => {
                let format = args.first().map_or_else(String::new, Value::to_text);
                return Some(match t.to_zoned(TimeZone::UTC) {
                    Ok(z) => Ok(Value::str(strftime::format(&z, &format))),
                    Err(e) => Err(e.to_string()),
                });
            }
            "isoformat" => Value::str(isoformat(
                t,
                &args.first().map_or_else(|| "T".into(), Value::to_text),
            )),
            "timestamp" => match t.to_zoned(TimeZone::system()) {
                Ok(z) => Value::Float(z.timestamp().as_microsecond() as f64 / 1e6),
                Err(e) => return Some(Err(e.to_string())),
            },
            "weekday" => Value::Int(t.weekday().to_monday_zero_offset().into()),
            "isoweekday" => Value::Int(t.weekday().to_monday_one_offset().into()),
            "date" => Value::Object(Rc::new(Moment(t.date().at(0, 0, 0, 0)))),
            _ => return None,
        }))
    }

    fn arithmetic(
        &self,
        operator: Operator,
        other: &Value,
        reflected: bool,
    ) -> Option<std::result::Result<Value, String>> {
        let Value::Object(o) = other else { return None };
        if let Some(Moment(b)) = o.as_any().downcast_ref() {
            if operator != Operator::Sub {
                return None;
            }
            let (a, b) = if reflected { (*b, self.0) } else { (self.0, *b) };
            let micros = a.duration_since(b).as_micros();
            return Some(Ok(Value::Object(Rc::new(Difference(
                i64::try_from(micros).unwrap_or(i64::MAX),
            )))));
        }
        let Difference(micros) = o.as_any().downcast_ref()?;
        let span = jiff::SignedDuration::from_micros(match operator {
            Operator::Add => *micros,
            Operator::Sub if !reflected => micros.checked_neg()?,
            _ => return None,
        });
        Some(match self.0.checked_add(span) {
            Ok(t) => Ok(Value::Object(Rc::new(Moment(t)))),
            Err(_) => Err("date value out of range".into()),
        })
    }

    fn to_text(&self) -> String {
        isoformat(self.0, " ")
    }

    fn json_text(&self) -> String {
        isoformat(self.0, "T")
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        self.compare(other).map(std::cmp::Ordering::is_eq)
    }

    fn compare(&self, other: &Value) -> Option<std::cmp::Ordering> {
        let Value::Object(o) = other else { return None };
        Some(self.0.cmp(&o.as_any().downcast_ref::<Self>()?.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Difference {
    const DAY: i64 = 86_400_000_000;
}

impl Object for Difference {
    fn type_name(&self) -> &str {
        "timedelta"
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let rest = self.0.rem_euclid(Self::DAY);
        Some(Value::Int(match key.as_str()? {
            "days" => self.0.div_euclid(Self::DAY),
            "seconds" => rest / 1_000_000,
            "microseconds" => rest % 1_000_000,
            _ => return None,
        }))
    }

    fn call_method(
        &self,
        name: &str,
        _: &[Value],
        _: &[(String, Value)],
    ) -> Option<std::result::Result<Value, String>> {
        (name == "total_seconds").then(|| Ok(Value::Float(self.0 as f64 / 1e6)))
    }

    fn arithmetic(
        &self,
        operator: Operator,
        other: &Value,
        reflected: bool,
    ) -> Option<std::result::Result<Value, String>> {
        if let Value::Object(o) = other {
            let Self(b) = o.as_any().downcast_ref()?;
            let (a, b) = if reflected { (*b, self.0) } else { (self.0, *b) };
            let result = match operator {
                Operator::Add => a.checked_add(b),
                Operator::Sub => a.checked_sub(b),
                Operator::Div if b != 0 => return Some(Ok(Value::Float(a as f64 / b as f64))),
                _ => return None,
            };
            return Some(
                result
                    .map(|n| Value::Object(Rc::new(Self(n))))
                    .ok_or_else(|| "days out of range".into()),
            );
        }
        let n = other.as_int()?;
        let result = match operator {
            Operator::Mul => self.0.checked_mul(n),
            Operator::Div | Operator::FloorDiv if n != 0 && !reflected => self.0.checked_div(n),
            _ => return None,
        };
        Some(
            result
                .map(|n| Value::Object(Rc::new(Self(n))))
                .ok_or_else(|| "days out of range".into()),
        )
    }

    fn to_text(&self) -> String {
        let (days, rest) = (self.0.div_euclid(Self::DAY), self.0.rem_euclid(Self::DAY));
        let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
        let fraction = if micros == 0 {
            String::new()
        } else {
            format!(".{micros:06}")
        };
        let days = match days {
            0 => String::new(),
            1 | -1 => format!("{days} day, "),
            n => format!("{n} days, "),
        };
        format!(
            "{days}{}:{:02}:{:02}{fraction}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }

    fn truthy(&self) -> bool {
        self.0 != 0
    }

    fn equals(&self, other: &Value) -> Option<bool> {
        self.compare(other).map(std::cmp::Ordering::is_eq)
    }

    fn compare(&self, other: &Value) -> Option<std::cmp::Ordering> {
        let Value::Object(o) = other else { return None };
        Some(self.0.cmp(&o.as_any().downcast_ref::<Self>()?.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
