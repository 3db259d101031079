//! `group_vars` and `host_vars` in one folder.

use crate::{Inventory, LoadContext, VarsKind, load_vars_dir};
use kdo_syntax::Diagnostic;
use kdo_value::Map;
use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

/// The variable files of all groups and hosts in a folder.
#[derive(Default)]
pub struct VarsFolder {
    base: PathBuf,
    found: HashMap<(VarsKind, String), Vec<Map>>,
    problems: HashMap<(VarsKind, String), Diagnostic>,
}

impl VarsFolder {
    /// Reads the files of the inventory's groups and hosts. A file that cannot be read is a problem of its group or host.
    pub fn load(
        base: &Path,
        inventory: &Inventory,
        context: &LoadContext<'_>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut folder = Self {
            base: base.to_owned(),
            ..Self::default()
        };
        let groups = inventory.groups.keys();
        let hosts = inventory.hosts.keys().map(String::as_str);
        // This machine has variables even if nobody named it.
        let hosts = hosts.chain(
            crate::LOCALHOST
                .into_iter()
                .filter(|l| !inventory.hosts.contains_key(*l)),
        );
        folder.read(VarsKind::Group, groups.map(String::as_str), context, warnings);
        folder.read(VarsKind::Host, hosts, context, warnings);
        folder
    }

    fn read<'n>(
        &mut self,
        kind: VarsKind,
        names: impl Iterator<Item = &'n str>,
        context: &LoadContext<'_>,
        warnings: &mut Vec<Diagnostic>,
    ) {
        let dir = self.base.join(kind.directory());
        let Ok(entries) = std::fs::read_dir(&dir) else {
            if dir.exists() {
                let what = kind.directory();
                let message = format!(
                    "Found {what} that is not a directory, skipping: {}",
                    dir.display()
                );
                warnings.push(Diagnostic::warning(message));
            }
            return;
        };
        // One look into the folder instead of four questions for each of thousands of hosts.
        let there: HashSet<String> = entries
            .flatten()
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        for name in names {
            let may_be = name.contains('/')
                || there.contains(name)
                || context
                    .yaml_extensions
                    .iter()
                    .any(|e| there.contains(&format!("{name}{e}")));
            if !may_be {
                continue;
            }
            match load_vars_dir(&self.base, kind, name, context, warnings) {
                Ok(maps) if maps.is_empty() => {}
                Ok(maps) => {
                    self.found.insert((kind, name.to_owned()), maps);
                }
                Err(problem) => {
                    self.problems.insert((kind, name.to_owned()), problem);
                }
            }
        }
    }

    /// The variables of a group or host, one map for each file.
    pub fn of(&self, kind: VarsKind, name: &str) -> &[Map] {
        if self.found.is_empty() {
            return &[];
        }
        self.found
            .get(&(kind, name.to_owned()))
            .map_or(&[], Vec::as_slice)
    }

    /// Why the variables of a group or host are not complete.
    pub fn problem(&self, kind: VarsKind, name: &str) -> Option<&Diagnostic> {
        if self.problems.is_empty() {
            return None;
        }
        self.problems.get(&(kind, name.to_owned()))
    }
}
