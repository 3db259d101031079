//! Which distribution, told as Ansible tells it: guessed by `os-release`, then by release files in a fixed order.

use super::{Gather, distribution_files, os_release::OsRelease, source};
use crate::{
    Host,
    host::Command,
    pyregex::{Flags, compile},
};
use kdo_value::Map;
use std::{
    cell::{OnceCell, RefCell},
    time::Duration,
};

/// Release files, the distribution that each is taken for, and whether its mere presence decides. The first file that
/// its distribution recognises counts.
const FILES: &[(&str, &str, bool)] = &[
    ("/etc/altlinux-release", "Altlinux", false),
    ("/etc/oracle-release", "OracleLinux", false),
    ("/etc/slackware-version", "Slackware", false),
    ("/etc/centos-release", "CentOS", false),
    ("/etc/redhat-release", "RedHat", false),
    ("/etc/vmware-release", "VMwareESX", true),
    ("/etc/openwrt_release", "OpenWrt", false),
    ("/etc/os-release", "Amazon", false),
    ("/etc/system-release", "Amazon", false),
    ("/etc/alpine-release", "Alpine", false),
    ("/etc/arch-release", "Archlinux", true),
    ("/etc/os-release", "Archlinux", false),
    ("/etc/os-release", "SUSE", false),
    ("/etc/SuSE-release", "SUSE", false),
    ("/etc/gentoo-release", "Gentoo", false),
    ("/etc/os-release", "Debian", false),
    ("/etc/lsb-release", "Debian", false),
    ("/etc/lsb-release", "Mandriva", false),
    ("/etc/sourcemage-release", "SMGL", false),
    ("/usr/lib/os-release", "ClearLinux", false),
    ("/etc/coreos/update.conf", "Coreos", false),
    ("/etc/os-release", "Flatcar", false),
    ("/etc/os-release", "NA", false),
];

/// Families, and distributions whose name is not the family's.
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
            "Linux Mint Debian Edition",
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
    ("Archlinux", &["Antergos", "Manjaro"]),
    ("Mandrake", &["Mandriva"]),
    ("Gentoo", &["Funtoo"]),
    ("ClearLinux", &["Clear Linux OS", "Clear Linux Mix"]),
];

/// Files of `/etc` that look like a distribution's release file and are none.
const NO_RELEASE_FILES: &[&str] = &[
    "debian_version",
    "lsb-release",
    "oem-release",
    "os-release",
    "system-release",
    "plesk-release",
    "iredmail-release",
    "board-release",
    "ec2_version",
];

/// A host's files, as far as they tell the distribution.
pub(super) trait Files {
    /// The content without blanks at its ends; `None` if there is no such file.
    fn read(&self, path: &str) -> Option<String>;
    /// Names in `/etc`, sorted.
    fn names(&self) -> Vec<String>;
    /// Where a link leads in the end.
    fn link(&self, path: &str) -> Option<String>;
    /// What the program `lsb_release` says after this label; empty if there is none.
    fn lsb(&self, label: &str) -> String;
}

struct Real<'a, 'h> {
    host: RefCell<&'a mut Host<'h>>,
    limit: Duration,
    lsb: OnceCell<String>,
}

impl Files for Real<'_, '_> {
    fn read(&self, path: &str) -> Option<String> {
        source::text(path)
    }
    fn names(&self) -> Vec<String> {
        source::names("/etc")
    }
    fn link(&self, path: &str) -> Option<String> {
        std::fs::read_link(path).ok()?;
        let target = std::fs::canonicalize(path).ok()?;
        Some(target.to_string_lossy().into_owned())
    }
    fn lsb(&self, label: &str) -> String {
        let text = self.lsb.get_or_init(|| {
            let mut host = self.host.borrow_mut();
            let program = host.find_program("lsb_release");
            let ask = program.map(|p| Command::new(p).arg("-a").timeout(self.limit));
            let answer = ask.and_then(|c| host.query(c).ok());
            answer.map(|a| a.stdout_text()).unwrap_or_default()
        });
        let value = text
            .lines()
            .find_map(|l| l.strip_prefix(label)?.strip_prefix(':'));
        value.unwrap_or("").trim().to_owned()
    }
}

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    let files = Real {
        host: RefCell::new(&mut *g.host),
        limit: g.limit,
        lsb: OnceCell::new(),
    };
    describe(&files, &g.facts);
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| {
        c.to_uppercase().collect::<String>() + &chars.as_str().to_lowercase()
    })
}

/// The first line of a release file: `NAME release VERSION (CODENAME)`.
#[derive(Default)]
struct ReleaseLine {
    id: String,
    version: String,
    codename: String,
}

impl ReleaseLine {
    fn parse(line: &str) -> Self {
        // Read from the end, where the version is easier to tell from the name.
        let reversed = |text: &str| text.chars().rev().collect::<String>();
        let pattern = r"(?:[^)]*\)(.*)\()? *(?:STL )?([\d.+\-a-z]*\d) *(?:esaeler *)?(.+)";
        let backwards = reversed(line.trim());
        let found = compile(&format!("^(?:{pattern})"), Flags::default())
            .ok()
            .and_then(|p| {
                let found = p.captures(&backwards).ok()??;
                let group = |n| found.get(n).map(|g| reversed(g.as_str())).unwrap_or_default();
                Some((group(1), group(2)))
            });
        let (codename, version) = found.unwrap_or_default();
        Self {
            id: String::new(),
            version,
            codename,
        }
    }

    /// That of the first file in `/etc` that is named like one and says something.
    fn of_host(files: &dyn Files) -> Self {
        for name in files.names() {
            let stem = ["-release", "_release", "-version", "_version"]
                .iter()
                .find_map(|end| name.strip_suffix(end));
            let Some(stem) = stem.filter(|s| {
                !s.is_empty()
                    && !NO_RELEASE_FILES.contains(&name.as_str())
                    && s.chars().all(|c| c.is_alphanumeric() || c == '_')
            }) else {
                continue;
            };
            let text = files.read(&format!("/etc/{name}")).unwrap_or_default();
            if let Some(line) = text.lines().next() {
                let id = if line.to_lowercase().contains("cloudlinux") {
                    "cloudlinux"
                } else {
                    stem
                };
                return Self {
                    id: id.to_owned(),
                    ..Self::parse(line)
                };
            }
        }
        Self::default()
    }
}

/// What is known before the release files are looked at.
struct Guess<'a> {
    files: &'a dyn Files,
    release: &'a OsRelease,
    line: OnceCell<ReleaseLine>,
}

impl Guess<'_> {
    fn line(&self) -> &ReleaseLine {
        self.line.get_or_init(|| ReleaseLine::of_host(self.files))
    }

    fn id(&self) -> String {
        let normal = |id: &str| id.to_lowercase().replace(' ', "_");
        if let Some(id) = self.release.word("ID") {
            return match normal(id).as_str() {
                "ol" => "oracle".into(),
                "opensuse-leap" => "opensuse".into(),
                id => id.to_owned(),
            };
        }
        let told = normal(&self.files.lsb("Distributor ID"));
        if !told.is_empty() {
            return told;
        }
        match normal(&self.line().id).as_str() {
            "redhat" => "rhel".into(),
            id => id.to_owned(),
        }
    }

    fn version(&self, id: &str) -> String {
        let like = self.release.get("ID_LIKE").unwrap_or("");
        let debian = id == "debian" || like.split_whitespace().any(|w| w == "debian");
        // Where the numbers come from, the most trusted first.
        let sources: [&dyn Fn() -> String; 5] = [
            &|| self.release.get("VERSION_ID").unwrap_or("").to_owned(),
            // It only repeats the number that is there.
            &|| match self.release.word("VERSION_ID") {
                Some(_) => String::new(),
                None => self.files.lsb("Release"),
            },
            &|| self.line().version.clone(),
            &|| ReleaseLine::parse(self.release.get("PRETTY_NAME").unwrap_or("")).version,
            &|| {
                let text = debian.then(|| self.files.read("/etc/debian_version")).flatten();
                text.and_then(|t| t.lines().next().map(|l| l.trim_end().to_owned()))
                    .unwrap_or_default()
            },
        ];
        if !matches!(id, "centos" | "debian") {
            let mut all = sources.iter().map(|s| s());
            return all.find(|v| !v.is_empty()).unwrap_or_default();
        }
        // There the most exact one counts.
        let dots = |text: &str| text.matches('.').count();
        let best = sources.iter().map(|s| s()).fold(String::new(), |best, v| {
            if best.is_empty() || dots(&v) > dots(&best) {
                v
            } else {
                best
            }
        });
        if id == "centos" {
            best.split('.').take(2).collect::<Vec<_>>().join(".")
        } else {
            best
        }
    }

    fn codename(&self) -> Option<String> {
        let named = self.release.get("VERSION_CODENAME");
        if let Some(name) = named.or_else(|| self.release.get("UBUNTU_CODENAME")) {
            return Some(name.to_owned());
        }
        let version = self.release.get("VERSION").unwrap_or("");
        if let Some(name) = codename_of(version) {
            return Some(name);
        }
        let told = self.files.lsb("Codename");
        if !told.is_empty() {
            return Some(told);
        }
        Some(self.line().codename.clone()).filter(|c| !c.is_empty())
    }
}

/// The words without digits in parentheses or after a comma: `12 (bookworm)`, `20.04.6 LTS, Focal Fossa`.
fn codename_of(version: &str) -> Option<String> {
    let plain = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_ascii_digit());
    let mut rest = version;
    while let Some(at) = rest.find(['(', ',']) {
        let (mark, after) = (rest.get(at..at + 1)?, rest.get(at + 1..)?);
        if mark == "(" {
            // The last closing one that leaves no digit between.
            let ends = after.match_indices(')').map(|(i, _)| i);
            let found = ends.filter_map(|i| after.get(..i)).rfind(|t| plain(t));
            if let Some(found) = found {
                return Some(found.to_owned());
            }
        } else {
            let text = after.trim_start();
            let end = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
            if end > 0 {
                return text.get(..end).map(str::to_owned);
            }
        }
        rest = after;
    }
    None
}

/// Adds the facts about the distribution.
pub(super) fn describe(files: &dyn Files, out: &Map) {
    let text = files
        .read("/etc/os-release")
        .or_else(|| files.read("/usr/lib/os-release"));
    let release = OsRelease::parse(&text.unwrap_or_default());
    let guess = Guess {
        files,
        release: &release,
        line: OnceCell::new(),
    };
    let id = guess.id();
    let name = match id.as_str() {
        "" => "OtherLinux".to_owned(),
        "amzn" => "Amazon".into(),
        "rhel" => "Redhat".into(),
        other => capitalized(other),
    };
    let or_none = |text: String| if text.is_empty() { "NA".to_owned() } else { text };
    let version = or_none(guess.version(&id));
    out.insert("distribution", name);
    out.insert("distribution_version", version.as_str());
    out.insert(
        "distribution_release",
        guess.codename().unwrap_or_else(|| "NA".into()),
    );
    out.insert(
        "distribution_major_version",
        or_none(version.split('.').next().unwrap_or("").to_owned()),
    );
    for (path, kind, mere) in FILES {
        let Some(content) = files.read(path) else { continue };
        let parsed = if *mere {
            Some(Map::new())
        } else if content.is_empty() {
            None
        } else {
            let text = content.trim_matches(['\'', '"', '\\']);
            distribution_files::parse(kind, path, text, &id, files, out)
        };
        let Some(parsed) = parsed else { continue };
        out.insert("distribution", *kind);
        out.insert("distribution_file_path", *path);
        out.insert("distribution_file_variety", *kind);
        if !mere {
            out.insert("distribution_file_parsed", true);
        }
        for (key, value) in parsed.entries() {
            out.insert(key, value);
        }
        break;
    }
    let name = out.get("distribution").map(|n| n.to_text()).unwrap_or_default();
    let family = FAMILIES
        .iter()
        .find(|(_, members)| members.contains(&name.as_str()));
    out.insert("os_family", family.map_or(name.as_str(), |(f, _)| f));
}

#[cfg(test)]
mod tests {
    use super::{ReleaseLine, codename_of};

    #[test]
    fn the_code_name_is_what_has_no_digits() {
        for (version, name) in [
            ("12 (bookworm)", Some("bookworm")),
            ("14.04.6 LTS, Trusty Tahr", Some("Trusty Tahr")),
            ("9.3 (Blue Onyx)", Some("Blue Onyx")),
            ("40 (Server Edition)", Some("Server Edition")),
            ("7 (1511)", None),
            ("11", None),
        ] {
            assert_eq!(codename_of(version).as_deref(), name, "{version}");
        }
    }

    #[test]
    fn release_lines_are_read_from_their_end() {
        for (line, version, name) in [
            ("CentOS release 6.10 (Final)", "6.10", "Final"),
            ("Fedora release 39 (Thirty Nine)", "39", "Thirty Nine"),
            ("Slackware 15.0", "15.0", ""),
            ("Gentoo Base System release 2.14", "2.14", ""),
            ("Debian GNU/Linux 12 (bookworm)", "12", "bookworm"),
            ("Arch Linux", "", ""),
        ] {
            let read = ReleaseLine::parse(line);
            assert_eq!(
                (read.version.as_str(), read.codename.as_str()),
                (version, name),
                "{line}"
            );
        }
    }
}
