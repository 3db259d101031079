//! `generator`: hosts and groups from all combinations of layers.

use super::Plugin;
use crate::{Evaluate, Inventory, LoadContext, source::Source};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Value};

/// More hosts from one file are refused.
const MAX_HOSTS: usize = 1_000_000;
/// Parents of parents deeper than this are refused.
const MAX_DEPTH: usize = 100;

pub(crate) const PLUGIN: Plugin = Plugin {
    name: "generator",
    accepts: |source, context| {
        source.is_readable() && source.has_extension(&context.yaml_extensions, &[".config"])
    },
    read,
};

fn read(inventory: &mut Inventory, source: &Source<'_>, context: &LoadContext<'_>) -> Result<(), Diagnostic> {
    let config = super::constructed::config(PLUGIN.name, source)?;
    let evaluate = super::constructed::evaluate(context)?;
    let missing = |key: &str| Diagnostic::error(format!("{} has no key '{key}'", source.name));
    let Some(Value::Map(layers)) = config.get("layers") else {
        return Err(missing("layers"));
    };
    let Some(Value::Map(hosts)) = config.get("hosts") else {
        return Err(missing("hosts"));
    };
    let name = hosts.get("name").ok_or_else(|| missing("hosts.name"))?;
    let parents = hosts.get("parents").unwrap_or(Value::None);
    let mut axes: Vec<(Value, Vec<Value>)> = Vec::new();
    let mut count = 1_usize;
    for (key, values) in layers.entries() {
        let values = values.as_sequence().unwrap_or_else(|| vec![values]);
        count = count.saturating_mul(values.len());
        axes.push((key, values));
    }
    if count > MAX_HOSTS {
        let message = format!("the layers give {count} hosts, at most {MAX_HOSTS} are possible");
        return Err(Diagnostic::error(message));
    }
    let generator = Generator { evaluate };
    for number in 0..count {
        let vars = combination(&axes, number);
        let host = generator.text(&name, &vars)?;
        if host.is_empty() {
            return Err(Diagnostic::error("Invalid empty host name provided").at(name.origin()));
        }
        inventory.add_host(&host, None, Some(&source.path), None);
        generator.parents(inventory, Child::Host(&host), &parents, &vars, 0)?;
    }
    Ok(())
}

/// One value of each layer; the last layer changes fastest.
fn combination(axes: &[(Value, Vec<Value>)], mut number: usize) -> Map {
    let mut chosen: Vec<(&Value, &Value)> = Vec::new();
    for (key, values) in axes.iter().rev() {
        if let Some(value) = values.get(number % values.len().max(1)) {
            chosen.push((key, value));
        }
        number /= values.len().max(1);
    }
    let map = Map::new();
    for (key, value) in chosen.into_iter().rev() {
        map.insert(key.clone(), value.clone());
    }
    map.freeze();
    map
}

/// What is put into a group.
#[derive(Clone, Copy)]
enum Child<'a> {
    Host(&'a str),
    Group(&'a str),
}

struct Generator<'a> {
    evaluate: &'a dyn Evaluate,
}

impl Generator<'_> {
    fn parents(
        &self,
        inventory: &mut Inventory,
        child: Child<'_>,
        parents: &Value,
        vars: &Map,
        depth: usize,
    ) -> Result<(), Diagnostic> {
        let (Child::Host(name) | Child::Group(name)) = child;
        if depth > MAX_DEPTH {
            return Err(Diagnostic::error("the parents are nested too deep").at(parents.origin()));
        }
        for parent in parents.as_sequence().unwrap_or_default() {
            let written = parent.get("name").unwrap_or(Value::None);
            let group = self.text(&written, vars)?;
            if group.is_empty() {
                let message = format!("Element {name} has a parent with no name.");
                return Err(Diagnostic::error(message).at(parent.origin()));
            }
            let group = inventory.add_group(&group);
            if let Some(Value::Map(own)) = parent.get("vars") {
                for (key, value) in own.entries() {
                    // Lists and dicts stay as they are, to be evaluated when they are used.
                    let value = match &value {
                        Value::Str(_) => self.value(&value, vars)?,
                        _ => value,
                    };
                    inventory.share_group_var(&group, key, value);
                }
            }
            match child {
                Child::Host(host) => {
                    inventory.add_host(host, Some(&group), None, None);
                }
                Child::Group(below) => {
                    inventory
                        .add_child(&group, below)
                        .map_err(|e| Diagnostic::error(e).at(written.origin()))?;
                }
            }
            let above = parent.get("parents").unwrap_or(Value::None);
            self.parents(inventory, Child::Group(&group), &above, vars, depth + 1)?;
        }
        Ok(())
    }

    fn value(&self, written: &Value, vars: &Map) -> Result<Value, Diagnostic> {
        let Value::Str(text) = written else {
            return Ok(written.clone());
        };
        self.evaluate
            .template(text, vars)
            .map(|v| super::constructed::placed(v, text.origin()))
            .map_err(|e| Diagnostic::error(e).at(written.origin()))
    }

    fn text(&self, written: &Value, vars: &Map) -> Result<String, Diagnostic> {
        Ok(match self.value(written, vars)? {
            Value::None | Value::Omit => String::new(),
            value => value.to_text(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::combination;
    use kdo_value::Value;

    #[test]
    fn the_last_layer_changes_fastest() {
        let axes = vec![
            (Value::str("a"), vec![Value::Int(1), Value::Int(2)]),
            (Value::str("b"), vec![Value::str("x"), Value::str("y")]),
        ];
        let all: Vec<String> = (0..4).map(|n| Value::Map(combination(&axes, n)).repr()).collect();
        assert_eq!(
            all,
            [
                "{'a': 1, 'b': 'x'}",
                "{'a': 1, 'b': 'y'}",
                "{'a': 2, 'b': 'x'}",
                "{'a': 2, 'b': 'y'}"
            ]
        );
    }
}
