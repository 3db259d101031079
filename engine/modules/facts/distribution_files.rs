//! What each distribution's release file says beside or instead of the first guess.

use super::distribution::Files;
use crate::pyregex::{Flags, compile};
use kdo_value::Map;

/// What a pattern's first group is at its first match.
fn found(pattern: &str, text: &str) -> Option<String> {
    let pattern = compile(pattern, Flags::default()).ok()?;
    let found = pattern.captures(text).ok()??;
    found.get(1).map(|g| g.as_str().to_owned())
}

/// The rest of the line after the first mention of `key`.
fn after<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(key)?;
    rest.split('\n').next()
}

/// The value in double quotes after the first `key="` that is closed on its line.
fn quoted<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let opening = format!("{key}=\"");
    let mut rest = text;
    while let Some((_, more)) = rest.split_once(opening.as_str()) {
        let line = more.split('\n').next()?;
        if let Some(end) = line.rfind('"') {
            return line.get(..end);
        }
        rest = more;
    }
    None
}

fn bare(value: &str) -> &str {
    value.trim_matches('"')
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or("")
}

/// The facts of a release file taken for this distribution's; `None` if it is another's.
pub(super) fn parse(
    kind: &str,
    path: &str,
    data: &str,
    id: &str,
    files: &dyn Files,
    known: &Map,
) -> Option<Map> {
    let out = Map::new();
    let has = |word: &str| data.contains(word);
    let searched = match kind {
        "OracleLinux" => "Oracle Linux",
        "RedHat" => "Red Hat",
        "Altlinux" => "ALT",
        "SMGL" => "Source Mage GNU/Linux",
        _ => "",
    };
    match kind {
        _ if !searched.is_empty() => {
            if has(searched) {
                out.insert("distribution", kind);
                out.insert("distribution_file_search_string", searched);
            } else {
                out.insert("distribution", data.split_whitespace().next()?);
            }
        }
        "Archlinux" if has("Arch Linux") => {}
        "Slackware" if has("Slackware") => {
            if let Some(version) = found(r"(\w+[.]\w+\+?)", data) {
                out.insert("distribution_version", version);
            }
        }
        "CentOS" if has("CentOS Stream") => {
            out.insert("distribution_release", "Stream");
        }
        "CentOS" if has("TencentOS Server") => {
            out.insert("distribution", "TencentOS");
        }
        "OpenWrt" if has("OpenWrt") => release_and_codename(data, &out),
        "Mandriva" if has("Mandriva") => release_and_codename(data, &out),
        "Amazon" if has("Amazon") => amazon(path, data, &out),
        "Alpine" => {
            out.insert("distribution_version", data);
        }
        "SUSE" if data.to_lowercase().contains("suse") => suse(path, data, files, known, &out),
        "Debian" => return debian(path, data, files, known),
        "ClearLinux" => return clear_linux(data),
        "Coreos" if id == "coreos" => {
            if let Some(group) = data.lines().next().and_then(|l| l.strip_prefix("GROUP=")) {
                out.insert("distribution_release", bare(group));
            }
        }
        "Flatcar" if id == "flatcar" => {
            if let Some(version) = after(data, "VERSION=").map(bare) {
                out.insert("distribution_version", version);
                out.insert("distribution_major_version", major(version));
            }
        }
        "NA" => {
            for line in data.lines() {
                if let Some(name) = line.strip_prefix("NAME=") {
                    out.insert("distribution", bare(name));
                }
                let unknown = known
                    .get("distribution_version")
                    .is_some_and(|v| v.to_text() == "NA");
                if let Some(version) = line.strip_prefix("VERSION=").filter(|_| unknown) {
                    out.insert("distribution_version", bare(version));
                }
            }
        }
        _ => return None,
    }
    Some(out)
}

fn release_and_codename(data: &str, out: &Map) {
    for (fact, key) in [
        ("distribution_version", "DISTRIB_RELEASE"),
        ("distribution_release", "DISTRIB_CODENAME"),
    ] {
        if let Some(value) = quoted(data, key) {
            out.insert(fact, value);
        }
    }
}

fn amazon(path: &str, data: &str, out: &Map) {
    if path != "/etc/os-release" {
        let number = data
            .split_whitespace()
            .find(|w| w.chars().all(|c| c.is_ascii_digit()));
        out.insert("distribution_version", number.unwrap_or("NA"));
        return;
    }
    if let Some(version) = quoted(data, "VERSION_ID") {
        out.insert("distribution_version", version);
        let (major, minor) = version.split_once('.').unwrap_or((version, "NA"));
        out.insert("distribution_major_version", major);
        out.insert("distribution_minor_version", minor);
    }
}

fn suse(path: &str, data: &str, files: &dyn Files, known: &Map, out: &Map) {
    let all = data.to_lowercase();
    let (open, enterprise) = (all.contains("open"), all.contains("enterprise"));
    if path == "/etc/os-release" {
        for line in data.lines() {
            if let Some(name) = line.strip_prefix("NAME=") {
                out.insert("distribution", bare(name));
            }
            let Some(rest) = line.strip_prefix("VERSION_ID=") else {
                continue;
            };
            let rest = rest.strip_prefix('"').unwrap_or(rest);
            let digits = |t: &str| t.chars().take_while(char::is_ascii_digit).count();
            let whole = rest.get(..digits(rest)).unwrap_or("");
            if whole.is_empty() {
                continue;
            }
            let tail = rest.get(whole.len()..).unwrap_or("");
            let dotted = tail.strip_prefix('.');
            let minor = dotted.map_or("", |t| t.get(..digits(t)).unwrap_or(""));
            let version = match dotted {
                Some(_) => format!("{whole}.{minor}"),
                None => whole.to_owned(),
            };
            out.insert("distribution_version", version);
            out.insert("distribution_major_version", whole);
            if open {
                out.insert("distribution_release", minor);
            } else if enterprise {
                // Without a number it is the first release.
                out.insert("distribution_release", if minor.is_empty() { "0" } else { minor });
            }
        }
    } else if open {
        if let Some(name) = data.split_whitespace().next() {
            out.insert("distribution", name);
        }
        for line in data.lines() {
            if let Some(name) = found(r"CODENAME *= *([^\n]+)", line) {
                out.insert("distribution_release", name.trim());
            }
        }
    } else if enterprise {
        if data.contains("Server") {
            out.insert("distribution", "SLES");
        } else if data.contains("Desktop") {
            out.insert("distribution", "SLED");
        }
        if let Some(level) = found("PATCHLEVEL = ([0-9]+)", data) {
            let version = known.get("distribution_version").map(|v| v.to_text());
            out.insert(
                "distribution_version",
                format!("{}.{level}", version.unwrap_or_default()),
            );
            out.insert("distribution_release", level);
        }
    }
    let variant = data.lines().find_map(|l| l.strip_prefix("VARIANT_ID="));
    let product = match variant {
        Some(variant) => match bare(variant) {
            "server-sap" | "sles-sap" => "SLES_SAP",
            "transactional" => "SL-Micro",
            _ => return,
        },
        None => match files.link("/etc/products.d/baseproduct") {
            Some(target) if target.ends_with("SLES_SAP.prod") => "SLES_SAP",
            Some(target) if target.ends_with("SL-Micro.prod") => "SL-Micro",
            _ => return,
        },
    };
    out.insert("distribution", product);
}

/// The code name in parentheses at the end of a `PRETTY_NAME`.
fn pretty_codename(data: &str) -> Option<&str> {
    let (_, rest) = data.split_once("PRETTY_NAME=")?;
    let open = rest.find('(')?;
    let blank = rest.get(..open)?.rfind(' ').filter(|at| *at > 0)?;
    let name = rest.get(blank + 1..)?;
    let name = name.strip_prefix('(').unwrap_or(name);
    name.split_once(')').map(|(n, _)| n).filter(|n| !n.is_empty())
}

fn debian(path: &str, data: &str, files: &dyn Files, known: &Map) -> Option<Map> {
    let out = Map::new();
    let has = |word: &str| data.contains(word);
    let name = |name: &str| {
        out.insert("distribution", name);
    };
    let set = |fact: &str, value: Option<String>| {
        if let Some(value) = value {
            out.insert(fact, value);
        }
    };
    let version = |major_only: bool| {
        if let Some(version) = quoted(data, "VERSION_ID") {
            out.insert("distribution_version", version);
            let first = if major_only { major(version) } else { version };
            out.insert("distribution_major_version", first);
        }
    };
    if has("Debian") || has("Raspbian") {
        if let Some(code) = pretty_codename(data) {
            out.insert("distribution_release", code);
        }
        let unknown = known
            .get("distribution_release")
            .is_some_and(|v| v.to_text() == "NA");
        if unknown && has("Debian") {
            set("distribution_release", codename_of_packages(files));
        }
        let exact = files.read("/etc/debian_version").unwrap_or_default();
        for line in exact.lines() {
            set("distribution_minor_version", found(r"\d+\.(\d+)", line));
        }
    } else if has("Ubuntu") {
        name("Ubuntu");
    } else if has("SteamOS") {
        name("SteamOS");
    } else if matches!(path, "/etc/lsb-release" | "/etc/os-release") && (has("Kali") || has("Parrot")) {
        name(if has("Kali") { "Kali" } else { "Parrot" });
        set(
            "distribution_release",
            after(data, "DISTRIB_RELEASE=").map(str::to_owned),
        );
    } else if has("Devuan") {
        name("Devuan");
        set(
            "distribution_release",
            found(r#"PRETTY_NAME="?[^("]+ \(?([^) "]+)\)?"#, data),
        );
        version(false);
    } else if has("Cumulus") {
        name("Cumulus Linux");
        if let Some(version) = after(data, "VERSION_ID=") {
            out.insert("distribution_version", version);
            out.insert("distribution_major_version", major(version));
        }
        set("distribution_release", quoted(data, "VERSION").map(str::to_owned));
    } else if has("Mint") {
        name("Linux Mint");
        version(true);
    } else if ["UOS", "Uos", "uos", "Deepin", "deepin"].iter().any(|w| has(w)) {
        let uos = has("UOS") || has("Uos") || has("uos");
        name(if uos { "Uos" } else { "Deepin" });
        set(
            "distribution_release",
            found(r#"VERSION_CODENAME="?([^"]+)"?"#, data),
        );
        version(true);
    } else if has("LMDE") {
        name("Linux Mint Debian Edition");
    } else {
        return None;
    }
    Some(out)
}

/// A Debian under development has no name in its files; its package of time zones provides one: `tzdata-trixie`.
fn codename_of_packages(files: &dyn Files) -> Option<String> {
    let status = files.read("/var/lib/dpkg/status")?;
    let package = status
        .split("\n\n")
        .find(|p| p.starts_with("Package: tzdata\n"))?;
    let provides = package.lines().find_map(|l| l.strip_prefix("Provides:"))?;
    provides.split('-').nth(1).map(|name| name.trim().to_owned())
}

fn clear_linux(data: &str) -> Option<Map> {
    let out = Map::new();
    if let Some(name) = quoted(data, "NAME") {
        if !name.contains("Clear Linux") {
            return None;
        }
        out.insert("distribution", name);
    }
    if let Some(version) = after(data, "VERSION_ID=") {
        out.insert("distribution_major_version", version);
        out.insert("distribution_version", version);
    }
    if let Some(id) = after(data, "ID=") {
        out.insert("distribution_release", id);
    }
    Some(out)
}
