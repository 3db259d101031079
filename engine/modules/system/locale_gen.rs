//! `locale_gen`: the host's locales.

use crate::{
    host::{Command, Save},
    prelude::*,
};
use std::{fs, path::Path};

/// Generate or remove locales
///
/// With `--diff` the result has a difference that is always empty. In check mode nothing counts as changed.
#[derive(Params)]
pub struct LocaleGen {
    /// Locales, such as `de_AT.UTF-8`.
    #[param(required)]
    name: Vec<String>,
    /// Whether they must be there.
    #[param(default = "present", choices("absent", "present"))]
    state: String,
}

const FILE: &str = "/etc/locale.gen";
const SUPPORTED: &str = "/usr/share/i18n/SUPPORTED";
const UBUNTU: &str = "/var/lib/locales/supported.d";

/// Names of one locale differ in how the character set is written: `C.utf8`, `C.UTF-8`.
fn plain(name: &str) -> String {
    match name.split_once('.') {
        Some((language, rest)) => {
            let (set, modifier) = rest
                .split_once('@')
                .map_or((rest, String::new()), |(s, m)| (s, format!("@{m}")));
            format!("{language}.{}{modifier}", set.to_lowercase().replace('-', ""))
        }
        None => name.to_owned(),
    }
}

/// Whether that line of a list of locales is of that one, switched off or not; what stands after the name.
fn entry<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let bare = line.strip_prefix('#').unwrap_or(line).trim_start();
    let set = bare.strip_prefix(name)?.strip_prefix(' ')?;
    (!set.is_empty()).then_some(set)
}

impl LocaleGen {
    fn present(&self) -> bool {
        self.state == "present"
    }

    /// Those of the locales that the host does not have.
    fn missing(&self, host: &mut Host<'_>) -> Result<Vec<&str>, Failure> {
        let program = host.need_program("locale", "libc-bin")?;
        let list = host
            .query(Command::new(program).arg("-a"))?
            .success("locale -a failed")?
            .stdout_text();
        let there: Vec<_> = list.lines().map(plain).collect();
        let names = self.name.iter().map(String::as_str);
        Ok(names.filter(|n| !there.contains(&plain(n))).collect())
    }

    /// The content of `locale.gen` with the locales switched on or off. One that it does not list is added.
    fn edit(&self, text: &str, supported: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for name in &self.name {
            let mut listed = false;
            for line in &mut lines {
                let Some(set) = entry(line, name) else { continue };
                listed = true;
                let off = if self.present() { "" } else { "# " };
                *line = format!("{off}{name} {set}");
            }
            let known = supported.lines().find(|l| entry(l, name).is_some());
            if let Some(line) = known.filter(|_| self.present() && !listed) {
                lines.push(line.trim().to_owned());
            }
        }
        lines.join("\n") + "\n"
    }

    /// Generates the locales by `/etc/locale.gen`.
    fn generate(&self, host: &mut Host<'_>, supported: &str) -> Result<(), Failure> {
        let program = host.need_program("locale-gen", "locales")?;
        let text = String::from_utf8_lossy(&host.read(Path::new(FILE))?).into_owned();
        let content = self.edit(&text, supported);
        host.write(
            Path::new(FILE),
            content.as_bytes(),
            &Save::default(),
            &FileAttrs::default(),
        )?;
        host.query(Command::new(program))?.success("locale-gen failed")?;
        Ok(())
    }

    /// The same on an old Ubuntu: its `locale-gen` takes names, and keeps them in a file.
    fn generate_on_ubuntu(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let program = host.need_program("locale-gen", "locales")?;
        let command = if self.present() {
            Command::new(program).args(&self.name)
        } else {
            let file = Path::new(UBUNTU).join("local");
            let text = String::from_utf8_lossy(&host.read(&file)?).into_owned();
            let stays = |l: &&str| !self.name.iter().any(|n| entry(l, n).is_some());
            let content: String = text.split_inclusive('\n').filter(stays).collect();
            host.write(&file, content.as_bytes(), &Save::default(), &FileAttrs::default())?;
            Command::new(program).arg("--purge")
        };
        host.query(command)?.success("locale-gen failed")?;
        Ok(())
    }

    /// Whether the locales are there afterwards where they were not, or the other way round.
    fn settle(&self, host: &mut Host<'_>, legacy: bool) -> Result<bool, Failure> {
        let supported = fs::read_to_string(SUPPORTED).unwrap_or_default();
        let listed = fs::read_to_string(FILE).unwrap_or_default();
        let known = |name: &str| {
            let mut lines = supported.lines().chain(listed.lines());
            lines.any(|l| entry(l, name).is_some())
        };
        let missing = self.missing(host)?;
        let unknown: Vec<_> = missing.iter().copied().filter(|n| !known(n)).collect();
        if !unknown.is_empty() {
            return Err(Failure::new(format!(
                "The following locales you have entered are not available on your system: {}",
                unknown.join(", ")
            )));
        }
        // Ansible sees a change by its effect, and so none in check mode.
        if missing.is_empty() == self.present() || host.check() {
            return Ok(false);
        }
        if legacy {
            self.generate_on_ubuntu(host)?;
        } else {
            host.quietly(|host| self.generate(host, &supported))?;
        }
        Ok(self.missing(host)?.is_empty() != missing.is_empty())
    }
}

impl Module for LocaleGen {
    const META: Meta = Meta {
        name: "community.general.locale_gen",
        aliases: &[],
        check: Support::Full,
        diff: Support::Partial,
        returns: &[
            Return {
                name: "mechanism",
                doc: "How the host keeps its locales: `glibc` or `ubuntu_legacy`.",
            },
            Return {
                name: "name",
                doc: "The locales asked for.",
            },
            Return {
                name: "ubuntu_mode",
                doc: "Whether it is an old Ubuntu, with locales in `/var/lib/locales`.",
            },
        ],
        examples: &[Example {
            title: "A locale",
            args: r#"{"name": ["de_AT.UTF-8"]}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let told = Map::new();
        told.insert("name", Value::list(self.name.iter().map(Value::from)));
        let diff = host.wants_diff().then(Map::new);
        let fail = |failure: Failure| {
            let output = told.copied();
            if let Some(diff) = &diff {
                output.insert("diff", diff.copied());
            }
            for (key, value) in output.text_entries() {
                failure.values.insert(key, value);
            }
            failure.with("vars", told.copied()).with("output", output)
        };
        let legacy = !Path::new(FILE).exists();
        if legacy && !Path::new(UBUNTU).exists() {
            return Err(fail(Failure::new(format!(
                "{UBUNTU} and {FILE} are missing. Is the package \"locales\" installed?"
            ))));
        }
        told.insert("ubuntu_mode", legacy);
        told.insert("mechanism", if legacy { "ubuntu_legacy" } else { "glibc" });
        let changed = self.settle(host, legacy).map_err(fail)?;
        let out = Outcome::from(told).changed(changed);
        Ok(match diff {
            Some(diff) => out.with("diff", diff),
            None => out,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn character_sets_are_written_alike() {
        assert_eq!(plain("de_AT.UTF-8"), plain("de_AT.utf8"));
        assert_eq!(plain("de_DE.ISO-8859-15@euro"), "de_DE.iso885915@euro");
        assert_eq!(plain("C"), "C");
    }
}
