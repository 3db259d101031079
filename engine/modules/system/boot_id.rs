//! `kdo.boot_id`: which boot of the host this is.

use crate::prelude::*;
use std::fs;

/// Tell which boot of the host this is, and for how long it has been up
#[derive(Params)]
pub struct BootId;

impl Module for BootId {
    const META: Meta = Meta {
        name: "kdo.boot_id",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[
            Return {
                name: "boot_id",
                doc: "A text that is another after each boot.",
            },
            Return {
                name: "uptime",
                doc: "Seconds since the boot.",
            },
        ],
        examples: &[Example {
            title: "Which boot is it?",
            args: "{}",
            given: &[],
            then: &[],
            changed: false,
            runs: true,
        }],
    };

    fn run(self, _host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let text = |p: &str| fs::read_to_string(p).unwrap_or_default().trim().to_owned();
        let uptime = text("/proc/uptime");
        let uptime = uptime
            .split(' ')
            .next()
            .and_then(|s| s.parse::<f64>().ok())
            .unwrap_or(0.0);
        Ok(Outcome::new()
            .with("boot_id", text("/proc/sys/kernel/random/boot_id"))
            .with("uptime", uptime))
    }
}
