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

fn describe(files: &dyn Fn(&str) -> Option<String>, lsb: bool, out: &Map) {
    let text = files("/etc/os-release").or_else(|| files("/usr/lib/os-release"));
    let release = OsRelease::parse(&text.clone().unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::describe;
    use kdo_value::{Map, json};

    type Case = (
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
    );

    const CASES: &[Case] = &[
        (
            "fedora",
            &[
                (
                    "/etc/os-release",
                    "NAME=\"Fedora Linux\"\nVERSION=\"39 (Server Edition)\"\nID=fedora\nVERSION_ID=39\nVERSION_CODENAME=\"\"\n",
                ),
                ("/etc/redhat-release", "Fedora release 39 (Thirty Nine)"),
            ],
            "Fedora 39 39 '' RedHat /etc/redhat-release RedHat",
        ),
        (
            "rocky",
            &[
                (
                    "/etc/os-release",
                    "NAME=\"Rocky Linux\"\nVERSION=\"9.3 (Blue Onyx)\"\nID=\"rocky\"\nVERSION_ID=\"9.3\"\n",
                ),
                ("/etc/redhat-release", "Rocky Linux release 9.3 (Blue Onyx)"),
            ],
            "Rocky 9.3 9 'Blue Onyx' RedHat /etc/redhat-release RedHat",
        ),
        (
            "centos stream",
            &[
                (
                    "/etc/os-release",
                    "NAME=\"CentOS Stream\"\nVERSION=\"9\"\nID=\"centos\"\nVERSION_ID=\"9\"\n",
                ),
                ("/etc/centos-release", "CentOS Stream release 9"),
                ("/etc/redhat-release", "CentOS Stream release 9"),
            ],
            "CentOS 9 9 'Stream' RedHat /etc/centos-release CentOS",
        ),
        (
            "centos 7",
            &[
                (
                    "/etc/os-release",
                    "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nVERSION_ID=\"7\"\n",
                ),
                ("/etc/centos-release", "CentOS Linux release 7.9.2009 (Core)"),
                ("/etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)"),
            ],
            "CentOS 7.9 7 'Core' RedHat /etc/redhat-release RedHat",
        ),
        (
            "rhel",
            &[
                (
                    "/etc/os-release",
                    "NAME=\"Red Hat Enterprise Linux\"\nVERSION=\"8.6 (Ootpa)\"\nID=\"rhel\"\nVERSION_ID=\"8.6\"\n",
                ),
                (
                    "/etc/redhat-release",
                    "Red Hat Enterprise Linux release 8.6 (Ootpa)",
                ),
            ],
            "RedHat 8.6 8 'Ootpa' RedHat /etc/redhat-release RedHat",
        ),
        (
            "leap",
            &[(
                "/etc/os-release",
                "NAME=\"openSUSE Leap\"\nVERSION=\"15.5\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\nVERSION_ID=\"15.5\"\n",
            )],
            "openSUSE Leap 15.5 15 '5' Suse /etc/os-release SUSE",
        ),
        (
            "tumbleweed",
            &[(
                "/etc/os-release",
                "NAME=\"openSUSE Tumbleweed\"\nID=\"opensuse-tumbleweed\"\nVERSION_ID=\"20230101\"\n",
            )],
            "openSUSE Tumbleweed 20230101 20230101 '' Suse /etc/os-release SUSE",
        ),
        (
            "alpine",
            &[
                (
                    "/etc/os-release",
                    "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.18.4\n",
                ),
                ("/etc/alpine-release", "3.18.4"),
            ],
            "Alpine 3.18.4 3 'NA' Alpine /etc/alpine-release Alpine",
        ),
        (
            "arch",
            &[
                ("/etc/os-release", "NAME=\"Arch Linux\"\nID=arch\n"),
                ("/etc/arch-release", ""),
            ],
            "Archlinux NA NA 'NA' Archlinux /etc/arch-release Archlinux",
        ),
        (
            "ubuntu",
            &[
                (
                    "/etc/os-release",
                    "PRETTY_NAME=\"Ubuntu 22.04.3 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nVERSION=\"22.04.3 LTS (Jammy Jellyfish)\"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n",
                ),
                ("/etc/debian_version", "bookworm/sid"),
            ],
            "Ubuntu 22.04 22 'jammy' Debian /etc/os-release Debian",
        ),
        (
            "debian",
            &[
                (
                    "/etc/os-release",
                    "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"11\"\nVERSION=\"11 (bullseye)\"\nVERSION_CODENAME=bullseye\nID=debian\n",
                ),
                ("/etc/debian_version", "11.7"),
            ],
            "Debian 11.7 11 'bullseye' Debian /etc/os-release Debian",
        ),
        (
            "amazon",
            &[(
                "/etc/os-release",
                "NAME=\"Amazon Linux\"\nVERSION=\"2023\"\nID=\"amzn\"\nVERSION_ID=\"2023\"\n",
            )],
            "Amazon 2023 2023 'NA' RedHat /etc/os-release Amazon",
        ),
        (
            "mint",
            &[(
                "/etc/os-release",
                "NAME=\"Linux Mint\"\nVERSION=\"21.2 (Victoria)\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"21.2\"\nVERSION_CODENAME=victoria\n",
            )],
            "Linux Mint 21.2 21 'victoria' Debian /etc/os-release Debian",
        ),
        ("busybox", &[], "OtherLinux NA NA 'NA' OtherLinux - -"),
    ];

    #[test]
    fn distributions_are_told_as_ansible_tells_them() {
        for (what, given, wanted) in CASES {
            let files = |path: &str| {
                given
                    .iter()
                    .find(|(p, _)| *p == path)
                    .map(|(_, c)| (*c).to_owned())
            };
            let out = Map::new();
            describe(&files, false, &out);
            let get = |key: &str| out.get(key).map_or_else(|| "-".to_owned(), |v| v.to_text());
            let is = format!(
                "{} {} {} '{}' {} {} {}",
                get("distribution"),
                get("distribution_version"),
                get("distribution_major_version"),
                get("distribution_release"),
                get("os_family"),
                get("distribution_file_path"),
                get("distribution_file_variety")
            );
            assert_eq!(is, *wanted, "{what}: {}", json::line(&out.into()));
        }
    }
}
