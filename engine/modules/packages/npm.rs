//! `npm`: packages of Node.js.

use crate::{
    host::{Command, Output},
    prelude::*,
};
use kdo_value::json;
use std::path::PathBuf;

/// Install or remove packages of Node.js with npm
///
/// Tried out with recorded output of npm only.
#[derive(Params)]
#[params(required_if(state = "absent", name))]
pub struct Npm {
    /// Install what the lock file says, with `npm ci`.
    #[param(default = false)]
    ci: bool,
    /// The npm to use, if it is not on the PATH; further words are arguments.
    executable: Option<PathBuf>,
    /// Let npm fetch even what it has, and overlook conflicts.
    #[param(default = false)]
    force: bool,
    /// Install for the whole system instead of below `path`.
    #[param(default = false)]
    global: bool,
    /// Do not run the packages' own scripts.
    #[param(default = false)]
    ignore_scripts: bool,
    /// Name of the package; without, what `package.json` in `path` says.
    name: Option<String>,
    /// Make no links to the packages' programs.
    #[param(default = false)]
    no_bin_links: bool,
    /// Leave optional dependencies out.
    #[param(default = false)]
    no_optional: bool,
    /// Folder of the project; made if it is missing.
    path: Option<PathBuf>,
    /// Leave out what is only needed for development.
    #[param(default = false)]
    production: bool,
    /// Address of the registry.
    registry: Option<String>,
    /// The wanted state.
    #[param(default = "present", choices("present", "absent", "latest"))]
    state: String,
    /// Let packages' scripts run as root.
    #[param(default = false)]
    unsafe_perm: bool,
    /// The wanted version.
    version: Option<String>,
}

/// What is installed (by name, and by name with version), and what is missing.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listed {
    installed: Vec<String>,
    missing: Vec<String>,
}

/// Reads the answer of `npm list --json`.
fn listed(text: &str, name: Option<&str>, wanted: Option<&str>) -> Result<Listed, Failure> {
    let text = if text.trim().is_empty() { "{}" } else { text };
    let data =
        json::read(text).map_err(|e| Failure::new(format!("Failed to parse NPM output with error {e:?}")))?;
    let mut out = Listed::default();
    let missing = |out: &mut Listed| out.missing.push(name.unwrap_or_default().to_owned());
    let Some(Value::Map(dependencies)) = data.as_map().and_then(|m| m.get("dependencies")) else {
        // Nothing at all is there.
        missing(&mut out);
        return Ok(out);
    };
    for (dependency, properties) in dependencies.text_entries() {
        let property = |key: &str| {
            let value = properties.as_map().and_then(|m| m.get(key));
            value.filter(Value::truthy)
        };
        if property("missing").or_else(|| property("invalid")).is_some() {
            out.missing.push(dependency);
            continue;
        }
        if let Some(version) = property("version") {
            out.installed.push(format!("{dependency}@{}", version.to_text()));
        }
        out.installed.push(dependency);
    }
    if wanted.is_some_and(|w| !out.installed.iter().any(|i| i == w)) {
        missing(&mut out);
    }
    Ok(out)
}

impl Npm {
    /// The package as npm wants it.
    fn wanted(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        Some(match &self.version {
            Some(version) if self.state != "absent" => format!("{name}@{version}"),
            _ => name.clone(),
        })
    }

    fn command(&self, host: &Host<'_>, words: &[&str], named: bool) -> Result<Command, Failure> {
        let mut c = match &self.executable {
            Some(executable) => Command::argv(executable.to_string_lossy().split(' ')),
            None => Command::new(host.need_program("npm", "npm")?),
        };
        c = c.args(words);
        let installs = ["install", "update", "ci"].iter().any(|w| words.contains(w));
        for (given, option) in [
            (self.global, "--global"),
            (self.production && installs, "--production"),
            (self.ignore_scripts, "--ignore-scripts"),
            (self.unsafe_perm, "--unsafe-perm"),
        ] {
            if given {
                c = c.arg(option);
            }
        }
        if let Some(wanted) = self.wanted().filter(|_| named) {
            c = c.arg(wanted);
        }
        if let Some(registry) = &self.registry {
            c = c.arg("--registry").arg(registry);
        }
        for (given, option) in [
            (self.no_optional, "--no-optional"),
            (self.no_bin_links, "--no-bin-links"),
            (self.force, "--force"),
        ] {
            if given {
                c = c.arg(option);
            }
        }
        if let Some(path) = &self.path {
            c = c.directory(path);
        }
        Ok(c)
    }

    /// Makes the project's folder if it is missing.
    fn folder(&self, host: &mut Host<'_>) -> Result<(), Failure> {
        let Some(path) = &self.path else { return Ok(()) };
        if path.exists() && !path.is_dir() {
            return Err(Failure::new(format!(
                "path {} is not a directory",
                path.display()
            )));
        }
        for folder in path.ancestors().collect::<Vec<_>>().into_iter().rev() {
            if !folder.as_os_str().is_empty() && !folder.exists() {
                host.make_directory(folder)?;
            }
        }
        Ok(())
    }

    /// Asks npm; nothing is there to be asked about where the folder is still missing.
    fn ask(&self, host: &mut Host<'_>, words: &[&str], named: bool) -> Result<Option<Output>, Failure> {
        if self.path.as_ref().is_some_and(|p| !p.exists()) {
            return Ok(None);
        }
        let c = self.command(host, words, named)?;
        host.query(c).map(Some)
    }

    fn list(&self, host: &mut Host<'_>) -> Result<Listed, Failure> {
        let out = self.ask(host, &["list", "--json", "--long"], false)?;
        let text = out.map(|o| o.stdout_text()).unwrap_or_default();
        listed(&text, self.name.as_deref(), self.wanted().as_deref())
    }

    /// Whether there are newer versions.
    fn outdated(&self, host: &mut Host<'_>) -> Result<bool, Failure> {
        let out = self.ask(host, &["outdated"], true)?;
        Ok(out.is_some_and(|o| o.stdout_text().lines().any(|l| !l.is_empty())))
    }

    fn change(&self, host: &mut Host<'_>, verb: &str) -> Result<(), Failure> {
        let c = self.command(host, &[verb], true)?;
        let line = c.argv_text().join(" ");
        if let Some(out) = host.execute(c)? {
            out.success(&format!("'{line}' failed"))
                .map_err(|f| f.with("cmd", line))?;
        }
        Ok(())
    }
}

impl Module for Npm {
    const META: Meta = Meta {
        name: "community.general.npm",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[],
        examples: &[
            Example {
                title: "A tool for the whole system",
                args: r#"{"name": "sass", "version": "1.77.0", "global": true}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
            Example {
                title: "What a project needs, as its lock file says",
                args: r#"{"path": "/srv/app", "ci": true}"#,
                given: &[],
                then: &[],
                changed: true,
                runs: false,
            },
        ],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        if self.path.is_none() && !self.global {
            return Err(Failure::new("path must be specified when not using global"));
        }
        self.folder(host)?;
        let mut verbs = Vec::new();
        if self.ci {
            verbs.push("ci");
        } else if self.state == "absent" {
            let name = self.name.clone().unwrap_or_default();
            if self.list(host)?.installed.contains(&name) {
                verbs.push("uninstall");
            }
        } else {
            if !self.list(host)?.missing.is_empty() {
                verbs.push("install");
            }
            if self.state == "latest" && self.outdated(host)? {
                verbs.push("update");
            }
        }
        for verb in &verbs {
            self.change(host, verb)?;
        }
        Ok(Outcome::new().changed(!verbs.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Listed, listed};

    #[test]
    fn what_npm_lists_is_installed_or_missing() {
        let text = r#"{"dependencies": {"sass": {"version": "1.77.0"}, "left": {"missing": true, "required": "1"}, "old": {"version": "1.0", "invalid": "\"2\" from the root project"}}}"#;
        let of = |name: Option<&str>, wanted: Option<&str>| listed(text, name, wanted).unwrap();
        let all = of(None, None);
        assert_eq!(all.installed, ["sass@1.77.0", "sass"]);
        assert_eq!(all.missing, ["left", "old"]);
        assert!(
            !of(Some("sass"), Some("sass@1.77.0"))
                .missing
                .contains(&"sass".to_owned())
        );
        assert!(
            of(Some("sass"), Some("sass@2.0"))
                .missing
                .contains(&"sass".to_owned())
        );
    }

    #[test]
    fn where_nothing_is_listed_all_is_missing() {
        let missing = Listed {
            installed: vec![],
            missing: vec!["sass".into()],
        };
        assert_eq!(listed("{}\n", Some("sass"), Some("sass")).unwrap(), missing);
        assert_eq!(listed("", Some("sass"), Some("sass")).unwrap(), missing);
        assert!(listed("npm ERR!", None, None).is_err());
    }
}
