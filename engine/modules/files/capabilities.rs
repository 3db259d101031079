//! `capabilities`: what a program may do without being root.

use crate::{host::Command, prelude::*};

#[derive(Choice, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Present,
}

/// Give a program capabilities of the kernel, or take them away
#[derive(Params)]
pub struct Capabilities {
    /// The program's file.
    #[param(required, alias = "key")]
    path: String,
    /// The capability with its flags: `cap_net_bind_service=ep`. To take one away the name is enough.
    #[param(required, alias = "cap")]
    capability: String,
    /// Whether the program should have it.
    #[param(default = "present")]
    state: State,
}

/// A capability and what of it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Capability {
    name: String,
    operator: char,
    flags: String,
}

impl Capability {
    /// Reads `name`, operator and flags; `None` without an operator.
    fn parse(text: &str) -> Option<Self> {
        let at = text.find(['=', '-', '+'])?;
        let (name, rest) = text.split_at(at);
        Some(Self {
            name: name.to_owned(),
            operator: rest.chars().next()?,
            flags: rest.get(1..)?.to_owned(),
        })
    }

    /// Whether both leave the same flags set on a capability that has none.
    fn equals(&self, other: &Self) -> bool {
        let set = |c: &Self| {
            let mut flags: Vec<char> = c.flags.chars().filter(|_| c.operator != '-').collect();
            flags.sort_unstable();
            flags.dedup();
            flags
        };
        self.name == other.name && set(self) == set(other)
    }

    fn text(&self) -> String {
        format!("{}{}{}", self.name, self.operator, self.flags)
    }
}

/// What `getcap -v` prints of a file, `/path cap_a,cap_b=ep cap_c+i` (older ones: `/path = cap_a,cap_b+ep`); `None`
/// where it cannot be understood.
fn parse(printed: &str, path: &str) -> Option<Vec<Capability>> {
    let rest = printed.trim().strip_prefix(path)?.trim_start();
    let rest = rest.strip_prefix("= ").unwrap_or(rest);
    if rest.ends_with(')') {
        return None;
    }
    let mut out = Vec::new();
    for clause in rest.split_whitespace().filter(|c| *c != "=") {
        let group = Capability::parse(&clause.to_lowercase())?;
        for name in group.name.split(',') {
            out.push(Capability {
                name: name.to_owned(),
                ..group.clone()
            });
        }
    }
    Some(out)
}

impl Capabilities {
    fn now(&self, host: &mut Host<'_>, path: &str) -> Result<Vec<Capability>, Failure> {
        let program = host.need_program("getcap", "libcap2-bin")?;
        let out = host.query(Command::new(program).arg("-v").arg(path))?;
        let printed = out.stdout_text();
        match parse(&printed, path) {
            Some(list) if out.rc == 0 && out.stderr.is_empty() => Ok(list),
            _ => Err(Failure::new(format!("Unable to get capabilities of {path}"))
                .with("stdout", printed.trim())
                .with("stderr", out.stderr_text())),
        }
    }
}

impl Module for Capabilities {
    const META: Meta = Meta {
        name: "community.general.capabilities",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "stdout",
            doc: "What `setcap` printed, after a change.",
        }],
        examples: &[Example {
            title: "A server that may use low ports",
            args: r#"{"path": "/opt/server/bin/server", "capability": "cap_net_bind_service=ep"}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let path = self.path.trim();
        let text = self.capability.trim().to_lowercase();
        let present = self.state == State::Present;
        let wanted = Capability::parse(&text);
        if present && wanted.is_none() {
            return Err("Couldn't find operator (one of: ('=', '-', '+'))".into());
        }
        let name = wanted.as_ref().map_or(text.as_str(), |w| w.name.as_str());
        let mut list = self.now(host, path)?;
        let same = match &wanted {
            Some(wanted) if present => list.iter().any(|c| c.equals(wanted)),
            _ => list.iter().all(|c| c.name != name),
        };
        let state = if present { "present" } else { "absent" };
        if same {
            return Ok(Outcome::new().with("state", state));
        }
        list.retain(|c| c.name != name);
        list.extend(wanted.filter(|_| present));
        let program = host.need_program("setcap", "libcap2-bin")?;
        let words: Vec<_> = list.iter().map(Capability::text).collect();
        let outcome = Outcome::new().with("msg", "capabilities changed");
        let Some(out) = host.execute(Command::new(program).arg(words.join(" ")).arg(path))? else {
            return Ok(outcome);
        };
        if out.rc != 0 {
            return Err(Failure::new(format!("Unable to set capabilities of {path}"))
                .with("stdout", out.stdout_text())
                .with("stderr", out.stderr_text()));
        }
        Ok(outcome.with("state", state).with("stdout", out.stdout_text()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Capability, parse};

    #[test]
    fn what_getcap_prints_is_understood() {
        let names = |text: &str| {
            parse(text, "/a b").map(|list| list.iter().map(Capability::text).collect::<Vec<_>>().join(" "))
        };
        for (printed, list) in [
            ("/a b\n", Some("")),
            ("/a b =\n", Some("")),
            ("/a b cap_chown,cap_kill=ep\n", Some("cap_chown=ep cap_kill=ep")),
            ("/a b = cap_chown,cap_kill+ep", Some("cap_chown+ep cap_kill+ep")),
            (
                "/a b cap_net_raw=eip cap_chown+ep",
                Some("cap_net_raw=eip cap_chown+ep"),
            ),
            ("/a b (No such file or directory)", None),
            ("/a b nonsense", None),
            ("", None),
        ] {
            assert_eq!(names(printed).as_deref(), list, "{printed}");
        }
    }

    #[test]
    fn flags_count_however_they_are_written() {
        let equal = |a: &str, b: &str| {
            Capability::parse(a)
                .zip(Capability::parse(b))
                .is_some_and(|(a, b)| a.equals(&b))
        };
        assert!(equal("cap_kill=ep", "cap_kill+pe"));
        assert!(!equal("cap_kill=ep", "cap_kill=eip"));
        assert!(!equal("cap_kill=ep", "cap_chown=ep"));
        assert!(!equal("cap_kill=ep", "cap_kill-ep"));
    }
}
