//! Which collectors a `gather_subset` means.

use super::{COLLECTORS, Collector};
use std::collections::BTreeSet;

/// The collectors for a list of subset names with `!`; the error names one that does not exist.
pub fn choose(subset: &[String]) -> Result<Vec<&'static str>, String> {
    // Names of collectors and of facts that mean them: a fact's name keeps its collector even where that is left out.
    let minimal = || COLLECTORS.iter().filter(|c| c.minimal).map(|c| c.name);
    let (mut wanted, mut explicit, mut excluded) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    wanted.extend(minimal());
    if subset.is_empty() {
        wanted.extend(names());
    }
    for word in subset {
        match word.strip_prefix('!') {
            Some("min") => excluded.extend(minimal()),
            Some("all") => {
                let small: BTreeSet<_> = minimal().collect();
                excluded.extend(names().filter(|n| !small.contains(n)));
            }
            // What does not exist can be left out.
            Some(not) => {
                if let Some(c) = COLLECTORS.iter().find(|c| c.name == not) {
                    excluded.extend(std::iter::once(c.name).chain(c.ids.iter().copied()));
                }
                excluded.extend(names().find(|n| *n == not));
            }
            None if word == "min" => wanted.extend(minimal()),
            None if word == "all" => wanted.extend(names()),
            None => {
                let Some(name) = names().find(|n| n == word) else {
                    return Err(bad(word));
                };
                wanted.insert(name);
                explicit.insert(name);
            }
        }
    }
    wanted.retain(|n| !excluded.contains(n) || explicit.contains(n));
    let chosen = |c: &Collector| wanted.contains(c.name) || c.ids.iter().any(|i| wanted.contains(i));
    let needed: BTreeSet<_> = COLLECTORS
        .iter()
        .filter(|c| chosen(c))
        .flat_map(|c| c.needs.iter().copied())
        .collect();
    Ok(COLLECTORS
        .iter()
        .filter(|c| chosen(c) || needed.contains(c.name))
        .map(|c| c.name)
        .collect())
}

/// All names that can be asked for, but `all` and `min`.
fn names() -> impl Iterator<Item = &'static str> {
    let of = |c: &'static Collector| std::iter::once(c.name).chain(c.ids.iter().copied());
    COLLECTORS.iter().flat_map(of)
}

fn bad(word: &str) -> String {
    let names: BTreeSet<_> = names().collect();
    let names: Vec<_> = std::iter::once("all").chain(names).collect();
    format!(
        "Bad subset '{word}' given to Ansible. gather_subset options allowed: {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::choose;

    fn names(text: &str) -> Vec<&'static str> {
        choose(&text.split(',').map(str::to_owned).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn subsets_choose_as_in_ansible() {
        assert_eq!(names("!all,!min"), Vec::<&str>::new());
        assert_eq!(
            names("!all,!min,network"),
            ["platform", "distribution", "network"]
        );
        assert_eq!(names("!all,!min,mounts"), ["platform", "hardware"]);
        assert!(names("!all").contains(&"dns") && !names("!all").contains(&"virtual"));
        // Nothing but exclusions leaves the smallest set.
        assert!(names("!hardware").contains(&"dns") && !names("!hardware").contains(&"network"));
        assert!(!names("all,!hardware").contains(&"hardware") && names("all,!hardware").contains(&"network"));
        assert!(names("all").contains(&"chroot") && !names("!all").contains(&"systemd"));
        // What does not exist can be left out.
        assert_eq!(names("!nosuch"), names("min"));
        // The facts' own names are not among what `!min` leaves out.
        assert!(names("all,!min").contains(&"distribution") && !names("all,!min").contains(&"dns"));
        assert!(names("all,!mounts").contains(&"hardware"));
        assert!(
            choose(&["nosuch".into()])
                .unwrap_err()
                .starts_with("Bad subset 'nosuch' given to Ansible.")
        );
    }
}
