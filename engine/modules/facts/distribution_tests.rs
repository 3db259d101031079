//! Distributions as ansible-core tells them (fixtures/distributions.json, recorded by tests/facts/record-distributions).

use super::distribution::{Files, describe};
use kdo_value::{Map, json};
use std::collections::BTreeMap;

struct Given(BTreeMap<String, String>);

impl Files for Given {
    fn read(&self, path: &str) -> Option<String> {
        self.0.get(path).map(|t| t.trim().to_owned())
    }
    fn names(&self) -> Vec<String> {
        let names = self.0.keys().filter_map(|p| p.strip_prefix("/etc/"));
        names.filter(|n| !n.contains('/')).map(str::to_owned).collect()
    }
    fn link(&self, path: &str) -> Option<String> {
        self.0.get(&format!("{path} ->")).cloned()
    }
    fn lsb(&self, _label: &str) -> String {
        String::new()
    }
}

#[test]
fn distributions_are_told_as_ansible_core_tells_them() {
    let cases = json::read(include_str!("fixtures/distributions.json")).unwrap();
    let mut wrong = Vec::new();
    for (name, case) in cases.as_map().unwrap().text_entries() {
        let part = |key: &str| case.get(key).unwrap().as_map().unwrap().text_entries();
        let given = Given(part("files").into_iter().map(|(p, t)| (p, t.to_text())).collect());
        let out = Map::new();
        describe(&given, &out);
        let told = |entries: Vec<(String, _)>| {
            let sorted: BTreeMap<String, _> = entries.into_iter().collect();
            json::line(&sorted.into_iter().collect::<Map>().into())
        };
        let (is, recorded) = (told(out.text_entries()), told(part("facts")));
        if is != recorded {
            wrong.push(format!("{name}:\n  kdo          {is}\n  ansible-core {recorded}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
