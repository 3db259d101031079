//! `kdo galaxy tree`

use super::{
    context::{Context, FileArgs},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Choice, Kind, Package, Version};
use std::collections::{BTreeMap, BTreeSet};

/// Arguments of `kdo galaxy tree`.
#[derive(Args)]
pub(crate) struct TreeArgs {
    /// Packages [default: those of requirements.yml, as locked]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// A package with what it needs.
struct Node {
    version: Version,
    needs: Vec<Package>,
    asked: bool,
}

/// Shows the tree.
pub(crate) fn tree(kind: Option<Kind>, args: TreeArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let asked = context.asked(kind, &args.packages, &args.file)?;
    let lock = context
        .lock(&asked)?
        .filter(|l| asked.file.is_some() && l.requirements == asked.digest());
    let nodes: BTreeMap<Package, Node> = match lock {
        Some(lock) => {
            let named = |p: &Package| {
                asked
                    .list
                    .iter()
                    .any(|r| r.name.as_deref() == Some(p.name()) && r.kind == p.kind())
            };
            let needed: BTreeSet<Package> = lock
                .packages
                .iter()
                .flat_map(|p| p.dependencies.clone())
                .collect();
            let node = |p: kdo_galaxy::Locked| {
                let asked = named(&p.package) || !needed.contains(&p.package);
                (
                    p.package,
                    Node {
                        version: p.version,
                        needs: p.dependencies,
                        asked,
                    },
                )
            };
            lock.packages.into_iter().map(node).collect()
        }
        None => {
            let resolved = context
                .resolve(&asked.list, &Choice::default())
                .map_err(|f| context.stop(&f))?;
            let node = |r: kdo_galaxy::Resolved| {
                (
                    r.release.package,
                    Node {
                        version: r.release.version,
                        needs: r.needs,
                        asked: r.asked,
                    },
                )
            };
            resolved.into_iter().map(node).collect()
        }
    };
    let mut out = String::new();
    let mut shown = BTreeSet::new();
    for (package, node) in nodes.iter().filter(|(_, n)| n.asked) {
        write(&mut out, &nodes, package, node, ("", ""), &mut shown);
    }
    screen::say(&out);
    Ok(0)
}

/// A package and below it what it needs; what was shown before is not shown again.
fn write(
    out: &mut String,
    nodes: &BTreeMap<Package, Node>,
    package: &Package,
    node: &Node,
    (lead, below): (&str, &str),
    shown: &mut BTreeSet<Package>,
) {
    let first = shown.insert(package.clone());
    let more = if first || node.needs.is_empty() {
        ""
    } else {
        " (*)"
    };
    out.push_str(&format!("{lead}{package} {}{more}\n", node.version));
    if !first {
        return;
    }
    for (at, needed) in node.needs.iter().enumerate() {
        let last = at + 1 == node.needs.len();
        let (branch, space) = if last {
            ("└── ", "    ")
        } else {
            ("├── ", "│   ")
        };
        if let Some(inner) = nodes.get(needed) {
            let leads = (&*format!("{below}{branch}"), &*format!("{below}{space}"));
            write(out, nodes, needed, inner, leads, shown);
        }
    }
}
