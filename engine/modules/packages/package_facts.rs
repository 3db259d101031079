//! `package_facts`: what is installed.

use super::dpkg::Database;
use crate::{host::Command, prelude::*};
use kdo_value::List;

/// Tell which packages are installed
///
/// `origin` is left empty for dpkg's packages: only the lists of the repositories would tell it.
#[derive(Params)]
pub struct PackageFacts {
    /// Package managers to ask; `auto`: those of this host.
    #[param(default = ["auto"], choices("apk", "apt", "auto", "dnf", "dnf5", "openbsd_pkg", "pacman", "pkg", "pkg5", "pkg_info", "pkgng", "portage", "rpm", "yum", "zypper"))]
    manager: Vec<String>,
    /// Ask the first manager that is there, or all.
    #[param(default = "first", choices("first", "all"))]
    strategy: String,
}

fn add(packages: &Map, name: &str, facts: Map) {
    match packages.get(name) {
        Some(Value::List(list)) => {
            list.change(|items| items.push(facts.into()));
        }
        _ => {
            packages.insert(name, List::new(vec![facts.into()]));
        }
    }
}

fn apt(packages: &Map) {
    for p in Database::read().all().iter().filter(|p| p.installed()) {
        let facts = Map::from_iter([
            ("arch", p.architecture.as_str()),
            ("category", p.section.as_str()),
            ("name", p.name.as_str()),
            ("origin", ""),
            ("source", "apt"),
            ("version", p.version.as_str()),
        ]);
        add(packages, &p.name, facts);
    }
}

fn rpm(host: &mut Host<'_>, packages: &Map) -> Result<(), Failure> {
    let format = "%{NAME}\\t%{VERSION}\\t%{RELEASE}\\t%{EPOCH}\\t%{ARCH}\\n";
    let program = host.need_program("rpm", "rpm")?;
    let text = host
        .query(Command::new(program).args(["-qa", "--qf", format]))?
        .stdout_text();
    for line in text.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [name, version, release, epoch, arch] = fields[..] else {
            continue;
        };
        let facts = Map::new();
        facts.insert(
            "arch",
            if arch == "(none)" {
                Value::None
            } else {
                Value::str(arch)
            },
        );
        facts.insert("epoch", epoch.parse::<i64>().map_or(Value::None, Value::Int));
        facts.insert("name", name);
        facts.insert("release", release);
        facts.insert("source", "rpm");
        facts.insert("version", version);
        add(packages, name, facts);
    }
    Ok(())
}

/// `name-version-release` as apk prints it.
fn apk(host: &mut Host<'_>, packages: &Map) -> Result<(), Failure> {
    let program = host.need_program("apk", "apk-tools")?;
    let text = host
        .query(Command::new(program).args(["info", "-v"]))?
        .stdout_text();
    for line in text.lines() {
        let Some((rest, release)) = line.rsplit_once('-') else {
            continue;
        };
        let Some((name, version)) = rest.rsplit_once('-') else {
            continue;
        };
        let facts = Map::from_iter([
            ("name", name),
            ("release", release),
            ("source", "apk"),
            ("version", version),
        ]);
        add(packages, name, facts);
    }
    Ok(())
}

fn pacman(host: &mut Host<'_>, packages: &Map) -> Result<(), Failure> {
    let program = host.need_program("pacman", "pacman")?;
    let text = host
        .query(Command::new(program).arg("-Qi").env("LC_ALL", "C"))?
        .stdout_text();
    for block in text.split("\n\n") {
        let field = |key: &str| {
            let line = block.lines().find(|l| l.starts_with(key));
            line.and_then(|l| l.split_once(':'))
                .map(|(_, v)| v.trim().to_owned())
        };
        if let (Some(name), Some(version)) = (field("Name"), field("Version")) {
            let arch = field("Architecture").unwrap_or_default();
            let facts = Map::from_iter([
                ("arch", arch.as_str()),
                ("name", name.as_str()),
                ("source", "pacman"),
                ("version", version.as_str()),
            ]);
            add(packages, &name, facts);
        }
    }
    Ok(())
}

impl Module for PackageFacts {
    const META: Meta = Meta {
        name: "ansible.builtin.package_facts",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "`packages`: by name, a list of installed versions.",
        }],
        examples: &[Example {
            title: "All packages",
            args: r#"{"manager": "auto"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let mut managers: Vec<&str> = Vec::new();
        for name in &self.manager {
            match name.as_str() {
                "auto" => managers.extend(["apk", "apt", "pacman", "rpm"]),
                "dnf" | "dnf5" | "yum" | "zypper" => managers.push("rpm"),
                other => managers.push(other),
            }
        }
        let packages = Map::new();
        let mut found = false;
        for manager in managers {
            let there = match manager {
                "apt" => std::path::Path::new("/var/lib/dpkg/status").exists(),
                name => host.find_program(name).is_some(),
            };
            if !there {
                continue;
            }
            match manager {
                "apt" => apt(&packages),
                "rpm" => rpm(host, &packages)?,
                "apk" => apk(host, &packages)?,
                "pacman" => pacman(host, &packages)?,
                _ => continue,
            }
            found = true;
            if self.strategy == "first" {
                break;
            }
        }
        if !found {
            return Err(Failure::new(format!(
                "Could not detect a supported package manager from the following list: {}, or the required Python library is not installed. Check warnings for details.",
                self.manager.join(", ")
            )));
        }
        Ok(Outcome::new().with("ansible_facts", Map::from_iter([("packages", packages)])))
    }
}
