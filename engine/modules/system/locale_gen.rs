//! `locale_gen`: the host's locales.

use crate::{
    host::{Command, Save},
    prelude::*,
};
use std::{fs, path::Path};

/// Generate or remove locales
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

impl LocaleGen {
    /// The line of `locale.gen` for a name: the name and its character set.
    fn line(name: &str) -> Option<String> {
        let known =
            fs::read_to_string(SUPPORTED).unwrap_or_default() + &fs::read_to_string(FILE).unwrap_or_default();
        let lines = known.lines().map(|l| l.trim_start_matches(['#', ' ']).trim());
        let mut fits =
            lines.filter(|l| l.split_whitespace().next() == Some(name) && l.split_whitespace().count() == 2);
        fits.next().map(str::to_owned)
    }

    fn edit(&self, text: &str, present: bool) -> Result<String, Failure> {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for name in &self.name {
            let of =
                |l: &str| l.trim_start_matches(['#', ' ']).split_whitespace().next() == Some(name.as_str());
            if !present {
                for l in lines.iter_mut().filter(|l| of(l) && !l.starts_with('#')) {
                    *l = format!("# {l}");
                }
                continue;
            }
            if lines.iter().any(|l| of(l) && !l.starts_with('#')) {
                continue;
            }
            let line = Self::line(name).ok_or_else(|| {
                Failure::new(format!(
                    "The following locales are not available on your system: {name}"
                ))
            })?;
            match lines.iter_mut().find(|l| of(l)) {
                Some(l) => *l = line,
                None => lines.push(line),
            }
        }
        Ok(lines.join("\n") + "\n")
    }
}

impl Module for LocaleGen {
    const META: Meta = Meta {
        name: "community.general.locale_gen",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "mechanism",
            doc: "How the host keeps its locales: `glibc` or `ubuntu_legacy`.",
        }],
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
        let present = self.state == "present";
        let legacy = Path::new(UBUNTU).exists() && !Path::new(FILE).exists();
        if !legacy && !Path::new(FILE).exists() {
            return Err(Failure::new(format!(
                "{UBUNTU} and {FILE} are missing. Is the package \"locales\" installed?"
            )));
        }
        let out = Outcome::new().with("mechanism", if legacy { "ubuntu_legacy" } else { "glibc" });
        let program = host.need_program("locale", "libc-bin")?;
        let there: Vec<_> = host
            .query(Command::new(program).arg("-a"))?
            .stdout_text()
            .lines()
            .map(plain)
            .collect();
        let settled = self.name.iter().all(|n| there.contains(&plain(n)) == present);
        if settled {
            return Ok(out);
        }
        let generate = host.need_program("locale-gen", "locales")?;
        if legacy {
            host.mark_changed();
            for name in self
                .name
                .iter()
                .filter(|_| !host.check())
                .cloned()
                .collect::<Vec<_>>()
            {
                let c = if present {
                    Command::new(&generate).arg(&name)
                } else {
                    Command::new(&generate).arg("--purge")
                };
                host.query(c)?.success("locale-gen failed")?;
            }
            return Ok(out);
        }
        let text = fs::read_to_string(FILE).unwrap_or_default();
        let content = self.edit(&text, present)?;
        host.write(
            Path::new(FILE),
            content.as_bytes(),
            &Save::default(),
            &FileAttrs::default(),
        )?;
        if let Some(answer) = host.execute(Command::new(generate))? {
            answer.success("locale-gen failed")?;
        }
        Ok(out)
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
