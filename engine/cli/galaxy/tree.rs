//! `kdo galaxy tree`

use super::{
    context::{Context, FileArgs},
    needs::{Node, known_nodes},
    server_args::ServerArgs,
};
use crate::{screen, stop::Result};
use clap::Args;
use kdo_galaxy::{Kind, Package};
use std::collections::{BTreeMap, BTreeSet};

/// Arguments of `kdo galaxy tree`.
#[derive(Args)]
pub(crate) struct TreeArgs {
    /// Packages, as they are locked or installed, or as the servers have them [default: those of requirements.yml, as locked; without it what is installed]
    #[arg(value_name = "PACKAGE")]
    packages: Vec<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Shows the tree.
pub(crate) fn tree(kind: Option<Kind>, args: TreeArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let nodes = nodes(&context, kind, &args)?;
    if nodes.is_empty() {
        screen::say("nothing is required or installed");
        return Ok(0);
    }
    let mut out = String::new();
    let mut shown = BTreeSet::new();
    for (package, node) in nodes.iter().filter(|(_, n)| n.asked) {
        write(&mut out, &nodes, package, node, ("", ""), &mut shown);
    }
    screen::say(&out);
    Ok(0)
}

/// What is required or installed, from the packages on that are named; where one is neither they are looked for.
fn nodes(context: &Context, kind: Option<Kind>, args: &TreeArgs) -> Result<BTreeMap<Package, Node>> {
    let asked = context.asked_if_any(kind, &[], &args.file)?;
    let mut nodes = known_nodes(context, kind, asked.as_ref())?;
    let named = |p: &Package| args.packages.iter().any(|n| n == p.name());
    if args.packages.iter().all(|n| nodes.keys().any(|p| p.name() == n)) {
        for (package, node) in &mut nodes {
            node.asked = if args.packages.is_empty() {
                node.asked
            } else {
                named(package)
            };
        }
        return Ok(nodes);
    }
    let asked = context.asked(kind, &args.packages, &FileArgs::default())?;
    known_nodes(context, kind, Some(&asked))
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
