//! Access and modification times as the `file` module takes them: `preserve`, `now`, or a date in a format.

use crate::{Failure, host::Host};
use kdo_value::Map;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, utimensat};
use std::{ffi::CString, fs, os::unix::fs::MetadataExt, path::Path};

/// What a time is to become.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Time {
    /// Stay as it is.
    Preserve,
    /// The current time.
    Now,
    /// Seconds since 1970.
    At(i64),
}

impl Time {
    /// Reads the parameter; `missing` is meant if it is not given.
    pub fn parse(text: Option<&str>, format: &str, missing: Self) -> Result<Self, Failure> {
        match text {
            None => Ok(missing),
            Some("preserve") => Ok(Self::Preserve),
            Some("now") => Ok(Self::Now),
            Some(text) => local_time(text, format).map(Self::At).ok_or_else(|| {
                Failure::new(format!(
                    "Error while obtaining timestamp for time {text} using format {format}: time data '{text}' does not match format '{format}'"
                ))
            }),
        }
    }

    fn resolve(self, previous: f64) -> f64 {
        match self {
            Self::Preserve => previous,
            Self::Now => {
                let (seconds, micros) = crate::system::clock::now();
                seconds as f64 + f64::from(micros) / 1e6
            }
            Self::At(seconds) => seconds as f64,
        }
    }
}

/// Seconds since 1970 of a local date in `strptime`'s format.
pub(super) fn local_time(text: &str, format: &str) -> Option<i64> {
    let (c_text, c_format) = (CString::new(text).ok()?, CString::new(format).ok()?);
    #[allow(unsafe_code)]
    // SAFETY: both strings end with NUL and live until the calls return; `tm` is a plain struct on this stack.
    let seconds = unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        tm.tm_mday = 1;
        let end = libc::strptime(c_text.as_ptr(), c_format.as_ptr(), &mut tm);
        if end.is_null() || *end != 0 {
            return None;
        }
        tm.tm_isdst = -1;
        libc::mktime(&mut tm)
    };
    Some(seconds)
}

/// Gives a file its times; says whether they were different, and what was and is in the dicts.
pub fn apply(
    host: &mut Host<'_>,
    path: &Path,
    modified: Time,
    accessed: Time,
    before: &Map,
    after: &Map,
) -> Result<bool, Failure> {
    if (modified, accessed) == (Time::Preserve, Time::Preserve) {
        return Ok(false);
    }
    let Ok(meta) = fs::metadata(path) else {
        return Ok(host.check());
    };
    let was = |s: i64, n: i64| s as f64 + n as f64 / 1e9;
    let (old_m, old_a) = (
        was(meta.mtime(), meta.mtime_nsec()),
        was(meta.atime(), meta.atime_nsec()),
    );
    let (new_m, new_a) = (modified.resolve(old_m), accessed.resolve(old_a));
    if (new_m, new_a) == (old_m, old_a) {
        return Ok(false);
    }
    host.mark_changed();
    for (name, old, new) in [("mtime", old_m, new_m), ("atime", old_a, new_a)] {
        if old != new {
            before.insert(name, old);
            after.insert(name, new);
        }
    }
    if host.check() {
        return Ok(true);
    }
    // "Now" for both is left to the kernel: that is also allowed to who may only write the file.
    let both_now = (modified, accessed) == (Time::Now, Time::Now);
    let spec = |time: Time, (seconds, nanos): (i64, i64)| match time {
        _ if both_now => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        },
        Time::Preserve => Timespec {
            tv_sec: seconds,
            tv_nsec: nanos as _,
        },
        Time::Now => Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_NOW,
        },
        Time::At(seconds) => Timespec {
            tv_sec: seconds,
            tv_nsec: 0,
        },
    };
    let times = Timestamps {
        last_access: spec(accessed, (meta.atime(), meta.atime_nsec())),
        last_modification: spec(modified, (meta.mtime(), meta.mtime_nsec())),
    };
    utimensat(CWD, path, &times, AtFlags::empty()).map_err(|e| {
        Failure::new(format!("Error while updating modification or access time: {e}"))
            .with("path", path.to_string_lossy().into_owned())
    })?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn times_are_read_in_their_format() {
        let read = |t: &str, f: &str| Time::parse(Some(t), f, Time::Preserve);
        let (Ok(Time::At(a)), Ok(Time::At(b))) = (
            read("202202081414.00", "%Y%m%d%H%M.%S"),
            read("202202081415.30", "%Y%m%d%H%M.%S"),
        ) else {
            panic!("not read");
        };
        assert_eq!(b - a, 90);
        assert_eq!(read("now", "").ok(), Some(Time::Now));
        assert!(read("yesterday", "%Y").is_err() && read("2022x", "%Y").is_err());
    }
}
