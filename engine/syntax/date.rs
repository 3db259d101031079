//! Dates and times of YAML, as Python's `datetime` shows them.

use kdo_value::{Object, Value};
use std::{any::Any, cmp::Ordering, fmt::Write};

/// A date, or a date with a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlDate {
    /// Year, 1 to 9999.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day, from 1.
    pub day: u8,
    /// The time, if there is one.
    pub time: Option<YamlTime>,
}

/// The time of a [`YamlDate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlTime {
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second.
    pub second: u8,
    /// Microsecond.
    pub microsecond: u32,
    /// Minutes east of UTC, if the zone is known.
    pub offset: Option<i32>,
}

impl YamlDate {
    /// Reads the parts if the text has the form of a YAML timestamp; ranges are checked by [`YamlDate::parse`].
    pub(crate) fn parse_parts(text: &str) -> Option<Self> {
        let mut rest = text;
        let year = take(&mut rest, 4, 4)?;
        eat(&mut rest, '-')?;
        let month_start = rest;
        let month = take(&mut rest, 1, 2)?;
        eat(&mut rest, '-')?;
        let day_start = rest;
        let day = take(&mut rest, 1, 2)?;
        let mut date = Self {
            year: u16::try_from(year).ok()?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
            time: None,
        };
        if rest.is_empty() {
            let two = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count() == 2;
            return (two(month_start) && two(day_start)).then_some(date);
        }
        rest = match rest.strip_prefix(['T', 't']) {
            Some(r) => r,
            None => {
                let r = rest.trim_start_matches([' ', '\t']);
                if r.len() == rest.len() {
                    return None;
                }
                r
            }
        };
        let hour = take(&mut rest, 1, 2)?;
        eat(&mut rest, ':')?;
        let minute = take(&mut rest, 2, 2)?;
        eat(&mut rest, ':')?;
        let second = take(&mut rest, 2, 2)?;
        let mut microsecond = 0;
        if eat(&mut rest, '.').is_some() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (fraction, after) = rest.split_at_checked(digits)?;
            microsecond = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
            rest = after;
        }
        let zone = rest.trim_start_matches([' ', '\t']);
        let offset = if zone == "Z" {
            Some(0)
        } else if let Some(sign) = zone.chars().next().filter(|c| *c == '+' || *c == '-') {
            rest = zone.get(1..)?;
            let hours = i32::try_from(take(&mut rest, 1, 2)?).ok()?;
            let minutes = if eat(&mut rest, ':').is_some() {
                i32::try_from(take(&mut rest, 2, 2)?).ok()?
            } else {
                0
            };
            if !rest.is_empty() {
                return None;
            }
            let total = hours * 60 + minutes;
            Some(if sign == '-' { -total } else { total })
        } else if rest.is_empty() {
            None
        } else {
            return None;
        };
        date.time = Some(YamlTime {
            hour: u8::try_from(hour).ok()?,
            minute: u8::try_from(minute).ok()?,
            second: u8::try_from(second).ok()?,
            microsecond,
            offset,
        });
        Some(date)
    }

    /// Reads a timestamp; the error says what is out of range.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let date = Self::parse_parts(text).ok_or("this is not a date")?;
        let leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
        let days = match date.month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        if date.year == 0 {
            Err("the year is out of range")
        } else if !(1..=12).contains(&date.month) {
            Err("the month must be in 1..12")
        } else if !(1..=days).contains(&date.day) {
            Err("the day is out of range for the month")
        } else if date.time.as_ref().is_some_and(|t| {
            t.hour > 23 || t.minute > 59 || t.second > 59 || t.offset.is_some_and(|o| o.abs() >= 1440)
        }) {
            Err("the time is out of range")
        } else {
            Ok(date)
        }
    }

    /// Python's `isoformat` with that character between date and time.
    pub fn iso_format(&self, separator: char) -> String {
        let mut out = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        if let Some(t) = &self.time {
            let _ = write!(out, "{separator}{:02}:{:02}:{:02}", t.hour, t.minute, t.second);
            if t.microsecond != 0 {
                let _ = write!(out, ".{:06}", t.microsecond);
            }
            if let Some(o) = t.offset {
                let sign = if o < 0 { '-' } else { '+' };
                let _ = write!(out, "{sign}{:02}:{:02}", o.abs() / 60, o.abs() % 60);
            }
        }
        out
    }

    /// Days since 1970-01-01.
    fn days(&self) -> i64 {
        let (y, m) = (i64::from(self.year), i64::from(self.month));
        let y = if m <= 2 { y - 1 } else { y };
        let era = y.div_euclid(400);
        let yoe = y - era * 400;
        let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
    }

    /// Microseconds since 1970-01-01 in UTC (in local time where the zone is unknown).
    pub fn microseconds(&self) -> i64 {
        let of_day = self.time.as_ref().map_or(0, |t| {
            let minutes = i64::from(t.hour) * 60 + i64::from(t.minute) - i64::from(t.offset.unwrap_or(0));
            (minutes * 60 + i64::from(t.second)) * 1_000_000 + i64::from(t.microsecond)
        });
        self.days() * 86_400_000_000 + of_day
    }

    /// Both are dates, or both times with a zone, or both without.
    fn alike(&self, other: &Self) -> bool {
        match (&self.time, &other.time) {
            (None, None) => true,
            (Some(a), Some(b)) => a.offset.is_some() == b.offset.is_some(),
            _ => false,
        }
    }
}

fn take(rest: &mut &str, min: usize, max: usize) -> Option<u32> {
    let digits = rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at_checked(digits)?;
    *rest = after;
    (digits >= min).then(|| number.parse().ok()).flatten()
}

fn eat(rest: &mut &str, c: char) -> Option<()> {
    *rest = rest.strip_prefix(c)?;
    Some(())
}

fn other(value: &Value) -> Option<&YamlDate> {
    if let Value::Object(o) = value {
        o.as_any().downcast_ref()
    } else {
        None
    }
}

impl Object for YamlDate {
    fn type_name(&self) -> &str {
        if self.time.is_some() { "datetime" } else { "date" }
    }

    fn get(&self, key: &Value) -> Option<Value> {
        let part = |f: fn(&YamlTime) -> u32| self.time.as_ref().map(f);
        Some(Value::from(match key.as_str()? {
            "year" => u32::from(self.year),
            "month" => u32::from(self.month),
            "day" => u32::from(self.day),
            "hour" => part(|t| t.hour.into())?,
            "minute" => part(|t| t.minute.into())?,
            "second" => part(|t| t.second.into())?,
            "microsecond" => part(|t| t.microsecond)?,
            _ => return None,
        }))
    }

    fn to_text(&self) -> String {
        self.iso_format(' ')
    }

    fn json_text(&self) -> String {
        self.iso_format('T')
    }

    fn repr(&self) -> String {
        let Some(t) = &self.time else {
            return format!("datetime.date({}, {}, {})", self.year, self.month, self.day);
        };
        let mut out = format!(
            "datetime.datetime({}, {}, {}, {}, {}",
            self.year, self.month, self.day, t.hour, t.minute
        );
        if t.second != 0 || t.microsecond != 0 {
            let _ = write!(out, ", {}", t.second);
        }
        if t.microsecond != 0 {
            let _ = write!(out, ", {}", t.microsecond);
        }
        match t.offset {
            Some(0) => out.push_str(", tzinfo=datetime.timezone.utc"),
            Some(o) => {
                let (days, seconds) = ((o * 60).div_euclid(86_400), (o * 60).rem_euclid(86_400));
                out.push_str(", tzinfo=datetime.timezone(datetime.timedelta(");
                if days != 0 {
                    let _ = write!(out, "days={days}, ");
                }
                let _ = write!(out, "seconds={seconds}))");
            }
            None => {}
        }
        out.push(')');
        out
    }

    fn equals(&self, value: &Value) -> Option<bool> {
        Some(other(value).is_some_and(|o| self.alike(o) && self.microseconds() == o.microseconds()))
    }

    fn compare(&self, value: &Value) -> Option<Ordering> {
        let o = other(value)?;
        self.alike(o).then(|| self.microseconds().cmp(&o.microseconds()))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::YamlDate;
    use kdo_value::Object;

    #[test]
    fn dates_are_shown_as_python_shows_them() {
        for (text, shown, repr) in [
            ("2020-01-02", "2020-01-02", "datetime.date(2020, 1, 2)"),
            (
                "2020-1-2 3:04:05",
                "2020-01-02 03:04:05",
                "datetime.datetime(2020, 1, 2, 3, 4, 5)",
            ),
            (
                "2020-01-02T10:00:00.5+02:00",
                "2020-01-02 10:00:00.500000+02:00",
                "datetime.datetime(2020, 1, 2, 10, 0, 0, 500000, \
                 tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))",
            ),
            (
                "2020-01-02t10:00:00 Z",
                "2020-01-02 10:00:00+00:00",
                "datetime.datetime(2020, 1, 2, 10, 0, tzinfo=datetime.timezone.utc)",
            ),
        ] {
            let date = YamlDate::parse(text).unwrap();
            assert_eq!(
                (date.to_text(), date.repr()),
                (shown.into(), repr.into()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_only_looks_like_a_date_is_none() {
        for text in [
            "2020-1-2",
            "2020-01-02x",
            "2020-01-02 10:00",
            "20-01-02",
            "2020-01-02T1:2:3",
        ] {
            assert!(YamlDate::parse_parts(text).is_none(), "{text}");
        }
        for text in ["2020-13-01", "2019-02-29", "2020-01-02 24:00:00", "0000-01-01"] {
            assert!(YamlDate::parse(text).is_err(), "{text}");
        }
        let (a, b) = (
            YamlDate::parse("1969-12-31").unwrap(),
            YamlDate::parse("2000-03-01").unwrap(),
        );
        assert_eq!(
            (a.microseconds(), b.microseconds() / 86_400_000_000),
            (-86_400_000_000, 11_017)
        );
    }
}
