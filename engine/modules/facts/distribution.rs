//! Which distribution, told as Ansible tells it: by its release files in a fixed order, then by `os-release`.

use super::{Gather, os_release::OsRelease, source};
use kdo_value::Map;

/// A release file, what kind of file it is taken for, and whether it may be empty.
const FILES: &[(&str, &str)] = &[
    ("/etc/altlinux-release", "Altlinux"),
    ("/etc/oracle-release", "OracleLinux"),
    ("/etc/slackware-version", "Slackware"),
    ("/etc/centos-release", "CentOS"),
    ("/etc/redhat-release", "RedHat"),
    ("/etc/vmware-release", "VMwareESX"),
    ("/etc/openwrt_release", "OpenWrt"),
    ("/etc/os-release", "Amazon"),
    ("/etc/system-release", "Amazon"),
    ("/etc/alpine-release", "Alpine"),
    ("/etc/arch-release", "Archlinux"),
    ("/etc/os-release", "Archlinux"),
    ("/etc/os-release", "SUSE"),
    ("/etc/os-release", "Debian"),
    ("/etc/lsb-release", "Debian"),
    ("/etc/gentoo-release", "Gentoo"),
    ("/etc/os-release", "Flatcar"),
    ("/etc/os-release", "NA"),
];

/// Families of distributions whose name is not the family's.
const FAMILIES: &[(&str, &[&str])] = &[
    (
        "RedHat",
        &[
            "RedHat",
            "RHEL",
            "Fedora",
            "CentOS",
            "Scientific",
            "SLC",
            "Ascendos",
            "CloudLinux",
            "PSBM",
            "OracleLinux",
            "OVS",
            "OEL",
            "Amazon",
            "Amzn",
            "Virtuozzo",
            "XenServer",
            "Alibaba",
            "EulerOS",
            "openEuler",
            "AlmaLinux",
            "Rocky",
            "TencentOS",
            "EuroLinux",
            "Kylin Linux Advanced Server",
            "MIRACLE",
            "Red",
            "Anolis",
        ],
    ),
    (
        "Debian",
        &[
            "Debian",
            "Ubuntu",
            "Raspbian",
            "Neon",
            "KDE neon",
            "Linux Mint",
            "SteamOS",
            "Devuan",
            "Kali",
            "Cumulus Linux",
            "Pop!_OS",
            "Parrot",
            "Pardus GNU/Linux",
            "Uos",
            "Deepin",
            "OSMC",
        ],
    ),
    (
        "Suse",
        &[
            "SuSE",
            "SLES",
            "SLED",
            "openSUSE",
            "openSUSE Tumbleweed",
            "SLES_SAP",
            "SUSE_LINUX",
            "openSUSE Leap",
            "ALP-Dolomite",
            "SL-Micro",
            "openSUSE MicroOS",
        ],
    ),
    ("Archlinux", &["Archlinux", "Antergos", "Manjaro"]),
    ("Mandrake", &["Mandrake", "Mandriva"]),
    ("Slackware", &["Slackware"]),
    ("Altlinux", &["Altlinux"]),
    ("Gentoo", &["Gentoo", "Funtoo"]),
    ("Alpine", &["Alpine"]),
    ("Flatcar", &["Flatcar"]),
];

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let lsb = g.host.find_program("lsb_release").is_some();
    let files = |path: &str| source::text(path);
    describe(&files, lsb, &g.facts);
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| {
        c.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase()
    })
}

/// The name in parentheses, `9.3 (Blue Onyx)`.
fn in_parentheses(text: &str) -> Option<&str> {
    text.split_once('(')?
        .1
        .split_once(')')
        .map(|(name, _)| name.trim())
}

/// The first `1.2.3` of a text.
fn number(text: &str) -> Option<String> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = text.get(start..)?;
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    rest.get(..end).map(|n| n.trim_end_matches('.').to_owned())
}

pub(super) fn describe(files: &dyn Fn(&str) -> Option<String>, lsb: bool, out: &Map) {
    let text = files("/etc/os-release").or_else(|| files("/usr/lib/os-release"));
    let release = OsRelease::parse(&text.unwrap_or_default());
    let missing = if lsb { "n/a" } else { "NA" };
    let id = release.word("ID").unwrap_or("").to_lowercase();
    let name = match id.as_str() {
        "" if lsb => "N/a".to_owned(),
        "" => "OtherLinux".to_owned(),
        "amzn" => "Amazon".into(),
        "rhel" => "Redhat".into(),
        other => capitalized(other),
    };
    let mut version = release.word("VERSION_ID").map(str::to_owned);
    if id == "debian" {
        let exact = files("/etc/debian_version");
        let exact = exact
            .filter(|e| !e.is_empty() && (number(e).as_deref() == Some(e) || (version.is_none() && !lsb)));
        version = exact.or(version);
    } else if id == "centos" {
        let exact = files("/etc/centos-release").and_then(|t| number(&t));
        let short = exact.map(|e| e.split('.').take(2).collect::<Vec<_>>().join("."));
        version = short.or(version);
    }
    let version = version.unwrap_or_else(|| missing.to_owned());
    let code = release
        .get("VERSION_CODENAME")
        .or_else(|| release.get("UBUNTU_CODENAME"));
    let code = code
        .map(str::to_owned)
        .or_else(|| release.get("VERSION").and_then(in_parentheses).map(str::to_owned));
    let code = code.unwrap_or_else(|| missing.to_owned());
    out.insert("distribution", name.as_str());
    out.insert("distribution_version", version.as_str());
    out.insert("distribution_release", code.as_str());
    out.insert(
        "distribution_major_version",
        version.split('.').next().unwrap_or("NA"),
    );
    for (path, kind) in FILES {
        let Some(content) = files(path) else { continue };
        if recognise(kind, path, &content, &release, files, out) {
            out.insert("distribution_file_path", *path);
            out.insert("distribution_file_variety", *kind);
            if !(*kind == "Archlinux" && content.is_empty()) {
                out.insert("distribution_file_parsed", true);
            }
            break;
        }
    }
    let name = out.get("distribution").map(|n| n.to_text()).unwrap_or_default();
    let family = FAMILIES
        .iter()
        .find(|(_, members)| members.contains(&name.as_str()));
    out.insert("os_family", family.map_or(name.as_str(), |(f, _)| f));
}

fn recognise(
    kind: &str,
    path: &str,
    content: &str,
    release: &OsRelease,
    files: &dyn Fn(&str) -> Option<String>,
    out: &Map,
) -> bool {
    let first = content.split_whitespace().next().unwrap_or("");
    match kind {
        "Altlinux" | "OracleLinux" | "RedHat" => {
            let search = match kind {
                "Altlinux" => "ALT",
                "OracleLinux" => "Oracle Linux",
                _ => "Red Hat",
            };
            if content.contains(search) {
                out.insert("distribution", kind);
                out.insert("distribution_file_search_string", search);
            } else if first.is_empty() {
                return false;
            } else {
                out.insert("distribution", first);
            }
            true
        }
        "CentOS" => {
            let stream = content.contains("CentOS Stream");
            if stream {
                out.insert("distribution", "CentOS");
                out.insert("distribution_release", "Stream");
            } else if content.contains("TencentOS Server") {
                out.insert("distribution", "TencentOS");
            }
            stream || content.contains("TencentOS Server")
        }
        "Slackware" if content.contains("Slackware") => {
            out.insert("distribution", "Slackware");
            if let Some(version) = number(content) {
                out.insert("distribution_version", version);
            }
            true
        }
        "OpenWrt" if content.contains("OpenWrt") => {
            let openwrt = OsRelease::parse(content);
            out.insert("distribution", "OpenWrt");
            for (fact, key) in [
                ("distribution_version", "DISTRIB_RELEASE"),
                ("distribution_release", "DISTRIB_CODENAME"),
            ] {
                if let Some(value) = openwrt.word(key) {
                    out.insert(fact, value);
                }
            }
            true
        }
        "Amazon" if content.contains("Amazon") => {
            out.insert("distribution", "Amazon");
            let version = if path == "/etc/os-release" {
                release.word("VERSION_ID").map(str::to_owned)
            } else {
                number(content)
            };
            if let Some(version) = version {
                let mut parts = version.split('.');
                out.insert("distribution_major_version", parts.next().unwrap_or(""));
                out.insert("distribution_minor_version", parts.next().unwrap_or("NA"));
                out.insert("distribution_version", version.as_str());
            }
            true
        }
        "Alpine" => {
            out.insert("distribution", "Alpine");
            out.insert("distribution_version", content);
            out.insert(
                "distribution_major_version",
                content.split('.').next().unwrap_or(""),
            );
            true
        }
        "Archlinux" if path == "/etc/arch-release" || content.contains("Arch Linux") => {
            out.insert("distribution", "Archlinux");
            true
        }
        "SUSE" => suse(content, release, out),
        "Debian" => debian(content, files, out),
        "Gentoo" if content.contains("Gentoo") => {
            out.insert("distribution", "Gentoo");
            true
        }
        "Flatcar" if release.get("ID") == Some("flatcar") => {
            out.insert("distribution", "Flatcar");
            if let Some(version) = release.word("VERSION") {
                out.insert("distribution_version", version);
                out.insert(
                    "distribution_major_version",
                    version.split('.').next().unwrap_or(""),
                );
            }
            true
        }
        "NA" => {
            if let Some(name) = release.word("NAME") {
                out.insert("distribution", name);
            }
            if let Some(version) = release.word("VERSION_ID") {
                out.insert("distribution_version", version);
            }
            release.word("NAME").is_some()
        }
        _ => false,
    }
}

fn suse(content: &str, release: &OsRelease, out: &Map) -> bool {
    let all = content.to_lowercase();
    if !all.contains("suse") {
        return false;
    }
    if let Some(name) = release.word("NAME") {
        out.insert("distribution", name);
    }
    if let Some(version) = release.word("VERSION_ID") {
        out.insert("distribution_version", version);
        let mut parts = version.split('.');
        out.insert("distribution_major_version", parts.next().unwrap_or(""));
        out.insert("distribution_release", parts.next().unwrap_or(""));
    }
    if release.word("VARIANT_ID") == Some("sles-sap") || release.get("ID") == Some("sles_sap") {
        out.insert("distribution", "SLES_SAP");
    }
    true
}

fn debian(content: &str, files: &dyn Fn(&str) -> Option<String>, out: &Map) -> bool {
    let has = |word: &str| content.contains(word);
    let release = OsRelease::parse(content);
    if has("Debian") || has("Raspbian") {
        out.insert("distribution", "Debian");
        if let Some(code) = release.get("PRETTY_NAME").and_then(in_parentheses) {
            out.insert("distribution_release", code.rsplit(' ').next().unwrap_or(code));
        }
        let exact = files("/etc/debian_version").and_then(|t| {
            let (major, minor) = t.split_once('.')?;
            (major.parse::<u32>().is_ok()).then(|| number(minor))?
        });
        if let Some(minor) = exact {
            out.insert("distribution_minor_version", minor);
        }
        return true;
    }
    for (word, name) in [
        ("Ubuntu", "Ubuntu"),
        ("SteamOS", "SteamOS"),
        ("Kali", "Kali"),
        ("Parrot", "Parrot"),
        ("Devuan", "Devuan"),
        ("Cumulus", "Cumulus Linux"),
        ("Mint", "Linux Mint"),
        ("UOS", "Uos"),
        ("Uos", "Uos"),
        ("uos", "Uos"),
        ("Deepin", "Deepin"),
        ("deepin", "Deepin"),
        ("LMDE", "Linux Mint"),
    ] {
        if has(word) {
            out.insert("distribution", name);
            return true;
        }
    }
    false
}
