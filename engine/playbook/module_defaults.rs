//! `module_defaults`: its form, and groups of modules.

use crate::{Loader, role_files};
use kdo_syntax::Diagnostic;
use kdo_value::{Map, Origin, Value};
use std::rc::Rc;

/// Groups that ansible-core itself has for modules that it once had, with the groups of collections that they mean.
const CORE_GROUPS: &[(&str, &[&str])] = &[
    ("acme", &["community.crypto.acme"]),
    ("aws", &["amazon.aws.aws", "community.aws.aws"]),
    ("azure", &["azure.azcollection.azure"]),
    ("cpm", &["wti.remote.cpm"]),
    ("docker", &["community.general.docker", "community.docker.docker"]),
    ("gcp", &["google.cloud.gcp"]),
    (
        "k8s",
        &[
            "community.kubernetes.k8s",
            "community.general.k8s",
            "community.kubevirt.k8s",
            "community.okd.k8s",
            "kubernetes.core.k8s",
        ],
    ),
    ("os", &["openstack.cloud.os"]),
    ("ovirt", &["ovirt.ovirt.ovirt", "community.general.ovirt"]),
    ("vmware", &["community.vmware.vmware"]),
];

/// The modules of a group by their full names; `NS.COLLECTION.*` for all of a collection.
pub(crate) type Group = Option<Rc<Vec<String>>>;

impl Loader {
    pub(crate) fn check_module_defaults(&self, value: &Value, origin: Option<Origin>) {
        let levels = match value {
            Value::None => return,
            Value::List(l) => l.to_vec(),
            one => vec![one.clone()],
        };
        for level in levels {
            let Value::Map(level) = level else {
                self.fail(
                    "The field 'module_defaults' is supposed to be a dictionary or list of dictionaries, the keys of \
                     which must be static action, module, or group names. Only the values may contain templates. For \
                     example: {'ping': \"{{ ping_defaults }}\"}",
                    level.origin().or(origin),
                );
                continue;
            };
            for key in level.keys() {
                let name = key.to_text();
                if let Some(group) = name.strip_prefix("group/") {
                    let group = full_group(group);
                    if self.action_group(&group).is_none() {
                        let text =
                            "Error loading module_defaults: could not resolve the module_defaults group";
                        self.fail(format!("{text} {group}"), key.origin().or(origin));
                    }
                } else if let Err(near) = (self.known)(&name) {
                    let full = match name.matches('.').count() {
                        0 | 1 => format!("ansible.legacy.{name}"),
                        _ => name.clone(),
                    };
                    let text = format!("Could not resolve action {full} in module_defaults");
                    let mut d = Diagnostic::error(text)
                        .at(key.origin().or(origin))
                        .length(name.chars().count());
                    if let Some(near) = near.first() {
                        d = d.label(format!("did you mean `{near}`?"));
                    }
                    self.report(d);
                }
            }
        }
    }

    /// Whether a module (by its full name) is in a group of `module_defaults` (`aws`, `NS.COLLECTION.GROUP`).
    pub fn in_action_group(&self, group: &str, module: &str) -> bool {
        self.action_group(&full_group(group)).is_some_and(|all| {
            all.iter().any(|name| match name.strip_suffix('*') {
                Some(collection) => module.starts_with(collection),
                None => name == module,
            })
        })
    }

    fn action_group(&self, group: &str) -> Group {
        if let Some(known) = self.action_groups.borrow().get(group) {
            return known.clone();
        }
        // Groups may extend each other in a circle.
        self.action_groups.borrow_mut().insert(group.to_owned(), None);
        let found = self.read_group(group).map(Rc::new);
        self.action_groups
            .borrow_mut()
            .insert(group.to_owned(), found.clone());
        found
    }

    fn read_group(&self, group: &str) -> Option<Vec<String>> {
        let [namespace, name, rest] = group.splitn(3, '.').collect::<Vec<_>>()[..] else {
            return None;
        };
        let collection = format!("{namespace}.{name}");
        if collection == "ansible.builtin" {
            let (_, extended) = CORE_GROUPS.iter().find(|(name, _)| *name == rest)?;
            return Some(self.groups(extended.iter().map(|e| (*e).to_owned())));
        }
        let Some(folder) = self.collection_folder(namespace, name) else {
            // What a collection that is not installed has in its groups is not known: all that kdo has of it.
            return Some(vec![format!("{collection}.*")]);
        };
        let meta = role_files::file(&folder.join("meta"), "runtime").and_then(|f| self.yaml(&f))?;
        let Some(Value::Map(groups)) = meta.get("action_groups") else {
            return None;
        };
        let entries = groups.get(group).or_else(|| groups.get(rest))?;
        let full = |name: String| match name.matches('.').count() {
            0 | 1 => format!("{collection}.{name}"),
            _ => name,
        };
        let (mut modules, mut extended) = (Vec::new(), Vec::new());
        for entry in entries.as_list()?.to_vec() {
            match entry.as_map().and_then(|m| m.get("metadata")) {
                Some(metadata) => {
                    let more = metadata.as_map().and_then(|m: &Map| m.get("extend_group"));
                    extended.extend(crate::loader::list(more).iter().map(|v| full(v.to_text())));
                }
                None => modules.push(full(entry.to_text())),
            }
        }
        modules.extend(self.groups(extended.into_iter()));
        Some(modules)
    }

    fn groups(&self, names: impl Iterator<Item = String>) -> Vec<String> {
        let groups: Vec<_> = names.filter_map(|name| self.action_group(&name)).collect();
        groups.iter().flat_map(|g| g.iter().cloned()).collect()
    }
}

/// The group's name with its collection.
fn full_group(group: &str) -> String {
    match group.matches('.').count() {
        0 | 1 => format!("ansible.builtin.{group}"),
        _ => group.to_owned(),
    }
}
