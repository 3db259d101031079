//! `getent`: entries of the host's databases as facts.

use crate::prelude::*;

/// Read entries of passwd, group, hosts and other databases into facts
///
/// The facts are called `getent_` and the database's name: a dict of keys and their fields.
#[derive(Params)]
pub struct Getent {
    /// The database: passwd, group, hosts, services, …
    #[param(required)]
    database: String,
    /// Only this key; without, the whole database.
    key: Option<String>,
    /// Ask only this service (files, ldap, …).
    service: Option<String>,
    /// What separates the fields; `:` for account databases, blanks for others.
    split: Option<String>,
    /// Fail if the key is not there.
    #[param(default = true)]
    fail_key: bool,
}

fn fields(line: &str, split: Option<&str>) -> Vec<String> {
    match split {
        Some(s) => line.split(s).map(str::to_owned).collect(),
        None => line.split_whitespace().map(str::to_owned).collect(),
    }
}

/// The lines as a dict; keys that occur more than once have a list of lists.
fn entries(text: &str, split: Option<&str>) -> Map {
    let map = Map::new();
    let mut seen: Vec<(String, usize)> = Vec::new();
    for line in text.lines() {
        let words = fields(line, split);
        let Some((key, rest)) = words.split_first() else {
            continue;
        };
        let rest = Value::list(rest.iter().map(Value::from));
        let index = seen.iter().position(|(k, _)| k == key);
        let count = index.and_then(|i| seen.get(i)).map_or(0, |(_, n)| *n);
        match (count, map.get(key)) {
            (1, Some(first)) => map.insert(key.as_str(), Value::list([first, rest])),
            (n, Some(Value::List(list))) if n > 1 => {
                let mut items = list.to_vec();
                items.push(rest);
                map.insert(key.as_str(), Value::list(items))
            }
            _ => map.insert(key.as_str(), rest),
        };
        match index.and_then(|i| seen.get_mut(i)) {
            Some(entry) => entry.1 += 1,
            None => seen.push((key.clone(), 1)),
        }
    }
    map
}

impl Module for Getent {
    const META: Meta = Meta {
        name: "ansible.builtin.getent",
        aliases: &[],
        check: Support::Full,
        diff: Support::None,
        returns: &[Return {
            name: "ansible_facts",
            doc: "`getent_DATABASE`: keys and their fields.",
        }],
        examples: &[Example {
            title: "A user's home",
            args: r#"{"database": "passwd", "key": "root"}"#,
            given: &[],
            then: &[],
            changed: false,
            runs: false,
        }],
    };

    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure> {
        let accounts = ["passwd", "shadow", "group", "gshadow"].contains(&self.database.as_str());
        let split = self.split.as_deref().or(accounts.then_some(":"));
        let program = host.need_program("getent", "libc-bin")?;
        let mut command = Command::new(program);
        if let Some(service) = &self.service {
            command = command.args(["-s", service]);
        }
        command = command.arg(&self.database);
        if let Some(key) = &self.key {
            command = command.arg(key);
        }
        let out = host.query(command)?;
        let name = format!("getent_{}", self.database);
        let facts =
            |value: Map| Outcome::new().with("ansible_facts", Map::from_iter([(name.as_str(), value)]));
        match out.rc {
            0 => Ok(facts(entries(&out.stdout_text(), split))),
            1 => Err("Missing arguments, or database unknown.".into()),
            2 if self.fail_key => Err("One or more supplied key could not be found in the database.".into()),
            2 => {
                let key = self.key.clone().unwrap_or_default();
                Ok(facts(Map::from_iter([(key.as_str(), Value::None)])).with(
                    "msg",
                    "One or more supplied key could not be found in the database.",
                ))
            }
            3 => Err("Enumeration not supported on this database.".into()),
            _ => Err("Unexpected failure!".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::entries;
    use kdo_value::Value;

    #[test]
    fn repeated_keys_become_lists_of_lists() {
        let map = entries("a:1:2\nb:3\na:4\na:5\n", Some(":"));
        assert_eq!(
            Value::from(map).repr(),
            "{'a': [['1', '2'], ['4'], ['5']], 'b': ['3']}"
        );
        assert_eq!(Value::from(entries("x  y z\n", None)).repr(), "{'x': ['y', 'z']}");
    }
}
