//! C's `strftime` and Python's `strptime`, in the C locale.

use crate::TemplateError;
use jiff::{Zoned, civil::DateTime};
use std::fmt::Write;

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats a time; unknown directives stay as they are.
pub(crate) fn format(time: &Zoned, format: &str) -> String {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flag = None;
        let mut directive = chars.next();
        if let Some(f @ ('-' | '_' | '0' | '^')) = directive {
            flag = Some(f);
            directive = chars.next();
        }
        while let Some('E' | 'O') = directive {
            directive = chars.next();
        }
        match directive {
            Some(d) => field(&mut out, time, d, flag),
            None => out.push('%'),
        }
    }
    out
}

fn padded(out: &mut String, n: i64, width: usize, pad: char, flag: Option<char>) {
    let pad = match flag {
        Some('-') => None,
        Some('_') => Some(' '),
        Some('0') => Some('0'),
        _ => Some(pad),
    };
    let _ = match pad {
        None => write!(out, "{n}"),
        Some('0') => write!(out, "{n:0width$}"),
        Some(_) => write!(out, "{n:width$}"),
    };
}

fn field(out: &mut String, t: &Zoned, directive: char, flag: Option<char>) {
    let day = i64::from(t.weekday().to_monday_zero_offset());
    let sunday = i64::from(t.weekday().to_sunday_zero_offset());
    let of_year = i64::from(t.day_of_year());
    let hour12 = match i64::from(t.hour()) % 12 {
        0 => 12,
        h => h,
    };
    let day_name = DAYS.get(usize::try_from(day).unwrap_or(0)).copied().unwrap_or("");
    let month_name = MONTHS
        .get(usize::try_from(t.month() - 1).unwrap_or(0))
        .copied()
        .unwrap_or("");
    let iso = t.date().iso_week_date();
    let year = i64::from(t.year());
    let word = |out: &mut String, s: &str| match flag {
        Some('^') => out.push_str(&s.to_uppercase()),
        _ => out.push_str(s),
    };
    match directive {
        'Y' => padded(out, year, 1, '0', flag),
        'C' => padded(out, year.div_euclid(100), 2, '0', flag),
        'y' => padded(out, year.rem_euclid(100), 2, '0', flag),
        'm' => padded(out, t.month().into(), 2, '0', flag),
        'd' => padded(out, t.day().into(), 2, '0', flag),
        'e' => padded(out, t.day().into(), 2, ' ', flag),
        'H' => padded(out, t.hour().into(), 2, '0', flag),
        'k' => padded(out, t.hour().into(), 2, ' ', flag),
        'I' => padded(out, hour12, 2, '0', flag),
        'l' => padded(out, hour12, 2, ' ', flag),
        'M' => padded(out, t.minute().into(), 2, '0', flag),
        'S' => padded(out, t.second().into(), 2, '0', flag),
        'j' => padded(out, of_year, 3, '0', flag),
        'u' => padded(out, day + 1, 1, '0', flag),
        'w' => padded(out, sunday, 1, '0', flag),
        'U' => padded(out, (of_year + 6 - sunday) / 7, 2, '0', flag),
        'W' => padded(out, (of_year + 6 - day) / 7, 2, '0', flag),
        'V' => padded(out, iso.week().into(), 2, '0', flag),
        'G' => padded(out, iso.year().into(), 1, '0', flag),
        'g' => padded(out, i64::from(iso.year()).rem_euclid(100), 2, '0', flag),
        's' => padded(out, t.timestamp().as_second(), 1, '0', flag),
        'a' => word(out, day_name.get(..3).unwrap_or("")),
        'A' => word(out, day_name),
        'b' | 'h' => word(out, month_name.get(..3).unwrap_or("")),
        'B' => word(out, month_name),
        'p' => word(out, if t.hour() < 12 { "AM" } else { "PM" }),
        'P' => out.push_str(if t.hour() < 12 { "am" } else { "pm" }),
        'n' => out.push('\n'),
        't' => out.push('\t'),
        '%' => out.push('%'),
        'z' => {
            let minutes = t.offset().seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            let _ = write!(out, "{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60);
        }
        'Z' => {
            let info = t.time_zone().to_offset_info(t.timestamp());
            out.push_str(info.abbreviation());
        }
        'c' => out.push_str(&format(t, "%a %b %e %H:%M:%S %Y")),
        'x' | 'D' => out.push_str(&format(t, "%m/%d/%y")),
        'X' | 'T' => out.push_str(&format(t, "%H:%M:%S")),
        'F' => out.push_str(&format(t, "%Y-%m-%d")),
        'R' => out.push_str(&format(t, "%H:%M")),
        'r' => out.push_str(&format(t, "%I:%M:%S %p")),
        other => {
            out.push('%');
            out.push(other);
        }
    }
}

/// What was read so far.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn number(&mut self, longest: usize) -> Option<i64> {
        let end = self
            .rest
            .bytes()
            .take(longest)
            .take_while(u8::is_ascii_digit)
            .count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().ok()
    }

    fn name(&mut self, names: &[&str], short: bool) -> Option<usize> {
        for (i, name) in names.iter().enumerate() {
            let name = if short { name.get(..3)? } else { name };
            if self
                .rest
                .get(..name.len())
                .is_some_and(|r| r.eq_ignore_ascii_case(name))
            {
                self.rest = self.rest.get(name.len()..)?;
                return Some(i);
            }
        }
        None
    }
}

/// Reads a time in a format; a time zone is read but not kept.
pub(crate) fn parse(text: &str, format: &str) -> Result<DateTime, TemplateError> {
    let bad = || TemplateError::new(format!("time data '{text}' does not match format '{format}'"));
    let expanded = format
        .replace("%T", "%H:%M:%S")
        .replace("%F", "%Y-%m-%d")
        .replace("%D", "%m/%d/%y")
        .replace("%R", "%H:%M")
        .replace("%c", "%a %b %d %H:%M:%S %Y")
        .replace("%x", "%m/%d/%y")
        .replace("%X", "%H:%M:%S");
    let mut reader = Reader { rest: text };
    let (mut year, mut month, mut day) = (1900_i64, 1_i64, 1_i64);
    let (mut hour, mut minute, mut second, mut nanos) = (0_i64, 0_i64, 0_i64, 0_i64);
    let (mut afternoon, mut of_year) = (None, None);
    let mut chars = expanded.chars();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            let trimmed = reader.rest.trim_start();
            if trimmed.len() == reader.rest.len() {
                return Err(bad());
            }
            reader.rest = trimmed;
            continue;
        }
        if c != '%' {
            reader.rest = reader.rest.strip_prefix(c).ok_or_else(bad)?;
            continue;
        }
        let directive = chars.next().ok_or_else(|| TemplateError::new("stray %"))?;
        match directive {
            'Y' => year = reader.number(4).ok_or_else(bad)?,
            'y' => {
                let short = reader.number(2).ok_or_else(bad)?;
                year = if short < 69 { 2000 + short } else { 1900 + short };
            }
            'm' => month = reader.number(2).ok_or_else(bad)?,
            'd' | 'e' => {
                reader.rest = reader.rest.trim_start();
                day = reader.number(2).ok_or_else(bad)?;
            }
            'H' => hour = reader.number(2).ok_or_else(bad)?,
            'I' => {
                hour = reader
                    .number(2)
                    .filter(|h| (1..=12).contains(h))
                    .ok_or_else(bad)?;
            }
            'M' => minute = reader.number(2).ok_or_else(bad)?,
            'S' => second = reader.number(2).ok_or_else(bad)?,
            'j' => of_year = Some(reader.number(3).ok_or_else(bad)?),
            'f' => {
                let before = reader.rest.len();
                let digits = reader.number(6).ok_or_else(bad)?;
                let count = u32::try_from(before - reader.rest.len()).unwrap_or(6);
                nanos = digits * 10_i64.pow(9_u32.saturating_sub(count));
            }
            'p' => afternoon = Some(reader.name(&["AM", "PM"], false).ok_or_else(bad)? == 1),
            'b' | 'h' => month = reader.name(&MONTHS, true).ok_or_else(bad)? as i64 + 1,
            'B' => month = reader.name(&MONTHS, false).ok_or_else(bad)? as i64 + 1,
            'a' => {
                reader.name(&DAYS, true).ok_or_else(bad)?;
            }
            'A' => {
                reader.name(&DAYS, false).ok_or_else(bad)?;
            }
            'w' | 'u' => {
                reader.number(1).ok_or_else(bad)?;
            }
            'z' => {
                reader.rest = match reader.rest.strip_prefix('Z') {
                    Some(rest) => rest,
                    None => {
                        let rest = reader.rest.strip_prefix(['+', '-']).ok_or_else(bad)?;
                        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')
                    }
                };
            }
            'Z' => reader.rest = reader.rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()),
            '%' => reader.rest = reader.rest.strip_prefix('%').ok_or_else(bad)?,
            other => return Err(format!("'{other}' is a bad directive in format '{format}'").into()),
        }
    }
    if !reader.rest.is_empty() {
        return Err(format!("unconverted data remains: {}", reader.rest).into());
    }
    match afternoon {
        Some(true) if hour < 12 => hour += 12,
        Some(false) if hour == 12 => hour = 0,
        _ => {}
    }
    let small = |n: i64| i8::try_from(n).map_err(|_| bad());
    let time = DateTime::new(
        i16::try_from(year).map_err(|_| bad())?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        i32::try_from(nanos).map_err(|_| bad())?,
    )
    .map_err(|_| bad())?;
    match of_year {
        Some(n) => time
            .with()
            .day_of_year(i16::try_from(n).map_err(|_| bad())?)
            .build()
            .map_err(|_| bad()),
        None => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use jiff::{Timestamp, tz::TimeZone};

    #[test]
    fn times_are_written_as_the_c_library_writes_them() {
        let t = Timestamp::from_second(1_441_357_287)
            .unwrap()
            .to_zoned(TimeZone::UTC);
        assert_eq!(
            format(
                &t,
                "%j %a %A %b %B %p %I %y %U %W %w %u %V %G %Z %z %s %e %k %l %n %t %% %c %x %X %D %F %R %T %h %C %f"
            ),
            "247 Fri Friday Sep September AM 09 15 35 35 5 5 36 2015 UTC +0000 1441357287  4  9  9 \n \t % Fri Sep  4 09:01:27 2015 09/04/15 09:01:27 09/04/15 2015-09-04 09:01 09:01:27 Sep 20 %f"
        );
        assert_eq!(format(&t, "%-d %-m %"), "4 9 %");
    }

    #[test]
    fn times_are_read_as_python_reads_them() {
        let read = |s, f| parse(s, f).map_or_else(|e| e.message, |t| t.to_string());
        assert_eq!(read("Jan 5 2021 3PM", "%b %d %Y %I%p"), "2021-01-05T15:00:00");
        assert_eq!(
            read("2020-01-02T03:04:05.123456", "%Y-%m-%dT%H:%M:%S.%f"),
            "2020-01-02T03:04:05.123456"
        );
        assert_eq!(read("2020", "%Y"), "2020-01-01T00:00:00");
        assert_eq!(
            read("2020-13-02", "%Y-%m-%d"),
            "time data '2020-13-02' does not match format '%Y-%m-%d'"
        );
        assert_eq!(read("2020-01-02 x", "%Y-%m-%d"), "unconverted data remains:  x");
        assert_eq!(read("60", "%j"), "1900-03-01T00:00:00");
    }
}
