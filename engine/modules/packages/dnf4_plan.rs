//! What dnf 4 tells of a transaction.

/// What dnf says that it will do.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) installed: Vec<String>,
    pub(super) removed: Vec<String>,
    /// Names of packages that an older version replaces; dnf does not tell of the newer one.
    pub(super) downgraded: Vec<String>,
    /// Specifications that no package matches.
    pub(super) unmatched: Vec<String>,
    /// Groups that no repository has.
    pub(super) no_groups: Vec<String>,
    /// Identifiers of the groups that are installed.
    pub(super) groups: Vec<String>,
    /// Groups that were to be upgraded but are not there.
    pub(super) new_groups: Vec<String>,
    /// Why it cannot be done.
    pub(super) problem: Option<String>,
    /// Complaints about single lines that nothing else tells of.
    pub(super) errors: Vec<String>,
    /// Whether there is anything to do.
    pub(super) something: bool,
}

/// `name.arch evr` of a line as `name-evr.arch`.
fn nevra(text: &str) -> Option<String> {
    let (name_arch, evr) = text.split_once(' ')?;
    let (name, arch) = name_arch.rsplit_once('.')?;
    Some(format!("{name}-{evr}.{arch}"))
}

impl Plan {
    /// Reads what `dnf --verbose` tells of a resolved transaction.
    pub(super) fn read(out: &str, errors: &str) -> Self {
        let mut plan = Self::default();
        let mut problem: Vec<&str> = Vec::new();
        let note = |list: &mut Vec<String>, text: &str| {
            let text = text.trim().to_owned();
            if !list.contains(&text) {
                list.push(text);
            }
        };
        for line in out.lines().chain(errors.lines()) {
            if let Some(rest) = line.strip_prefix("---> Package ") {
                let Some((package, fate)) = rest.split_once(" will be ") else {
                    continue;
                };
                let Some(package) = nevra(package) else { continue };
                if fate.trim() == "a downgrade" {
                    let name = rest.split(' ').next().and_then(|n| n.rsplit_once('.'));
                    plan.downgraded.extend(name.map(|(name, _)| name.to_owned()));
                }
                match fate.trim() {
                    "installed" | "an upgrade" | "a downgrade" | "reinstalled" => {
                        plan.installed.push(package);
                    }
                    "erased" | "upgraded" | "obsoleted" => note(&mut plan.removed, &package),
                    _ => {}
                }
                plan.something = true;
            } else if let Some(spec) = line.strip_prefix("No match for argument: ") {
                note(&mut plan.unmatched, spec);
            } else if let Some(rest) = line.strip_prefix("Module or Group '") {
                if let Some(group) = rest.strip_suffix("' is not available.") {
                    note(&mut plan.no_groups, group);
                } else if let Some(group) = rest.strip_suffix("' is not installed.") {
                    note(&mut plan.new_groups, group);
                }
            } else if let Some(rest) = line.strip_prefix("Adding packages from group '") {
                note(&mut plan.groups, rest.split('\'').next().unwrap_or_default());
            } else if let Some(error) = line.strip_prefix("Error: ") {
                // What these say has been told with more detail before.
                let told = [
                    "Unable to find a match",
                    "Nothing to do",
                    "No packages marked",
                    "No group marked",
                ];
                if !told.iter().any(|t| error.starts_with(t)) {
                    note(&mut plan.errors, error);
                }
            } else if line.trim_start().starts_with("Problem")
                || !problem.is_empty() && line.starts_with("  ")
            {
                problem.push(line);
            }
        }
        plan.problem = (!problem.is_empty()).then(|| problem.join("\n"));
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn a_resolved_transaction_tells_what_comes_and_goes() {
        let out = "--> Starting dependency resolution\n\
                   ---> Package foo.noarch 1.0-1 will be upgraded\n\
                   ---> Package foo.noarch 2.0-1 will be an upgrade\n\
                   ---> Package bar.x86_64 3:1.0-1 will be installed\n\
                   ---> Package old.noarch 1-1 will be obsoleted\n\
                   ---> Package old.noarch 1-1 will be erased\n\
                   ---> Package down.noarch 1-1 will be a downgrade\n\
                   --> Finished dependency resolution\nLeaving Shell\n";
        let plan = Plan::read(out, "");
        assert_eq!(
            plan.installed,
            ["foo-2.0-1.noarch", "bar-3:1.0-1.x86_64", "down-1-1.noarch"]
        );
        assert_eq!(plan.removed, ["foo-1.0-1.noarch", "old-1-1.noarch"]);
        assert_eq!(plan.downgraded, ["down"]);
        assert!(plan.something && plan.problem.is_none() && plan.errors.is_empty());
    }

    #[test]
    fn what_cannot_be_done_is_told() {
        let out = "No match for argument: nope\n\
                   Adding packages from group 'tools': {<libcomps.Package object 'foo'>}\n \
                   Problem: conflicting requests\n  - nothing provides x needed by broken-1.0-1.noarch\n\
                   --> Finished dependency resolution\n";
        let errors = "Error: Unable to find a match: nope\nModule or Group 'g' is not available.\n\
                      Module or Group 'h' is not installed.\nError: Nothing to do.\nError: Cache-only enabled but no cache for 't'\n";
        let plan = Plan::read(out, errors);
        assert_eq!(plan.unmatched, ["nope"]);
        assert_eq!(
            (plan.no_groups, plan.new_groups),
            (vec!["g".to_owned()], vec!["h".to_owned()])
        );
        assert_eq!(plan.groups, ["tools"]);
        assert_eq!(plan.errors, ["Cache-only enabled but no cache for 't'"]);
        let problem = plan.problem.unwrap_or_default();
        assert!(problem.ends_with("needed by broken-1.0-1.noarch"), "{problem}");
        assert!(!plan.something);
    }

    #[test]
    fn odd_output_is_no_plan() {
        for text in [
            "---> Package",
            "---> Package x will be",
            "---> Package x y will be installed",
            "Module or Group 'x",
        ] {
            let plan = Plan::read(text, text);
            assert!(!plan.something && plan.installed.is_empty(), "{text}");
        }
    }
}
