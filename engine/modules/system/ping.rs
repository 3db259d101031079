//! `ping`: the host answers.

use crate::prelude::*;

/// Check that a host can be reached and its agent works
///
/// Answers `pong`, or `data`; `data: crash` fails on purpose.
#[derive(Params)]
pub struct Ping {
    /// What to answer.
    #[param(default = "pong")]
    data: String,
}

impl Module for Ping {
    const META: Meta = Meta {
        name: "ansible.builtin.ping",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ping",
            doc: "The value of `data`.",
        }],
        examples: &[Example {
            title: "Answer",
            args: r#"{"data": "hello"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, _host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.data == "crash" {
            return Err(Failure::new("Task failed: Module failed: boom"));
        }
        Ok(Outcome::new().with("ping", self.data))
    }
}
