//! Package files, for `apt`.

use super::{
    apt::Apt,
    apt_get::{Run, prepared, quiet},
    apt_names::Wanted,
    debian_version,
    dpkg::Database,
    fetched::Fetched,
};
use crate::{host::Command, prelude::*};
use std::{cmp::Ordering, path::Path};

/// What is in a package file.
struct Control {
    name: String,
    version: String,
    architecture: String,
    recommends: String,
}

impl Control {
    fn read(host: &mut Host<'_>, file: &Path) -> Result<Self, Failure> {
        if !file.exists() {
            return Err(Failure::new(format!(
                "Unable to install package: E:Could not open file {} - open (2: No such file or directory)",
                file.display()
            )));
        }
        let c = Command::new(host.need_program("dpkg-deb", "dpkg")?)
            .arg("--field")
            .path(file)
            .args(["Package", "Version", "Architecture", "Recommends"]);
        let out = host.query(quiet(c))?;
        if out.rc != 0 {
            return Err(Failure::new(format!(
                "Unable to install package: {}",
                out.stderr_text().trim()
            )));
        }
        let text = out.stdout_text();
        let field = |key: &str| {
            text.lines()
                .find_map(|l| l.strip_prefix(key)?.strip_prefix(": "))
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Self {
            name: field("Package"),
            version: field("Version"),
            architecture: field("Architecture"),
            recommends: field("Recommends"),
        })
    }

    /// The first of the alternatives of each recommended package.
    fn recommended(&self) -> Vec<String> {
        self.recommends
            .split(',')
            .filter_map(|group| group.split('|').next()?.split_whitespace().next())
            .map(str::to_owned)
            .collect()
    }
}

/// What a simulated installation of a package file says about other packages.
fn plan(stdout: &str, own: &str) -> (Vec<String>, Vec<String>) {
    let (mut installed, mut removed) = (Vec::new(), Vec::new());
    for line in stdout.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next()) {
            (Some("Inst"), Some(name)) if name != own => installed.push(name.to_owned()),
            (Some("Remv"), Some(name)) => removed.push(name.to_owned()),
            _ => {}
        }
    }
    (installed, removed)
}

/// The dependency of a package that apt-get cannot satisfy, of its explanation.
fn unsatisfied(stdout: &str) -> Option<&str> {
    stdout
        .lines()
        .find_map(|l| l.split_once("Depends: ")?.1.split(" but ").next())
}

impl Apt {
    /// Installs the package files of a list with commas, and what they depend on.
    pub(super) fn install_files(&self, host: &mut Host<'_>, files: &str) -> Result<Outcome, Failure> {
        let mut fetched = Vec::new();
        let (mut paths, mut needed) = (Vec::new(), Vec::new());
        for file in files.split(',') {
            let path = if file.contains("://") {
                let got = Fetched::get(host, file, !self.force)?;
                let path = got.path().to_owned();
                fetched.push(got);
                path
            } else {
                Path::new(file).to_owned()
            };
            if let Some(others) = self.examine(host, &path)? {
                needed.extend(others);
                paths.push(path);
            }
        }
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let mut diff = None;
        let mut changed = false;
        if !needed.is_empty() {
            let wanted: Vec<_> = needed
                .iter()
                .map(|n| Wanted::parse(n))
                .collect::<Result<_, _>>()?;
            let statuses = self.statuses(host, &wanted)?;
            let values = self.install(host, &wanted, &statuses)?.values;
            let text = |key: &str| values.get(key).map(|v| v.to_text()).unwrap_or_default();
            (stdout, stderr) = (text("stdout"), text("stderr"));
            changed = values.get("changed").is_some_and(|c| c.truthy());
            diff = values.get("diff").and_then(|d| d.as_map().cloned());
        }
        let result = Outcome::new();
        if paths.is_empty() {
            return Ok(result
                .changed(changed)
                .with("stdout", stdout)
                .with("stderr", stderr)
                .with("diff", diff.map_or(Value::str(""), Value::from)));
        }
        let run = self.dpkg(host, &paths)?;
        let diff = match diff {
            Some(diff) => {
                if let Some(before) = diff.get("prepared") {
                    diff.insert("prepared", format!("{}\n\n{}", before.to_text(), run.stdout));
                }
                diff
            }
            None => Map::from_iter([("prepared", prepared(&run.stdout))]),
        };
        host.mark_changed();
        Ok(result
            .with("stdout", stdout + &run.stdout)
            .with("stderr", stderr + &run.stderr)
            .with("diff", diff))
    }

    /// The packages that a file needs or recommends and that are missing; `None` if it is installed already.
    fn examine(&self, host: &mut Host<'_>, file: &Path) -> Result<Option<Vec<String>>, Failure> {
        let control = Control::read(host, file)?;
        let db = Database::read();
        let is = db
            .find(&format!("{}:{}", control.name, control.architecture))
            .or_else(|| db.find(&control.name))
            .filter(|p| p.installed());
        let order = is.map(|p| debian_version::compare(&control.version, &p.version));
        match order {
            Some(Ordering::Equal) => return Ok(None),
            Some(Ordering::Less) if !self.force && !self.allow_downgrade => {
                return Err(Failure::new("A later version is already installed"));
            }
            _ => {}
        }
        let c = quiet(Command::new(host.need_program("apt-get", "apt")?)).args([
            "--simulate",
            "--no-install-recommends",
            "--allow-downgrades",
            "--allow-change-held-packages",
            "install",
        ]);
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let out = host.query(c.path(&file))?;
        let (mut needed, removed) = plan(&out.stdout_text(), &control.name);
        if out.rc != 0 && !self.force {
            let words = match unsatisfied(&out.stdout_text()) {
                Some(dependency) => format!("Dependency is not satisfiable: {dependency}"),
                None => format!("Unable to install package: {}", out.stderr_text().trim()),
            };
            return Err(Failure::new(words));
        }
        if let Some(other) = removed.first().filter(|_| !self.force) {
            return Err(Failure::new(format!(
                "Conflicts with the installed package '{other}'"
            )));
        }
        if self.install_recommends == Some(true) {
            needed.extend(control.recommended());
        }
        Ok(Some(needed))
    }

    fn dpkg(&self, host: &mut Host<'_>, files: &[std::path::PathBuf]) -> Result<Run, Failure> {
        let mut c = Command::new(host.need_program("dpkg", "dpkg")?);
        for option in self.dpkg_options.split(',').filter(|o| !o.is_empty()) {
            c = c.arg(format!("--{option}"));
        }
        if host.check() {
            c = c.arg("--simulate");
        }
        if self.force {
            c = c.arg("--force-all");
        }
        let c = quiet(c.arg("-i").args(files));
        let line = c.argv_text().join(" ");
        let out = self.with_policy(host, |host| host.query(c))?;
        let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
        if out.rc != 0 {
            return Err(Failure::new(format!("{line} failed"))
                .with("stdout", stdout)
                .with("stderr", stderr));
        }
        Ok(Run {
            rc: 0,
            stdout,
            stderr,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Control, plan, unsatisfied};

    #[test]
    fn a_plan_tells_what_else_is_installed_and_removed() {
        let text = "Remv rival [1.0]\nInst foo (1.0.1 stable [all])\nInst foobar (1.0 local-deb [all])\nConf foo (1.0.1 stable [all])\n";
        assert_eq!(plan(text, "foobar"), (vec!["foo".into()], vec!["rival".into()]));
        let text = "The following packages have unmet dependencies:\n needy : Depends: nowhere (>= 2) but it is not installable\n";
        assert_eq!(unsatisfied(text), Some("nowhere (>= 2)"));
    }

    #[test]
    fn of_recommended_alternatives_the_first_is_taken() {
        let control = Control {
            name: String::new(),
            version: String::new(),
            architecture: String::new(),
            recommends: "a (>= 1) | b, c".into(),
        };
        assert_eq!(control.recommended(), ["a", "c"]);
    }
}
