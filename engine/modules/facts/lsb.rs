//! Facts of the Linux Standard Base.

use super::{Gather, os_release::OsRelease, source};
use crate::host::Command;
use kdo_value::Map;

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let out = Map::new();
    let file = source::text("/etc/lsb-release");
    if let Some(program) = g.host.find_program("lsb_release") {
        let release = OsRelease::parse(&source::text("/etc/os-release").unwrap_or_default());
        match release.get("ID") {
            // There the program itself only reads these files.
            Some(id @ ("debian" | "ubuntu")) => {
                let lsb = OsRelease::parse(&file.unwrap_or_default());
                let pick = |key: &str, other: &str| {
                    lsb.word(key)
                        .or_else(|| release.word(other))
                        .unwrap_or("n/a")
                        .to_owned()
                };
                out.insert(
                    "id",
                    lsb.word("DISTRIB_ID")
                        .unwrap_or(if id == "debian" { "Debian" } else { "Ubuntu" }),
                );
                out.insert("release", pick("DISTRIB_RELEASE", "VERSION_ID"));
                out.insert("codename", pick("DISTRIB_CODENAME", "VERSION_CODENAME"));
                out.insert("description", pick("DISTRIB_DESCRIPTION", "PRETTY_NAME"));
            }
            _ => {
                let answer = g.host.query(Command::new(program).arg("-a").timeout(g.limit));
                let text = answer.map(|a| a.stdout_text()).unwrap_or_default();
                for (key, label) in [
                    ("id", "Distributor ID:"),
                    ("release", "Release:"),
                    ("codename", "Codename:"),
                    ("description", "Description:"),
                    ("lsb_version", "LSB Version:"),
                ] {
                    if let Some(value) = text.lines().find_map(|l| l.strip_prefix(label)) {
                        out.insert(
                            if key == "lsb_version" { "release" } else { key },
                            value.trim().trim_matches('"'),
                        );
                    }
                }
            }
        }
    } else if let Some(text) = file {
        let lsb = OsRelease::parse(&text);
        for (key, name) in [
            ("id", "DISTRIB_ID"),
            ("release", "DISTRIB_RELEASE"),
            ("description", "DISTRIB_DESCRIPTION"),
            ("codename", "DISTRIB_CODENAME"),
        ] {
            if let Some(value) = lsb.get(name) {
                out.insert(key, value);
            }
        }
    }
    if let Some(release) = out.get("release") {
        let release = release.to_text();
        out.insert("major_release", release.split('.').next().unwrap_or(""));
    }
    g.facts.insert("lsb", out);
}
