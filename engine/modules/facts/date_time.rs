//! Date and time.

use super::Gather;
use crate::system::clock;
use kdo_value::Map;

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let (seconds, micros) = clock::now();
    g.facts.insert("date_time", describe(seconds, micros));
}

fn describe(seconds: i64, micros: u32) -> Map {
    let t = clock::local(seconds);
    // Moments half a year apart: where the offset differs, the greater one is summer time.
    let other = clock::local(seconds + 182 * 86400);
    let summer = if other.offset > t.offset {
        &other.zone
    } else {
        &t.zone
    };
    let days = seconds.div_euclid(86400);
    let of_day = seconds.rem_euclid(86400);
    let (year, month, day) = civil(days);
    let utc = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        of_day / 3600,
        of_day / 60 % 60,
        of_day % 60
    );
    let basic = format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}",
        t.year, t.month, t.day, t.hour, t.minute, t.second
    );
    let weekday = [
        "Sunday",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
    ];
    let sign = if t.offset < 0 { '-' } else { '+' };
    let offset = t.offset.abs();
    // Weeks begin on Monday; days before the first Monday are week 0.
    let week = (t.yearday + 7 - (t.weekday + 6) % 7) / 7;
    Map::from_iter([
        ("date", format!("{:04}-{:02}-{:02}", t.year, t.month, t.day)),
        ("day", format!("{:02}", t.day)),
        ("epoch", seconds.to_string()),
        ("epoch_int", seconds.to_string()),
        ("hour", format!("{:02}", t.hour)),
        ("iso8601", format!("{utc}Z")),
        ("iso8601_basic", format!("{basic}{micros:06}")),
        ("iso8601_basic_short", basic),
        ("iso8601_micro", format!("{utc}.{micros:06}Z")),
        ("minute", format!("{:02}", t.minute)),
        ("month", format!("{:02}", t.month)),
        ("second", format!("{:02}", t.second)),
        ("time", format!("{:02}:{:02}:{:02}", t.hour, t.minute, t.second)),
        ("tz", t.zone.clone()),
        ("tz_dst", summer.clone()),
        (
            "tz_offset",
            format!("{sign}{:02}{:02}", offset / 3600, offset / 60 % 60),
        ),
        (
            "weekday",
            weekday
                .get(usize::try_from(t.weekday).unwrap_or(0))
                .unwrap_or(&"")
                .to_string(),
        ),
        ("weekday_number", t.weekday.to_string()),
        ("weeknumber", format!("{week:02}")),
        ("year", format!("{:04}", t.year)),
    ])
}

/// The civil date of a day counted from 1970-01-01.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (
        yoe + era * 400 + i64::from(month <= 2),
        month,
        doy - (153 * mp + 2) / 5 + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::{civil, describe};

    #[test]
    fn days_become_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11016, (2000, 2, 29)),
            (20779, (2026, 11, 22)),
        ] {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn the_time_is_told_in_all_forms() {
        let map = describe(1_795_375_417, 617_728);
        assert_eq!(
            map.get("iso8601_micro").unwrap().to_text(),
            "2026-11-22T19:23:37.617728Z"
        );
        assert_eq!(map.get("iso8601").unwrap().to_text(), "2026-11-22T19:23:37Z");
        assert_eq!(map.get("epoch").unwrap().to_text(), "1795375417");
    }
}
