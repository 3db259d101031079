//! Why there is no solution, in words: the facts that together exclude each other.

use super::{
    catalogue::Catalogue,
    provider::{Node, Provider},
};
use crate::{Cause, Failure, Package, Version};
use pubgrub::{DerivationTree, External, PubGrubError, Ranges};

type Tree = DerivationTree<Node, Ranges<Version>, String>;
type Fact = External<Node, Ranges<Version>, String>;

/// The failure for what pubgrub says.
pub(super) fn explain(error: PubGrubError<Provider<'_>>, catalogue: &Catalogue<'_>) -> Failure {
    let tree = match error {
        PubGrubError::NoSolution(tree) => tree,
        PubGrubError::ErrorRetrievingDependencies { source, .. }
        | PubGrubError::ErrorChoosingVersion { source, .. }
        | PubGrubError::ErrorInShouldCancel(source) => return source,
    };
    let mut facts = Vec::new();
    collect(&tree, &mut facts, catalogue);
    let unknown = facts.iter().filter(|f| f.contains(NOWHERE)).count();
    let message = match facts.as_slice() {
        [_, only] | [only] if unknown == 1 && only.contains(NOWHERE) => {
            let near = missing_package(&tree).and_then(|p| catalogue.near(p));
            let failure = Failure::not_found(only.clone());
            return near
                .into_iter()
                .fold(failure, |f, n| f.help(format!("did you mean {n}?")));
        }
        _ => "no set of versions fulfils all that is required",
    };
    let mut failure = Failure::new(Cause::Conflict, message);
    let count = facts.len();
    for (at, fact) in facts.into_iter().enumerate() {
        let and = if at == 0 { "" } else { "and " };
        let end = if at + 1 == count { "" } else { "," };
        failure.diagnostic.notes.push(format!("{and}{fact}{end}"));
    }
    failure
}

const NOWHERE: &str = "was not found on";
/// Versions that are named at most.
const SHOWN: usize = 6;

/// The facts below a node, each once, in the order in which one leads to the next.
fn collect(tree: &Tree, facts: &mut Vec<String>, catalogue: &Catalogue<'_>) {
    match tree {
        DerivationTree::External(fact) => {
            let text = words(fact, catalogue);
            if let Some(text) = text.filter(|t| !facts.contains(t)) {
                facts.push(text);
            }
        }
        DerivationTree::Derived(derived) => {
            let mut causes = [&derived.cause1, &derived.cause2];
            // What was asked for comes first.
            causes.sort_by_key(|c| !asks(c));
            for cause in causes {
                collect(cause, facts, catalogue);
            }
        }
    }
}

/// The package that no source has.
fn missing_package(tree: &Tree) -> Option<&Package> {
    match tree {
        DerivationTree::External(External::NoVersions(Node::Package(package), _)) => Some(package),
        DerivationTree::External(_) => None,
        DerivationTree::Derived(d) => missing_package(&d.cause1).or_else(|| missing_package(&d.cause2)),
    }
}

fn asks(tree: &Tree) -> bool {
    match tree {
        DerivationTree::External(fact) => matches!(fact, External::FromDependencyOf(Node::Requirements, ..)),
        DerivationTree::Derived(derived) => asks(&derived.cause1) || asks(&derived.cause2),
    }
}

fn words(fact: &Fact, catalogue: &Catalogue<'_>) -> Option<String> {
    let all = |range: &Ranges<Version>| *range == Ranges::full();
    let with = |node: &Node, range: &Ranges<Version>| {
        if all(range) {
            node.to_string()
        } else {
            format!("{node} {}", plain(range))
        }
    };
    Some(match fact {
        External::NotRoot(..) => return None,
        External::NoVersions(Node::Requirements, _) => return None,
        External::NoVersions(Node::Package(package), range) => missing(package, range, catalogue),
        External::Custom(node, range, why) => format!("{} cannot be used: {why}", with(node, range)),
        External::FromDependencyOf(Node::Requirements, _, node, range) => {
            format!("you require {}", with(node, range))
        }
        External::FromDependencyOf(node, from, needed, range) => {
            let which = if all(from) {
                format!("every {node}")
            } else {
                with(node, from)
            };
            format!("{which} needs {}", with(needed, range))
        }
    })
}

/// A package that is nowhere, or not in such a version.
fn missing(package: &Package, range: &Ranges<Version>, catalogue: &Catalogue<'_>) -> String {
    let there = catalogue.candidates(package).unwrap_or_default();
    if there.is_empty() {
        return format!("{package} {NOWHERE} {}", catalogue.place_of(package));
    }
    let mut shown: Vec<&str> = there.iter().take(SHOWN).map(Version::as_str).collect();
    if there.len() > SHOWN {
        shown.push("…");
    }
    format!(
        "there is no {package} {} (but {})",
        plain(range),
        shown.join(", ")
    )
}

/// A set of versions in a requirement's words.
fn plain(range: &Ranges<Version>) -> String {
    if *range == Ranges::empty() {
        return "in versions that exclude each other".to_owned();
    }
    range.to_string().replace(" | ", " or ")
}
