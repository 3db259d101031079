//! A line to the host's system log, without the C library's help and without a process.

use super::clock;
use std::os::unix::net::UnixDatagram;

/// Where the daemon listens.
const SOCKET: &str = "/dev/log";
/// Facility `user`, severity `info`.
const USER_INFO: u8 = 1 << 3 | 6;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Logs a message under a program's name. A host without a log daemon keeps none, which is no error.
pub(crate) fn info(program: &str, message: &str) {
    let line = line(&clock::local(clock::now().0), program, message);
    let sent = UnixDatagram::unbound().and_then(|s| s.send_to(line.as_bytes(), SOCKET));
    drop(sent);
}

fn line(t: &clock::LocalTime, program: &str, message: &str) -> String {
    let month = usize::try_from(t.month - 1).ok().and_then(|m| MONTHS.get(m));
    format!(
        "<{USER_INFO}>{} {:2} {:02}:{:02}:{:02} {program}: {message}",
        month.unwrap_or(&"Jan"),
        t.day,
        t.hour,
        t.minute,
        t.second
    )
}

#[cfg(test)]
mod tests {
    use super::{clock, line};

    #[test]
    fn lines_have_priority_time_and_program() {
        let t = clock::LocalTime {
            year: 2026,
            month: 3,
            day: 7,
            hour: 4,
            minute: 5,
            second: 6,
            weekday: 6,
            yearday: 65,
            offset: 0,
            zone: "UTC".into(),
        };
        assert_eq!(line(&t, "ansible-x", "a=b"), "<14>Mar  7 04:05:06 ansible-x: a=b");
    }
}
