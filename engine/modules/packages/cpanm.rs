//! `cpanm`: libraries of Perl.

use crate::{commands::words::quote, host::Command, prelude::*};
use std::path::{Path, PathBuf};

/// Install libraries of Perl with cpanminus
#[derive(Params)]
#[params(one_of(name, from_path))]
pub struct Cpanm {
    /// Path of cpanm, if it is not on the PATH.
    executable: Option<PathBuf>,
    /// Folder or archive to install from.
    from_path: Option<PathBuf>,
    /// Whether recommended libraries are installed too; without, as cpanm is set up.
    install_recommendations: Option<bool>,
    /// Whether suggested libraries are installed too; without, as cpanm is set up.
    install_suggestions: Option<bool>,
    /// Install only what the library depends on.
    #[param(default = false)]
    installdeps: bool,
    /// Folder to install into instead of the system's.
    locallib: Option<PathBuf>,
    /// Address of the mirror.
    mirror: Option<String>,
    /// Use the mirror's index only.
    #[param(default = false)]
    mirror_only: bool,
    /// `new` hands the name to cpanm; `compatibility` installs nothing if the library of that name is there.
    #[param(default = "new", choices("compatibility", "new"))]
    mode: String,
    /// The library; in mode `new` also an archive, an address or a repository of git.
    #[param(alias = "pkg")]
    name: Option<String>,
    /// Install nothing if this library is there; for mode `new`.
    name_check: Option<String>,
    /// Do not run the libraries' tests.
    #[param(default = false)]
    notest: bool,
    /// The wanted version; a plain number is the least one, `@1.2` exactly that.
    version: Option<String>,
}

/// The version in cpanm's own words.
fn own_version(text: &str) -> Option<String> {
    let rest = text.lines().next()?.split("version").nth(1)?;
    let word = rest.split_whitespace().next()?;
    let number = word.chars().all(|c| c.is_ascii_digit() || c == '.');
    (rest.starts_with(' ') && number).then(|| word.to_owned())
}

/// What is to be installed, with its version as cpanm writes it.
fn specification(what: &str, version: Option<&str>) -> Result<String, Failure> {
    let Some(version) = version else {
        return Ok(what.to_owned());
    };
    let refused = |place: &str| {
        Err(Failure::new(format!(
            "parameter 'version' must not be used when installing from a {place}"
        )))
    };
    if what.ends_with(".tar.gz") {
        return refused("file");
    }
    if Path::new(what).is_dir() {
        return refused("directory");
    }
    Ok(match version {
        v if what.ends_with(".git") && v.starts_with('~') => {
            return Err(Failure::new(
                "operator '~' not allowed in version parameter when installing from git repository",
            ));
        }
        v if v.starts_with(['@', '~']) => format!("{what}{v}"),
        v if what.ends_with(".git") => format!("{what}@{v}"),
        v => format!("{what}~{v}"),
    })
}

impl Cpanm {
    /// Whether Perl finds the library in the wanted version.
    fn there(&self, host: &mut Host<'_>, name: &str) -> Result<bool, Failure> {
        if name.ends_with(".tar.gz") {
            return Ok(false);
        }
        let version = self.version.as_ref().map_or(String::new(), |v| format!(" {v}"));
        let mut c = Command::new(host.need_program("perl", "perl")?)
            .arg("-le")
            .arg(format!("use {name}{version};"));
        if let Some(folder) = &self.locallib {
            c = c.env("PERL5LIB", format!("{}/lib/perl5", folder.display()));
        }
        Ok(host.query(c)?.rc == 0)
    }

    fn command(&self, program: &Path, what: &str) -> Command {
        let mut c = Command::new(program);
        if self.notest {
            c = c.arg("--notest");
        }
        if let Some(folder) = &self.locallib {
            c = c.arg("--local-lib").path(folder);
        }
        if let Some(mirror) = &self.mirror {
            c = c.arg("--mirror").arg(mirror);
        }
        for (given, option) in [
            (self.mirror_only, "--mirror-only"),
            (self.installdeps, "--installdeps"),
            (self.install_recommendations == Some(true), "--with-recommends"),
            (
                self.install_recommendations == Some(false),
                "--without-recommends",
            ),
            (self.install_suggestions == Some(true), "--with-suggests"),
            (self.install_suggestions == Some(false), "--without-suggests"),
        ] {
            if given {
                c = c.arg(option);
            }
        }
        c.arg(what)
    }

    /// Installs what is missing; says whether something was.
    fn install(&self, host: &mut Host<'_>, program: &Path) -> Result<bool, Failure> {
        let given = match (&self.from_path, &self.name) {
            (Some(path), _) => path.to_string_lossy().into_owned(),
            (None, name) => name.clone().unwrap_or_default(),
        };
        let old = self.mode == "compatibility";
        let checked = if old { &self.name } else { &self.name_check };
        if let Some(name) = checked
            && self.there(host, name)?
        {
            return Ok(false);
        }
        let what = if old {
            given
        } else {
            specification(&given, self.version.as_deref())?
        };
        let c = self.command(program, &what);
        let cmd: Vec<_> = c.argv_text().iter().map(|w| quote(w)).collect();
        let out = host.query(c)?;
        let (stdout, stderr) = (out.stdout_text(), out.stderr_text());
        if out.rc != 0 {
            return Err(Failure::new(stderr.trim_end())
                .with("cmd", cmd.join(" "))
                .with("rc", out.rc)
                .with("stdout", stdout)
                .with("stderr", stderr));
        }
        Ok(!stdout.contains("is up to date") && !stderr.contains("is up to date"))
    }
}

impl Module for Cpanm {
    const META: Meta = Meta {
        name: "community.general.cpanm",
        aliases: &[],
        check: Support::None,
        diff: Support::None,
        returns: &[
            Return {
                name: "cpanm_version",
                doc: "Version of cpanm.",
            },
            Return {
                name: "name",
                doc: "The library, as it was given.",
            },
            Return {
                name: "version",
                doc: "The version, as it was given.",
            },
            Return {
                name: "binary",
                doc: "The cpanm that was used.",
            },
        ],
        examples: &[Example {
            title: "Install a library into a folder of its own",
            args: r#"{"name": "Dancer", "version": "1.0", "locallib": "/srv/app/extlib", "notest": true}"#,
            given: &[],
            then: &[],
            changed: true,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let compatibility = self.mode == "compatibility";
        if compatibility && self.name_check.is_some() {
            return Err(Failure::new(
                "Parameter name_check can only be used with mode=new",
            ));
        }
        if !compatibility && self.name.is_some() && self.from_path.is_some() {
            return Err(Failure::new(
                "Parameters 'name' and 'from_path' are mutually exclusive when 'mode=new'",
            )
            .with("name", self.name));
        }
        let program = match &self.executable {
            Some(path) if path.components().count() > 1 => path.clone(),
            Some(name) => host.need_program(&name.to_string_lossy(), "cpanminus")?,
            None => host.need_program("cpanm", "cpanminus")?,
        };
        let asked = host.query(Command::new(&program).arg("--version"))?;
        let words = asked.success("cpanm does not tell its version")?.stdout_text();
        let version = own_version(&words).ok_or_else(|| {
            Failure::new(format!(
                "Failed to determine version number. First line of output: {}",
                words.lines().next().unwrap_or_default()
            ))
        })?;
        let (values, message) = match self.install(host, &program) {
            Ok(changed) => (Outcome::new().changed(changed).values, None),
            // What cpanm itself says stands alone.
            Err(failure) if failure.values.contains("rc") => return Err(failure),
            Err(failure) => (failure.values, Some(failure.message)),
        };
        values.insert("binary", program.to_string_lossy().into_owned());
        values.insert("cpanm_version", version);
        values.insert("name", self.name);
        values.insert("version", self.version);
        match message {
            None => Ok(values.into()),
            Some(message) => Err(Failure { message, values }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{own_version, specification};

    #[test]
    fn cpanm_tells_its_version_in_its_first_line() {
        let text = "cpanm (App::cpanminus) version 1.7046 (/usr/bin/cpanm)\nperl version 5.036000\n";
        assert_eq!(own_version(text).as_deref(), Some("1.7046"));
        assert_eq!(own_version("bash: no cpanm"), None);
    }

    #[test]
    fn versions_are_written_as_cpanm_reads_them() {
        let of = |what, version| specification(what, Some(version)).ok();
        assert_eq!(of("Dancer", "1.0").as_deref(), Some("Dancer~1.0"));
        assert_eq!(of("Dancer", "@1.0").as_deref(), Some("Dancer@1.0"));
        assert_eq!(of("git://x/y.git", "v1").as_deref(), Some("git://x/y.git@v1"));
        assert_eq!(of("git://x/y.git", "~1"), None);
        assert_eq!(of("A/B.tar.gz", "1"), None);
        assert_eq!(of("/", "1"), None);
        assert_eq!(specification("Dancer", None).unwrap(), "Dancer");
    }
}
