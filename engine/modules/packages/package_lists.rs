//! What the package managers tell as installed, for `package_facts`.

use super::{apt_origins, dpkg::Database};
use crate::{
    host::{Command, Output},
    prelude::*,
};
use std::path::Path;

/// The package managers by their own names, sorted, with the program that they are recognised by.
pub(super) const MANAGERS: &[(&str, &str)] = &[
    ("apk", "apk"),
    ("apt", "apt-get"),
    ("pacman", "pacman"),
    ("pkg", "pkg"),
    ("pkg_info", "pkg_info"),
    ("portage", "qlist"),
    ("rpm", "rpm"),
];

/// Other names of managers.
pub(super) const ALIASES: &[(&str, &str)] = &[
    ("dnf", "rpm"),
    ("dnf5", "rpm"),
    ("yum", "rpm"),
    ("zypper", "rpm"),
    ("pkg5", "pkg"),
    ("pkgng", "pkg"),
    ("openbsd_pkg", "pkg_info"),
];

/// The installed packages that the manager of that name tells, each as facts.
pub(super) fn installed(host: &mut Host<'_>, manager: &str) -> Result<Vec<Map>, Failure> {
    match manager {
        "apt" => Ok(apt()),
        "apk" => Ok(apk(&asked(host, "apk", &["info", "-v"], false)?)),
        "pacman" => Ok(pacman(&asked(host, "pacman", &["-Qi"], true)?)),
        "pkg" => {
            let format = "%n\t%v\t%R\t%t\t%a\t%q\t%o\t%p\t%V";
            Ok(pkg(&asked(host, "pkg", &["query", format], true)?))
        }
        "pkg_info" => Ok(pkg_info(&asked(host, "pkg_info", &["-a"], true)?)),
        "portage" => portage(host),
        _ => {
            let format = "%{NAME}\t%{VERSION}\t%{RELEASE}\t%{EPOCH}\t%{ARCH}\n";
            Ok(rpm(&asked(host, "rpm", &["-qa", "--qf", format], false)?))
        }
    }
}

/// Whether the manager is on this host.
pub(super) fn is_there(host: &Host<'_>, manager: &str, program: &str) -> bool {
    manager == "apt" && Path::new("/var/lib/dpkg/status").exists() || host.find_program(program).is_some()
}

fn asked(host: &mut Host<'_>, program: &str, args: &[&str], strict: bool) -> Result<String, Failure> {
    let path = host.need_program(program, program)?;
    let out = host.query(Command::new(path).args(args).env("LC_ALL", "C.UTF-8"))?;
    listed(&out, strict)
}

/// The output of a program; where it is strict, complaints are failures too.
fn listed(out: &Output, strict: bool) -> Result<String, Failure> {
    let words = out.stderr_text();
    if out.rc != 0 || strict && !words.is_empty() {
        return Err(Failure::new(format!(
            "Unable to list packages rc={} : {words}",
            out.rc
        )));
    }
    Ok(out.stdout_text())
}

fn apt() -> Vec<Map> {
    let db = Database::read();
    let origins = apt_origins::read(&db);
    db.all()
        .iter()
        .filter(|p| p.installed())
        .map(|p| {
            let origin = origins.get(&(p.name.as_str(), p.version.as_str()));
            Map::from_iter([
                ("arch", p.architecture.as_str()),
                ("category", p.section.as_str()),
                ("name", p.name.as_str()),
                ("origin", origin.map_or("", String::as_str)),
                ("source", "apt"),
                ("version", p.version.as_str()),
            ])
        })
        .collect()
}

fn rpm(text: &str) -> Vec<Map> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let [name, version, release, epoch, arch] = fields[..] else {
                return None;
            };
            let or_none = |field: &str| if field == "(none)" { "None" } else { field }.to_owned();
            Some(Map::from_iter([
                ("arch", or_none(arch)),
                ("epoch", or_none(epoch)),
                ("name", name.to_owned()),
                ("release", release.to_owned()),
                ("source", "rpm".to_owned()),
                ("version", version.to_owned()),
            ]))
        })
        .collect()
}

/// `name-version-release` in each line.
fn apk(text: &str) -> Vec<Map> {
    text.lines()
        .map(|line| {
            let parts: Vec<_> = line.rsplitn(3, '-').collect();
            let (name, version, release) = match parts[..] {
                [release, version, name] => (name, version, release),
                _ => (line, "", ""),
            };
            Map::from_iter([
                ("name", name),
                ("release", release),
                ("source", "apk"),
                ("version", version),
            ])
        })
        .collect()
}

/// Blocks of `Field : value`, whose values may go on in lines with blanks before them.
fn pacman(text: &str) -> Vec<Map> {
    let mut out = Vec::new();
    for block in text.split("\n\n") {
        let mut fields: Vec<(&str, String)> = Vec::new();
        for line in block.lines() {
            match line.split_once(" : ").filter(|_| !line.starts_with(' ')) {
                Some((name, value)) => fields.push((name.trim_end(), value.to_owned())),
                None => {
                    if let Some((_, value)) = fields.last_mut() {
                        value.push_str("  ");
                        value.push_str(line.trim_start());
                    }
                }
            }
        }
        let field = |name: &str| fields.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
        let (Some(name), Some(version)) = (field("Name"), field("Version")) else {
            continue;
        };
        let provides = match field("Provides").filter(|p| p != "None") {
            Some(words) => Value::list(
                words
                    .split("  ")
                    .map(|w| Value::str(w.split('=').next().unwrap_or(w))),
            ),
            None => Value::None,
        };
        let map = Map::new();
        map.insert("arch", field("Architecture"));
        map.insert("name", name);
        map.insert("provides", provides);
        map.insert("source", "pacman");
        map.insert("version", version);
        out.push(map);
    }
    out
}

/// Fields with tabs, in the order that `pkg` is asked for.
fn pkg(text: &str) -> Vec<Map> {
    text.lines()
        .filter_map(|line| {
            let fields: Vec<_> = line.split('\t').collect();
            let [
                name,
                version,
                origin,
                installed,
                automatic,
                arch,
                category,
                prefix,
                vital,
            ] = fields[..]
            else {
                return None;
            };
            let (version, epoch) = match version.split_once(',') {
                Some((version, epoch)) => (version, Value::str(epoch)),
                None => (version, Value::Int(0)),
            };
            let (version, revision) = version.split_once('_').unwrap_or((version, "0"));
            let map = Map::new();
            map.insert("arch", arch.split(':').nth(2).unwrap_or(arch));
            map.insert("automatic", automatic != "0");
            map.insert("category", category.split('/').next().unwrap_or(category));
            map.insert("installed", installed);
            map.insert("name", name);
            map.insert("origin", origin);
            map.insert("port_epoch", epoch);
            map.insert("prefix", prefix);
            map.insert("revision", revision);
            map.insert("source", "pkg");
            map.insert("version", version);
            map.insert("vital", vital != "0");
            Some(map)
        })
        .collect()
}

/// `name-version` and a description in each line.
fn pkg_info(text: &str) -> Vec<Map> {
    text.lines()
        .map(|line| {
            let word = line.split_whitespace().next().unwrap_or("");
            let (name, version) = word.rsplit_once('-').unwrap_or((line, ""));
            Map::from_iter([("name", name), ("source", "pkg_info"), ("version", version)])
        })
        .collect()
}

/// `category name version revision …` in each line, as `qatom` takes names of packages apart.
fn portage(host: &mut Host<'_>) -> Result<Vec<Map>, Failure> {
    const NAMES: &[&str] = &[
        "category",
        "name",
        "version",
        "ebuild_revision",
        "slots",
        "prefixes",
        "sufixes",
    ];
    let atoms = asked(host, "qlist", &["-Iv"], false)?;
    let mut out = Vec::new();
    let atoms: Vec<_> = atoms.split_whitespace().collect();
    for some in atoms.chunks(1024) {
        let text = asked(host, "qatom", some, false)?;
        for line in text.lines() {
            let map = Map::from_iter(NAMES.iter().copied().zip(line.split_whitespace()));
            map.insert("source", "portage");
            out.push(map);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::rpm;
    use kdo_value::json;

    #[test]
    fn packages_of_rpm_have_an_epoch_if_they_have_one() {
        let text = "bash\t5.2.15\t3.fc38\t(none)\tx86_64\nvim\t9.0\t1\t2\tx86_64\nodd\n";
        let found: Vec<_> = rpm(text).into_iter().map(|m| json::line(&m.into())).collect();
        assert_eq!(
            found,
            [
                r#"{"arch": "x86_64", "epoch": "None", "name": "bash", "release": "3.fc38", "source": "rpm", "version": "5.2.15"}"#,
                r#"{"arch": "x86_64", "epoch": "2", "name": "vim", "release": "1", "source": "rpm", "version": "9.0"}"#,
            ]
        );
    }
}
