//! Local time without a time zone library: the broken-down time of the C library.

/// Broken-down local time.
pub struct LocalTime {
    /// Year.
    pub year: i32,
    /// Month, from 1.
    pub month: i32,
    /// Day of the month.
    pub day: i32,
    /// Hour.
    pub hour: i32,
    /// Minute.
    pub minute: i32,
    /// Second.
    pub second: i32,
    /// Day of the week, Sunday = 0.
    pub weekday: i32,
    /// Day of the year, from 0.
    pub yearday: i32,
    /// Seconds east of UTC.
    pub offset: i64,
    /// Abbreviation of the time zone.
    pub zone: String,
}

/// The local time of a moment, in seconds since 1970.
pub fn local(seconds: i64) -> LocalTime {
    #[allow(unsafe_code)]
    // SAFETY: localtime_r writes only into `tm`, which lives on this stack; tm_zone points to static data of libc.
    let (tm, zone) = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        libc::localtime_r(&seconds, &mut tm);
        let zone = if tm.tm_zone.is_null() {
            String::new()
        } else {
            std::ffi::CStr::from_ptr(tm.tm_zone)
                .to_string_lossy()
                .into_owned()
        };
        (tm, zone)
    };
    LocalTime {
        year: tm.tm_year + 1900,
        month: tm.tm_mon + 1,
        day: tm.tm_mday,
        hour: tm.tm_hour,
        minute: tm.tm_min,
        second: tm.tm_sec,
        weekday: tm.tm_wday,
        yearday: tm.tm_yday,
        offset: tm.tm_gmtoff,
        zone,
    }
}

/// Seconds since 1970 and the microseconds of the second.
pub fn now() -> (i64, u32) {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    (i64::try_from(since.as_secs()).unwrap_or(0), since.subsec_micros())
}

/// The time as backups carry it: `2026-11-22@19:30:01`.
pub fn backup_stamp() -> String {
    let t = local(now().0);
    format!(
        "{:04}-{:02}-{:02}@{:02}:{:02}:{:02}",
        t.year, t.month, t.day, t.hour, t.minute, t.second
    )
}
