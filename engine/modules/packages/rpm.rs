//! What is installed, asked from rpm.

use crate::{Failure, Host, host::Command};
use std::collections::BTreeSet;

/// All installed packages as `name-version-release.arch`.
pub(super) fn all(host: &mut Host<'_>, root: &str) -> Result<BTreeSet<String>, Failure> {
    let c = Command::new(host.need_program("rpm", "rpm")?).args(["--root", root, "-qa"]);
    Ok(host.query(c)?.stdout_text().lines().map(str::to_owned).collect())
}

/// Whether something installed has or provides that name, `name-version` too.
pub(super) fn installed(host: &mut Host<'_>, root: &str, name: &str) -> Result<bool, Failure> {
    let rpm = host.need_program("rpm", "rpm")?;
    let by_name = Command::new(&rpm).args(["--root", root, "-q", "--", name]);
    if host.query(by_name)?.rc == 0 {
        return Ok(true);
    }
    let provider = Command::new(rpm).args(["--root", root, "-q", "--whatprovides", "--", name]);
    Ok(host.query(provider)?.rc == 0)
}

/// The name of the package in a file.
pub(super) fn name_of_file(host: &mut Host<'_>, file: &str) -> Result<Option<String>, Failure> {
    let format = "%{NAME}-%{VERSION}-%{RELEASE}";
    let c = Command::new(host.need_program("rpm", "rpm")?).args(["-q", "--qf", format, "-p", file]);
    let out = host.query(c)?;
    Ok((out.rc == 0).then(|| out.stdout_text().trim().to_owned()))
}
