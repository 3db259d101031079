//! `--graph`

use super::Show;
use crate::Group;
use kdo_value::{Map, Value};

impl Show<'_> {
    /// The tree below a group, with variables if wanted. `None` for an unknown group. The error is a
    /// variable that cannot be decrypted.
    pub fn graph(&self, group: &str, vars: bool) -> Result<Option<String>, String> {
        let Some(group) = self.inventory.group(group) else {
            return Ok(None);
        };
        let mut lines = vec![format!("@{}:", group.name)];
        self.below(group, vars, 1, &mut lines)?;
        Ok(Some(lines.join("\n")))
    }

    fn below(&self, group: &Group, vars: bool, depth: usize, lines: &mut Vec<String>) -> Result<(), String> {
        for child in self.children_of(group) {
            lines.push(line(depth, &format!("@{}:", child.name)));
            self.below(child, vars, depth + 1, lines)?;
        }
        for host in self.hosts_of(group) {
            lines.push(line(depth, &host.name));
            if vars {
                self.variables(&self.vars(host), depth + 1, lines)?;
            }
        }
        if vars {
            self.variables(&self.group_vars(group), depth, lines)?;
        }
        Ok(())
    }

    fn variables(&self, map: &Map, depth: usize, lines: &mut Vec<String>) -> Result<(), String> {
        let mut entries = map.text_entries();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, value) in entries {
            let text = match &value {
                Value::Vault(v) => (self.reveal)(&v.ciphertext)?,
                other => other.to_text(),
            };
            lines.push(line(depth, &format!("{{{name} = {text}}}")));
        }
        Ok(())
    }
}

fn line(depth: usize, text: &str) -> String {
    format!("{}--{text}", "  |".repeat(depth))
}
