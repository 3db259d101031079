//! `--list` and `--host` as JSON.

use super::Show;
use crate::{Group, Host};
use indexmap::IndexSet;
use kdo_syntax::YamlDate;
use kdo_value::{Map, Value, json};

impl Show<'_> {
    /// `--list`
    pub fn list(&self) -> String {
        let out = Map::new();
        if let Some(all) = self.inventory.group("all") {
            self.list_group(all, &mut IndexSet::new(), &out);
        }
        let hostvars = Map::new();
        for host in self.hosts() {
            let vars = self.vars(host);
            if !vars.is_empty() {
                hostvars.insert(host.name.as_str(), legible(&Value::Map(vars), true));
            }
        }
        let meta = Map::new();
        meta.insert("hostvars", hostvars);
        meta.insert("profile", "inventory_legacy");
        out.insert("_meta", meta);
        as_json(&Value::Map(out))
    }

    /// `--host`; texts that are no templates are not marked, as nobody reads them back.
    pub fn host(&self, host: &Host) -> String {
        as_json(&legible(&Value::Map(self.vars(host)), false))
    }

    fn list_group(&self, group: &Group, seen: &mut IndexSet<String>, out: &Map) {
        let names = |names: Vec<&str>| Value::list(names.into_iter().map(Value::str));
        let entry = Map::new();
        let hosts: Vec<&str> = self
            .hosts_of(group)
            .map(|h| h.name.as_str())
            .filter(|n| self.shows(n))
            .collect();
        if !hosts.is_empty() {
            entry.insert("hosts", names(hosts));
        }
        let children: Vec<&str> = self.children_of(group).map(|g| g.name.as_str()).collect();
        if !children.is_empty() {
            entry.insert("children", names(children));
        }
        for child in self.children_of(group) {
            if !seen.contains(&child.name) {
                self.list_group(child, seen, out);
                seen.insert(child.name.clone());
            }
        }
        if self.export {
            let vars = self.group_vars(group);
            if !vars.is_empty() {
                entry.insert("vars", legible(&Value::Map(vars), true));
            }
        }
        if !entry.is_empty() {
            out.insert(group.name.as_str(), entry);
        }
    }
}

/// Vault texts and unsafe texts in the form in which an inventory script may give them.
fn legible(value: &Value, mark: bool) -> Value {
    let one = |key: &str, text: &str| -> Value {
        let map = Map::new();
        map.insert(key, text);
        map.into()
    };
    match value {
        Value::Vault(v) => one("__ansible_vault", &v.ciphertext),
        // A text without a place was made by this program.
        Value::Str(s) if mark && !s.is_trusted() && s.origin().is_some() => one("__ansible_unsafe", s),
        Value::Bytes(b) => one("__ansible_unsafe", &String::from_utf8_lossy(b)),
        Value::List(l) => Value::list(l.to_vec().iter().map(|v| legible(v, mark))),
        Value::Tuple(t) => Value::list(t.iter().map(|v| legible(v, mark))),
        Value::Map(m) => {
            let map = Map::new();
            m.for_each(|k, v| {
                map.insert(k.clone(), legible(v, mark));
            });
            map.into()
        }
        Value::Object(o) => match o.as_any().downcast_ref::<YamlDate>() {
            Some(date) => Value::str(date.iso_format('T')),
            None => value.clone(),
        },
        other => other.clone(),
    }
}

fn as_json(value: &Value) -> String {
    let layout = json::Layout {
        sort_keys: true,
        ensure_ascii: false,
        ..json::Layout::pretty(4)
    };
    json::write(value, &layout).unwrap_or_else(|_| json::line(value))
}
