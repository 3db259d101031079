//! Why there is no solution, in words: the facts that together exclude each other.

use super::provider::{Node, Provider};
use crate::{Cause, Failure, Sources, Version};
use pubgrub::{DerivationTree, External, PubGrubError, Ranges};

type Tree = DerivationTree<Node, Ranges<Version>, String>;
type Fact = External<Node, Ranges<Version>, String>;

/// The failure for what pubgrub says.
pub(super) fn explain(error: PubGrubError<Provider<'_>>, sources: &Sources) -> Failure {
    let mut tree = match error {
        PubGrubError::NoSolution(tree) => tree,
        PubGrubError::ErrorRetrievingDependencies { source, .. }
        | PubGrubError::ErrorChoosingVersion { source, .. }
        | PubGrubError::ErrorInShouldCancel(source) => return source,
    };
    tree.collapse_no_versions();
    let mut facts = Vec::new();
    collect(&tree, &mut facts, sources);
    let unknown = facts.iter().filter(|f| f.ends_with(NOWHERE)).count();
    let message = match facts.as_slice() {
        [_, only] | [only] if unknown == 1 && only.ends_with(NOWHERE) => {
            return Failure::not_found(only.clone());
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

const NOWHERE: &str = "is not known there";

/// The facts below a node, each once, in the order in which one leads to the next.
fn collect(tree: &Tree, facts: &mut Vec<String>, sources: &Sources) {
    match tree {
        DerivationTree::External(fact) => {
            let text = words(fact, sources);
            if let Some(text) = text.filter(|t| !facts.contains(t)) {
                facts.push(text);
            }
        }
        DerivationTree::Derived(derived) => {
            let mut causes = [&derived.cause1, &derived.cause2];
            // What was asked for comes first.
            causes.sort_by_key(|c| !asks(c));
            for cause in causes {
                collect(cause, facts, sources);
            }
        }
    }
}

fn asks(tree: &Tree) -> bool {
    match tree {
        DerivationTree::External(fact) => matches!(fact, External::FromDependencyOf(Node::Requirements, ..)),
        DerivationTree::Derived(derived) => asks(&derived.cause1) || asks(&derived.cause2),
    }
}

fn words(fact: &Fact, sources: &Sources) -> Option<String> {
    let all = |range: &Ranges<Version>| *range == Ranges::full();
    let with = |node: &Node, range: &Ranges<Version>| {
        if all(range) { node.to_string() } else { format!("{node} {}", plain(range)) }
    };
    Some(match fact {
        External::NotRoot(..) => return None,
        External::NoVersions(node, range) if all(range) => {
            let names: Vec<&str> = sources.servers().iter().map(|s| s.name.as_str()).collect();
            format!("{node} ({}) {NOWHERE}", names.join(", "))
        }
        External::NoVersions(node, range) => format!("there is no {node} {}", plain(range)),
        External::Custom(node, range, why) => format!("{} cannot be used: {why}", with(node, range)),
        External::FromDependencyOf(Node::Requirements, _, node, range) => format!("you require {}", with(node, range)),
        External::FromDependencyOf(node, from, needed, range) => {
            let which = if all(from) { format!("every {node}") } else { with(node, from) };
            format!("{which} needs {}", with(needed, range))
        }
    })
}

/// A set of versions in a requirement's words.
fn plain(range: &Ranges<Version>) -> String {
    range.to_string().replace(" | ", " or ")
}
