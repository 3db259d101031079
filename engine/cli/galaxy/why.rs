//! `kdo galaxy why`

use super::{
    context::{Context, FileArgs},
    needs::{Node, known_nodes},
    server_args::ServerArgs,
};
use crate::{
    screen,
    stop::{Result, Stop},
};
use clap::Args;
use kdo_galaxy::{Kind, Package};
use kdo_syntax::nearest;
use std::collections::BTreeMap;

/// Arguments of `kdo galaxy why`.
#[derive(Args)]
pub(crate) struct WhyArgs {
    /// The package
    package: String,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    servers: ServerArgs,
}

/// Tells by which chains of needs a package is there.
pub(crate) fn why(kind: Option<Kind>, args: &WhyArgs) -> Result<u8> {
    let context = Context::new(&args.servers)?;
    let asked = context.asked_if_any(kind, &[], &args.file)?;
    let nodes = known_nodes(&context, kind, asked.as_ref())?;
    let mut wanted = nodes.keys().filter(|p| p.name() == args.package).peekable();
    if wanted.peek().is_none() {
        let near = nearest(&args.package, nodes.keys().map(Package::name));
        let near = near.map_or_else(String::new, |n| format!(": did you mean {n}?"));
        return Err(Stop::new(format!("nothing needs {}{near}", args.package)));
    }
    let file = asked.and_then(|a| a.file);
    let start = file.map_or_else(|| "installed".to_owned(), |f| f.display().to_string());
    for package in wanted {
        let mut chain = vec![package];
        let mut out = String::new();
        climb(&nodes, &mut chain, &start, &mut out);
        screen::say(&out);
    }
    Ok(0)
}

/// Writes each chain from the requirements to the last of `chain`, which is kept from the package upwards.
fn climb<'a>(nodes: &'a BTreeMap<Package, Node>, chain: &mut Vec<&'a Package>, file: &str, out: &mut String) {
    let Some(top) = chain.last().copied() else { return };
    if nodes.get(top).is_some_and(|n| n.asked) {
        let names = chain.iter().rev().map(|p| match nodes.get(*p) {
            Some(node) => format!("{p} {}", node.version),
            None => p.to_string(),
        });
        let names: Vec<String> = names.collect();
        out.push_str(&format!("{file} -> {}\n", names.join(" -> ")));
    }
    for (package, node) in nodes {
        if node.needs.contains(top) && !chain.contains(&package) {
            chain.push(package);
            climb(nodes, chain, file, out);
            chain.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, climb};
    use kdo_galaxy::Package;

    #[test]
    fn every_chain_is_told_once_and_circles_end() {
        let package = |name: &str| Package::collection(name).unwrap();
        let node = |needs: &[&str], asked| Node {
            version: "1.0.0".to_owned(),
            needs: needs.iter().map(|n| package(n)).collect(),
            asked,
        };
        let nodes = [
            (package("a.a"), node(&["b.b", "c.c"], true)),
            (package("b.b"), node(&["c.c"], false)),
            (package("c.c"), node(&["b.b"], true)),
        ]
        .into();
        let mut out = String::new();
        let wanted = package("c.c");
        climb(&nodes, &mut vec![&wanted], "r.yml", &mut out);
        let expected = "r.yml -> c.c 1.0.0\nr.yml -> a.a 1.0.0 -> c.c 1.0.0\nr.yml -> a.a 1.0.0 -> b.b 1.0.0 -> c.c 1.0.0\n";
        assert_eq!(out, expected);
    }
}
