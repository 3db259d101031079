//! Which collectors a `gather_subset` means.

use super::COLLECTORS;

/// The collectors for a list of subset names with `!`; the error names one that does not exist.
pub fn choose(subset: &[String]) -> Result<Vec<&'static str>, String> {
    let (mut wanted, mut explicit, mut excluded): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    let all = || COLLECTORS.iter().map(|c| c.name);
    let minimal = || COLLECTORS.iter().filter(|c| c.minimal).map(|c| c.name);
    for word in subset.iter().map(|w| w.trim()) {
        if let Some(not) = word.strip_prefix('!') {
            match not {
                "min" => excluded.extend(minimal()),
                "all" => excluded.extend(COLLECTORS.iter().filter(|c| !c.minimal).map(|c| c.name)),
                _ => match COLLECTORS.iter().find(|c| c.name == not) {
                    Some(c) => excluded.push(c.name),
                    None if COLLECTORS.iter().any(|c| c.ids.contains(&not)) => {}
                    None => return Err(bad(not)),
                },
            }
            continue;
        }
        match word {
            "min" => wanted.extend(minimal()),
            "all" => wanted.extend(all()),
            _ => match COLLECTORS
                .iter()
                .find(|c| c.name == word || c.ids.contains(&word))
            {
                Some(c) => {
                    wanted.push(c.name);
                    explicit.push(c.name);
                }
                None => return Err(bad(word)),
            },
        }
    }
    if subset.is_empty() {
        wanted.extend(all());
    }
    wanted.extend(minimal());
    wanted.retain(|n| !excluded.contains(n) || explicit.contains(n));
    let needed: Vec<_> = COLLECTORS
        .iter()
        .filter(|c| wanted.contains(&c.name))
        .flat_map(|c| c.needs.iter().copied())
        .collect();
    wanted.extend(needed);
    Ok(all().filter(|n| wanted.contains(n)).collect())
}

fn bad(word: &str) -> String {
    let mut names = vec!["all"];
    for c in COLLECTORS {
        names.push(c.name);
        names.extend(c.ids);
    }
    names.sort_unstable();
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
        assert!(names("all").contains(&"chroot"));
        assert!(
            choose(&["nosuch".into()])
                .unwrap_err()
                .starts_with("Bad subset 'nosuch' given to Ansible.")
        );
    }
}
