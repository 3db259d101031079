//! `kdo inventory HOST --explain VAR`

use kdo_inventory::{HashBehaviour, Inventory, Level, merge};
use kdo_syntax::SourceMap;
use kdo_template::{Environment, SearchPath, Templar, Vault};
use kdo_value::{Map, Value};
use kdo_vars::{Place, Watched, explanation, inventory_places};

/// What is known of all hosts.
pub(crate) struct Explain<'a> {
    pub inventory: &'a Inventory,
    /// A host's levels, lowest first.
    pub levels: &'a dyn Fn(&str) -> Vec<Level>,
    pub extra: &'a Map,
    pub vault: &'a dyn Vault,
    pub sources: &'a SourceMap,
    pub behaviour: HashBehaviour,
}

impl Explain<'_> {
    /// Every place that sets the variable, for each host; hosts of which the same is told stand together.
    pub(crate) fn text(&self, hosts: &[String], name: &str) -> String {
        let mut told: Vec<(String, Vec<String>, Vec<Place>, Result<Value, String>)> = Vec::new();
        for host in hosts {
            let levels = (self.levels)(host);
            let mut places = inventory_places(&levels, name);
            places.extend(Place::of_map(22, "extra vars", self.extra, name));
            let value = self.value(host, &levels, name);
            let text = explanation(name, &[], &places, &value, self.sources);
            match told.iter_mut().find(|(t, ..)| *t == text) {
                Some((_, hosts, ..)) => hosts.push(host.clone()),
                None => told.push((text, vec![host.clone()], places, value)),
            }
        }
        told.iter()
            .map(|(_, hosts, places, value)| explanation(name, hosts, places, value, self.sources))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The final value, with what is known of a host outside of plays.
    pub(crate) fn value(&self, host: &str, levels: &[Level], name: &str) -> Result<Value, String> {
        let vars = Map::new();
        vars.insert("inventory_hostname", host);
        vars.insert("inventory_hostname_short", host.split('.').next().unwrap_or(host));
        let groups = self.inventory.group_names(host).into_iter().map(Value::str);
        vars.insert("group_names", Value::list(groups));
        vars.insert("groups", self.inventory.groups_map());
        for level in levels {
            merge(&vars, &level.vars, self.behaviour);
        }
        merge(&vars, self.extra, self.behaviour);
        vars.freeze();
        let Some(raw) = vars.get(name) else {
            return Ok(Value::None);
        };
        let environment = Environment {
            vault: Some(self.vault),
            search: SearchPath {
                bases: std::env::current_dir().into_iter().collect(),
            },
            ..Environment::default()
        };
        let watched = Watched::new(&vars, Some(self.vault));
        Templar::new(&watched, &environment)
            .resolve_keep_omit(&raw)
            .map(|v| watched.hide(&v))
            .map_err(|e| watched.hide_text(&e.message))
    }
}
