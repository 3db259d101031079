//! The exhaustive search.

use super::case::{Case, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Tries all: the packages that are asked for first, in their order, each from its first choice on. So the first
/// solution is the best.
pub(super) struct Exhaustive<'a> {
    pub(super) case: &'a Case,
    /// Without pre-releases that only other packages name.
    pub(super) plain: bool,
    pub(super) steps: usize,
}

impl Exhaustive<'_> {
    pub(super) const MOST: usize = 300_000;

    /// None if there are too many to try.
    pub(super) fn run(case: &Case, plain: bool) -> Option<Option<BTreeMap<usize, usize>>> {
        let mut order: Vec<usize> = Vec::new();
        for (at, _) in &case.roots {
            if !order.contains(at) {
                order.push(*at);
            }
        }
        let mut search = Exhaustive {
            case,
            plain,
            steps: 0,
        };
        let found = search.descend(&order, &mut BTreeMap::new());
        (search.steps < Self::MOST).then_some(found)
    }

    pub(super) fn descend(
        &mut self,
        open: &[usize],
        chosen: &mut BTreeMap<usize, usize>,
    ) -> Option<BTreeMap<usize, usize>> {
        self.steps += 1;
        if self.steps >= Self::MOST {
            return None;
        }
        let Some((at, rest)) = open.split_first() else {
            return self.case.fault(chosen).is_none().then(|| chosen.clone());
        };
        for version in self.case.order(*at) {
            if self.plain && self.case.is_conditional(*at, version) {
                continue;
            }
            chosen.insert(*at, version);
            if self.fits(*at, chosen) {
                let mut next = rest.to_vec();
                for (needed, _) in self.case.needs(*at, version) {
                    next.extend(needed.filter(|n| !chosen.contains_key(n) && !rest.contains(n)));
                }
                let mut seen = BTreeSet::new();
                next.retain(|n| seen.insert(*n));
                if let Some(found) = self.descend(&next, chosen) {
                    return Some(found);
                }
            }
            chosen.remove(at);
        }
        None
    }

    /// Whether nothing that is chosen speaks against the last choice, nor it against them.
    pub(super) fn fits(&self, last: usize, chosen: &BTreeMap<usize, usize>) -> bool {
        let case = self.case;
        let takes = |at: usize, span: &Span| {
            chosen
                .get(&at)
                .is_none_or(|v| span.takes(case.packages[at].versions[*v].rank))
        };
        case.roots.iter().all(|(at, span)| takes(*at, span))
            && chosen.iter().all(|(at, version)| {
                case.needs(*at, *version).iter().all(|(needed, span)| {
                    let concerns = *at == last || *needed == Some(last);
                    !concerns || needed.is_some_and(|n| takes(n, span))
                })
            })
    }
}
