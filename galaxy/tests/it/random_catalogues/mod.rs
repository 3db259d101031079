//! The resolver beside an exhaustive search that knows nothing of it, on random catalogues.
//!
//! `KDO_SEED=n` begins with another seed, `KDO_CASES=n` takes as many.

mod case;
mod exhaustive;

use crate::bench::{Project, Shelf};
use case::{Case, Known, Random, Released, Span, told};
use exhaustive::Exhaustive;
use kdo_galaxy::{
    Cause, Choice, Location, Package, Requirement, Resolved, Result, Sources, Version, resolve,
};
use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// The catalogue as the crate asks it.
fn shelf(case: &Case, address: &str) -> Shelf {
    let mut shelf = Shelf::new(address);
    for known in &case.packages {
        for released in &known.versions {
            let need = |(needed, span): &(Option<usize>, Span)| match needed {
                Some(at) => asked(&case.packages[*at].package, span, address),
                None => asked(&Package::collection("p.nowhere").unwrap(), span, address),
            };
            let needs = released.needs.iter().map(need).collect();
            shelf.put(known.package.kind(), known.package.name(), released.text, needs);
        }
    }
    shelf
}

fn asked(package: &Package, span: &Span, address: &str) -> Requirement {
    Requirement {
        location: Location::Registry(Some(address.to_owned())),
        ..Requirement::named(package.kind(), package.name(), &span.text)
    }
}

fn resolved(case: &Case, sources: &Sources, address: &str) -> Result<Vec<Resolved>> {
    sources.add(address, Arc::new(shelf(case, address)))?;
    let list: Vec<Requirement> = case
        .roots
        .iter()
        .map(|(at, span)| asked(&case.packages[*at].package, span, address))
        .collect();
    let version = |at: usize, version: usize| {
        let known = &case.packages[at];
        let text = known.versions[version].text;
        (
            known.package.clone(),
            Version::new(known.package.kind(), text).unwrap(),
        )
    };
    let choice = Choice {
        prereleases: case.early,
        no_dependencies: case.alone,
        preferred: case.kept.iter().map(|(at, v)| version(*at, *v)).collect(),
        ..Choice::default()
    };
    resolve(&list, sources, &choice)
}

/// What the crate chose, in the terms of the case.
fn chosen(case: &Case, resolved: &[Resolved]) -> BTreeMap<usize, usize> {
    let place = |resolved: &Resolved| {
        let at = case
            .packages
            .iter()
            .position(|k| k.package == resolved.release.package);
        let at = at.unwrap();
        let text = resolved.release.version.as_str();
        let version = case.packages[at].versions.iter().position(|v| v.text == text);
        (at, version.unwrap())
    };
    resolved.iter().map(place).collect()
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |v| v.parse().unwrap())
}

#[test]
fn the_resolver_finds_what_an_exhaustive_search_finds() {
    let (first, count) = (number("KDO_SEED", 0), number("KDO_CASES", 3000));
    println!("seeds {first}..{}", first + count);
    let sources = Project::new().sources();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in first..first + count {
        let case = Case::random(seed, 12);
        let verdict = verdict(&case, &sources, &format!("https://case-{seed}.test/"));
        let what = verdict.unwrap_or_else(|e| panic!("KDO_SEED={seed} KDO_CASES=1: {e}\n{}", told(&case)));
        *counts.entry(what).or_default() += 1;
    }
    println!("{counts:?}");
    let of = |what: &str| counts.get(what).copied().unwrap_or(0);
    assert!(
        of(TOO_LARGE) * 20 <= count && of(NEARLY) * 1000 <= count,
        "{counts:?}"
    );
    let tried = count < 1000 || of(SOLVED).min(of(UNSOLVED)) * 10 > count;
    assert!(tried, "one kind is hardly tried: {counts:?}");
}

const SOLVED: &str = "solved";
const UNSOLVED: &str = "without a solution";
/// The best needs a pre-release that only a version names which is tried for no other reason: not all versions of all
/// packages are read to find that out.
const NEARLY: &str = "solved as well as without such pre-releases";
const TOO_LARGE: &str = "too large to be tried out";

/// How the crate and the search agree, or how they do not.
fn verdict(case: &Case, sources: &Sources, address: &str) -> std::result::Result<&'static str, String> {
    let Some(best) = Exhaustive::run(case, false) else {
        return Ok(TOO_LARGE);
    };
    let found = match (resolved(case, sources, address), &best) {
        (Err(failure), None)
            if matches!(failure.cause, Cause::Conflict | Cause::NotFound | Cause::Invalid) =>
        {
            return Ok(UNSOLVED);
        }
        (Err(failure), best) => {
            return Err(format!(
                "{failure}\n{:?}\nthe best is {best:?}",
                failure.diagnostic.notes
            ));
        }
        (Ok(found), _) => chosen(case, &found),
    };
    if let Some(fault) = case.fault(&found) {
        return Err(format!("{found:?}: {fault}; the best is {best:?}"));
    }
    let best = best.ok_or_else(|| format!("{found:?}, and there is no solution"))?;
    if case.ranks(&found) == case.ranks(&best) {
        return Ok(SOLVED);
    }
    match Exhaustive::run(case, true) {
        Some(Some(plain)) if case.ranks(&found) <= case.ranks(&plain) => Ok(NEARLY),
        plain => Err(format!("{found:?}; the best is {best:?}, {plain:?}")),
    }
}

/// By hand, for a figure: `cargo test -p kdo-galaxy -- --ignored 500`.
#[test]
#[ignore = "tells a time, and holds it to nothing"]
fn how_long_a_catalogue_of_500_packages_takes() {
    let mut random = Random(number("KDO_SEED", 1));
    let texts: Vec<&'static str> = (0..20)
        .map(|n| &*Box::leak(format!("{}.{}.0", 1 + n / 5, n % 5).into_boxed_str()))
        .collect();
    // A layer needs the next, as collections do; each version wants its needs to be about as old as itself.
    let packages: Vec<Known> = (0..500)
        .map(|at| {
            let released = |(rank, text): (usize, &&'static str)| {
                let needs = (0..if at < 450 { 4 } else { 0 }).map(|_| {
                    let needed = at + 1 + random.below(49);
                    let (low, high) = (rank.saturating_sub(random.below(8)), rank + random.below(6));
                    let span = Span {
                        text: format!(">={},<={}", texts[low], texts[high.min(19)]),
                        parts: Vec::new(),
                    };
                    (Some(needed), span)
                });
                Released {
                    text,
                    rank,
                    needs: needs.collect(),
                }
            };
            Known {
                package: Package::collection(&format!("p.n{at}")).unwrap(),
                versions: texts.iter().enumerate().map(released).collect(),
            }
        })
        .collect();
    let case = Case {
        packages,
        roots: (0..10).map(|at| (at, Span::any())).collect(),
        kept: BTreeMap::new(),
        early: false,
        alone: false,
    };
    let sources = Project::new().sources();
    let start = Instant::now();
    let found = resolved(&case, &sources, "https://large.test/").map(|r| r.len());
    println!(
        "{:?} after {:?}",
        found.map_err(|f| f.to_string()),
        start.elapsed()
    );
}
