//! `wait_for`: a port, a file or a text in either.

use super::{
    resolve::resolve,
    tcp_table::{self, state_number},
};
use crate::{
    host::{expand, file_info},
    prelude::*,
    pyregex::{Flags, Pattern, compile},
};
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    path::PathBuf,
    time::{Duration, Instant},
};

/// Wait until a port is open or closed, a file is there or gone, or a text appears
///
/// Without a port or path it only waits for `timeout`.
#[derive(Params)]
pub struct WaitFor {
    /// States that count as a connection, for `drained`.
    #[param(default = ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"])]
    active_connection_states: Vec<String>,
    /// Seconds for one try to connect.
    #[param(default = 5)]
    connect_timeout: u64,
    /// Seconds to wait before the first try.
    #[param(default = 0)]
    delay: u64,
    /// Hosts whose connections do not count, for `drained`.
    exclude_hosts: Option<Vec<String>>,
    /// Host of the port.
    #[param(default = "127.0.0.1")]
    host: String,
    /// What to say when the time is over.
    msg: Option<String>,
    /// File that must be there, or be gone.
    path: Option<PathBuf>,
    /// Port that must be open, or closed.
    port: Option<i64>,
    /// Pattern that must occur in the file, or in what the port's server sends.
    search_regex: Option<String>,
    /// Seconds between two tries.
    #[param(default = 1)]
    sleep: u64,
    /// What is waited for.
    #[param(
        default = "started",
        choices("absent", "drained", "present", "started", "stopped")
    )]
    state: String,
    /// Seconds until it is given up.
    #[param(default = 300)]
    timeout: u64,
}

impl WaitFor {
    fn addresses(&self, host: &mut Host<'_>) -> Vec<SocketAddr> {
        let port = self.port.and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
        resolve(host, &self.host)
            .into_iter()
            .map(|a| SocketAddr::new(a, port))
            .collect()
    }

    fn connect(&self, host: &mut Host<'_>, left: Duration) -> Option<TcpStream> {
        let limit =
            Duration::from_secs(self.connect_timeout.max(1)).min(left.max(Duration::from_millis(100)));
        self.addresses(host)
            .iter()
            .find_map(|a| TcpStream::connect_timeout(a, limit).ok())
    }

    /// Whether the pattern occurs in what the server sends, within the time for one try.
    fn search_stream(
        &self,
        mut stream: TcpStream,
        regex: &Pattern,
        left: Duration,
    ) -> Option<(Vec<Value>, Map)> {
        let limit = Duration::from_secs(self.connect_timeout.max(1)).min(left);
        let deadline = Instant::now() + limit;
        let (mut text, mut buffer) = (Vec::new(), [0_u8; 1024]);
        let mut found = None;
        while Instant::now() < deadline && text.len() < 1 << 24 {
            let rest = deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_millis(1));
            if stream.set_read_timeout(Some(rest)).is_err() {
                break;
            }
            match stream.read(&mut buffer) {
                Ok(n) if n > 0 => text.extend(buffer.get(..n).unwrap_or_default()),
                _ => break,
            }
            found = groups(regex, &String::from_utf8_lossy(&text));
            if found.is_some() {
                break;
            }
        }
        let _ = stream.flush();
        let _ = stream.shutdown(Shutdown::Both);
        found
    }

    fn connections(&self, host: &mut Host<'_>) -> bool {
        let port = self.port.and_then(|p| u16::try_from(p).ok()).unwrap_or(0);
        let states: Vec<_> = self
            .active_connection_states
            .iter()
            .filter_map(|s| state_number(s))
            .collect();
        let mine: Vec<_> = resolve(host, &self.host);
        let every = mine.iter().any(|a| a.is_unspecified());
        let excluded: Vec<_> = self
            .exclude_hosts
            .iter()
            .flatten()
            .flat_map(|h| resolve(host, h))
            .collect();
        tcp_table::read().iter().any(|c| {
            c.local.1 == port
                && states.contains(&c.state)
                && (every || mine.contains(&c.local.0) || c.local.0.is_unspecified())
                && !excluded.contains(&c.remote.0)
        })
    }

    fn late(&self, started: Instant, words: String) -> Failure {
        let elapsed = i64::try_from(started.elapsed().as_secs()).unwrap_or(0);
        Failure::new(self.msg.clone().unwrap_or(words)).with("elapsed", elapsed)
    }

    /// A file that cannot be looked at for another reason than that it is not there is not waited for.
    fn examine(&self, started: Instant) -> Result<(), Failure> {
        let Some(path) = self.path.as_ref().filter(|_| self.state != "absent") else {
            return Ok(());
        };
        match std::fs::metadata(expand(&path.to_string_lossy())) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(self.late(started, format!("Failed to stat {}, {e}", path.display())))
            }
            _ => Ok(()),
        }
    }

    fn words(&self) -> String {
        let path = self.path.as_ref().map(|p| p.display().to_string());
        let port = self.port.unwrap_or(0);
        match (self.state.as_str(), path, &self.search_regex) {
            ("absent" | "stopped", Some(path), _) => format!("Timeout when waiting for {path} to be absent."),
            ("absent" | "stopped", None, _) => {
                format!("Timeout when waiting for {}:{port} to stop.", self.host)
            }
            ("drained", _, _) => format!("Timeout when waiting for {}:{port} to drain", self.host),
            (_, Some(path), Some(r)) => format!("Timeout when waiting for search string {r} in {path}"),
            (_, Some(path), None) => format!("Timeout when waiting for file {path}"),
            (_, None, Some(r)) => format!(
                "Timeout when waiting for search string {r} in {}:{port}",
                self.host
            ),
            (_, None, None) => format!("Timeout when waiting for {}:{port}", self.host),
        }
    }

    /// One look; what was found in the text, if it is as wanted.
    fn look(
        &self,
        host: &mut Host<'_>,
        regex: Option<&Pattern>,
        left: Duration,
    ) -> Option<(Vec<Value>, Map)> {
        let nothing = Some((Vec::new(), Map::new()));
        let path = self
            .path
            .as_ref()
            .map(|p| PathBuf::from(expand(&p.to_string_lossy())));
        match (self.state.as_str(), path) {
            ("absent" | "stopped", Some(path)) => nothing.filter(|_| !path.exists()),
            ("absent" | "stopped", None) => nothing.filter(|_| self.connect(host, left).is_none()),
            ("drained", _) => nothing.filter(|_| !self.connections(host)),
            (_, Some(path)) => match regex {
                None => nothing.filter(|_| path.exists()),
                Some(regex) => groups(regex, &String::from_utf8_lossy(&std::fs::read(path).ok()?)),
            },
            (_, None) => {
                let stream = self.connect(host, left)?;
                match regex {
                    None => nothing,
                    Some(regex) => self.search_stream(stream, regex, left),
                }
            }
        }
    }
}

/// The groups of the first match, and those that have names.
fn groups(regex: &Pattern, text: &str) -> Option<(Vec<Value>, Map)> {
    let captures = regex.captures(text).ok()??;
    let value = |m: Option<fancy_regex::Match<'_>>| m.map_or(Value::None, |m| Value::str(m.as_str()));
    let list = (1..captures.len()).map(|i| value(captures.get(i))).collect();
    let named = regex.names();
    Some((list, named.map(|n| (n, value(captures.name(n)))).collect()))
}

impl Module for WaitFor {
    const META: Meta = Meta {
        name: "ansible.builtin.wait_for",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[
            Return {
                name: "elapsed",
                doc: "Seconds that it took.",
            },
            Return {
                name: "match_groups",
                doc: "What the pattern's groups matched.",
            },
            Return {
                name: "match_groupdict",
                doc: "What the pattern's named groups matched.",
            },
        ],
        examples: &[Example {
            title: "Wait for a text in a file",
            args: r#"{"path": "{dir}/log", "search_regex": "^ready (?P<what>.*)$", "timeout": 5}"#,
            given: &[("log", "starting\nready now\n")],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(mut self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let given = self.path.clone();
        self.path = self.path.filter(|p| !p.as_os_str().is_empty());
        if self.port.is_some_and(|p| u16::try_from(p).is_err()) {
            return Err(Failure::new("port must be between 0 and 65535"));
        }
        let told = |message: &str| Err(Failure::new(message).with("elapsed", 0_i64));
        match (&self.path, self.state.as_str()) {
            (Some(_), _) if self.port.is_some() => {
                return told("port and path parameter can not both be passed to wait_for");
            }
            (Some(_), state @ ("stopped" | "drained")) => {
                return told(&format!(
                    "state={state} should only be used for checking a port in the wait_for module"
                ));
            }
            (None, "drained") if self.port.is_none() => {
                return Err("state=drained should only be used for checking a port".into());
            }
            _ => {}
        }
        if self.exclude_hosts.is_some() && self.state != "drained" {
            return told("exclude_hosts should only be with state=drained");
        }
        for state in &self.active_connection_states {
            if state_number(state).is_none() {
                return Err(
                    Failure::new(format!("unknown active_connection_state ({state}) defined"))
                        .with("elapsed", 0_i64),
                );
            }
        }
        let regex = match &self.search_regex {
            Some(text) => {
                let flags = Flags {
                    multiline: true,
                    ..Flags::default()
                };
                Some(
                    compile(text, flags)
                        .map_err(|e| Failure::new(format!("Invalid regular expression: {e}")))?,
                )
            }
            None => None,
        };
        let started = Instant::now();
        let pause = |host: &mut Host<'_>, seconds: u64| {
            let end = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < end && !host.link().cancelled() {
                let rest = end.saturating_duration_since(Instant::now());
                std::thread::sleep(rest.min(Duration::from_millis(200)));
            }
        };
        pause(host, self.delay);
        let mut found = (Vec::new(), Map::new());
        let limit = Duration::from_secs(self.timeout);
        if self.port.is_none() && self.path.is_none() && self.state != "drained" {
            pause(host, self.timeout);
        } else {
            loop {
                let left = limit.saturating_sub(started.elapsed());
                self.examine(started)?;
                if let Some(groups) = self.look(host, regex.as_ref(), left) {
                    found = groups;
                    break;
                }
                if started.elapsed() >= limit {
                    return Err(self.late(started, self.words()));
                }
                if host.link().cancelled() {
                    return Err(Failure::new("the task was cancelled"));
                }
                let rest = limit.saturating_sub(started.elapsed()).as_secs_f64().ceil() as u64;
                pause(host, self.sleep.min(rest).max(1));
            }
        }
        let out = Outcome::new()
            .with("state", self.state)
            .with("port", self.port.map_or(Value::None, Value::Int))
            .with("search_regex", self.search_regex)
            .with("match_groups", Value::list(found.0))
            .with("match_groupdict", found.1)
            .with("path", given.map(|p| p.to_string_lossy().into_owned()))
            .with("elapsed", i64::try_from(started.elapsed().as_secs()).unwrap_or(0));
        if let Some(path) = &self.path {
            let path = PathBuf::from(expand(&path.to_string_lossy()));
            if path.exists() {
                for (key, value) in file_info(&path, host.accounts()).entries() {
                    out.values.insert(key, value);
                }
            }
        }
        Ok(out)
    }
}
