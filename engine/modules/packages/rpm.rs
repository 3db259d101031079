//! What is installed, asked from rpm, and how versions compare.

use crate::{Failure, Host, host::Command};
use std::{cmp::Ordering, fmt};

/// A package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) epoch: String,
    pub(super) version: String,
    pub(super) release: String,
    pub(super) arch: String,
}

/// Fields of [`Package`], for `--qf` of rpm and dnf.
pub(super) const RPM_FORMAT: &str = "%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\n";

impl Package {
    /// From a line of [`RPM_FORMAT`]; `None` for what is no package (keys, messages).
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut fields = line.split('\t').map(str::to_owned);
        let package = Self {
            name: fields.next()?,
            epoch: fields.next()?,
            version: fields.next()?,
            release: fields.next()?,
            arch: fields.next()?,
        };
        (package.name != "gpg-pubkey").then_some(package)
    }

    /// Compares age.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        compare_versions(&self.epoch, &other.epoch)
            .then_with(|| compare_versions(&self.version, &other.version))
            .then_with(|| compare_versions(&self.release, &other.release))
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-", self.name)?;
        if self.epoch != "0" {
            write!(f, "{}:", self.epoch)?;
        }
        write!(f, "{}-{}.{}", self.version, self.release, self.arch)
    }
}

fn rpm(host: &Host<'_>, root: &str) -> Result<Command, Failure> {
    let command = Command::new(host.need_program("rpm", "rpm")?).env("LC_ALL", "C");
    Ok(if root == "/" {
        command
    } else {
        command.args(["--root", root])
    })
}

fn packages(host: &mut Host<'_>, command: Command) -> Result<Vec<Package>, Failure> {
    let text = host.query(command)?.stdout_text();
    Ok(text.lines().filter_map(Package::read).collect())
}

/// All installed packages.
pub(super) fn all(host: &mut Host<'_>, root: &str) -> Result<Vec<Package>, Failure> {
    let command = rpm(host, root)?.args(["-qa", "--qf", RPM_FORMAT]);
    packages(host, command)
}

/// Installed packages of that name; parts of the version and the architecture may follow it.
pub(super) fn named(host: &mut Host<'_>, root: &str, name: &str) -> Result<Vec<Package>, Failure> {
    let command = rpm(host, root)?.args(["-q", "--qf", RPM_FORMAT, "--", name]);
    packages(host, command)
}

/// Installed packages that provide that name or file.
pub(super) fn providing(host: &mut Host<'_>, root: &str, name: &str) -> Result<Vec<Package>, Failure> {
    let command = rpm(host, root)?.args(["-q", "--whatprovides", "--qf", RPM_FORMAT, "--", name]);
    packages(host, command)
}

/// The package in a file.
pub(super) fn in_file(host: &mut Host<'_>, file: &str) -> Result<Option<Package>, Failure> {
    let command = rpm(host, "/")?.args(["-q", "--nosignature", "--qf", RPM_FORMAT, "-p", "--", file]);
    Ok(packages(host, command)?.pop())
}

/// Which of these names nothing installed has or provides. One process for all names that are there.
pub(super) fn missing<'a>(
    host: &mut Host<'_>,
    root: &str,
    names: &[&'a str],
) -> Result<Vec<&'a str>, Failure> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let command = rpm(host, root)?.args(["-q", "--"]).args(names);
    let out = host.query(command)?;
    if out.rc == 0 {
        return Ok(Vec::new());
    }
    let text = out.stdout_text();
    let mut missing = Vec::new();
    for name in names {
        let line = format!("package {name} is not installed");
        if text.lines().any(|l| l == line) && providing(host, root, name)?.is_empty() {
            missing.push(*name);
        }
    }
    Ok(missing)
}

/// Compares two versions (or releases) as rpm does: segments of digits or letters, `~` before and `^` after the end.
pub(super) fn compare_versions(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    let separator = |c: u8| !c.is_ascii_alphanumeric() && c != b'~' && c != b'^';
    loop {
        while let [first, rest @ ..] = a
            && separator(*first)
        {
            a = rest;
        }
        while let [first, rest @ ..] = b
            && separator(*first)
        {
            b = rest;
        }
        match (a, b) {
            ([b'~', x @ ..], [b'~', y @ ..]) => {
                (a, b) = (x, y);
                continue;
            }
            ([b'~', ..], _) => return Ordering::Less,
            (_, [b'~', ..]) => return Ordering::Greater,
            ([b'^', x @ ..], [b'^', y @ ..]) => {
                (a, b) = (x, y);
                continue;
            }
            ([b'^', ..], []) => return Ordering::Greater,
            ([], [b'^', ..]) => return Ordering::Less,
            ([b'^', ..], _) => return Ordering::Less,
            (_, [b'^', ..]) => return Ordering::Greater,
            ([], []) => return Ordering::Equal,
            ([], _) => return Ordering::Less,
            (_, []) => return Ordering::Greater,
            _ => {}
        }
        let digits = a.first().is_some_and(u8::is_ascii_digit);
        let kind = |c: &u8| {
            if digits {
                c.is_ascii_digit()
            } else {
                c.is_ascii_alphabetic()
            }
        };
        let (x, rest_a) = a.split_at(a.iter().position(|c| !kind(c)).unwrap_or(a.len()));
        let (y, rest_b) = b.split_at(b.iter().position(|c| !kind(c)).unwrap_or(b.len()));
        if y.is_empty() {
            // Digits are newer than letters.
            return if digits { Ordering::Greater } else { Ordering::Less };
        }
        let order = if digits {
            let strip = |s: &'_ [u8]| s.iter().position(|c| *c != b'0').unwrap_or(s.len());
            let (x, y) = (x.split_at(strip(x)).1, y.split_at(strip(y)).1);
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            x.cmp(y)
        };
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
}

#[cfg(test)]
mod tests {
    use super::{Package, compare_versions};
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn versions_compare_as_rpm_compares_them() {
        for (a, b, order) in [
            ("1.0", "1.0", Equal),
            ("1.0", "2.0", Less),
            ("2.0.1", "2.0", Greater),
            ("5.5p10", "5.5p1", Greater),
            ("10xyz", "10.1xyz", Less),
            ("xyz10", "xyz10.1", Less),
            ("1.0010", "1.9", Greater),
            ("1.05", "1.5", Equal),
            ("2_0", "2.0", Equal),
            ("1.0~rc1", "1.0", Less),
            ("1.0~rc1", "1.0~rc2", Less),
            ("1.0^", "1.0", Greater),
            ("1.0^git1", "1.0.1", Less),
            ("1.0^git1", "1.0^git2", Less),
            ("a", "1", Less),
            ("20101121", "20101122", Less),
        ] {
            assert_eq!(compare_versions(a, b), order, "{a} {b}");
            assert_eq!(compare_versions(b, a), order.reverse(), "{b} {a}");
        }
    }

    #[test]
    fn lines_become_packages_but_keys_and_messages_do_not() {
        let package = Package::read("foo\t1\t2.0\t1\tnoarch").unwrap();
        assert_eq!(package.to_string(), "foo-1:2.0-1.noarch");
        assert!(Package::read("package foo is not installed").is_none());
        assert!(Package::read("gpg-pubkey\t0\tab\tcd\t(none)").is_none());
    }
}
