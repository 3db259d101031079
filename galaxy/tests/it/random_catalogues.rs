//! The resolver beside an exhaustive search that knows nothing of it, on random catalogues.
//!
//! `KDO_SEED=n` begins with another seed, `KDO_CASES=n` takes as many.

use crate::bench::Project;
use kdo_galaxy::{
    Artifact, Cause, Choice, Digest, Failure, Kind, Location, Package, Release, Requirement, Resolved,
    Result, Source, Sources, Version, resolve,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
    time::Instant,
};

/// Versions of collections from the lowest to the highest; those with the same rank are equal, and a requirement may
/// leave out zeros.
const SEMANTIC: &[(&str, usize)] = &[
    ("0.9.0", 0),
    ("1.0.0-alpha", 1),
    ("1.0.0-alpha.1", 2),
    ("1.0.0-beta.2", 3),
    ("1.0.0-beta.11", 4),
    ("1.0.0", 5),
    ("1.0.0+build.2", 5),
    ("1.2.0", 6),
    ("1.10.0", 7),
    ("2.0.0-rc.1", 8),
    ("2.0.0", 9),
    ("2.0.0+x", 9),
    ("10.0.0", 10),
];
const SHORT: &[(&str, usize)] = &[
    ("1", 5),
    ("1.0", 5),
    ("1.2", 6),
    ("1.10", 7),
    ("2", 9),
    ("10", 10),
];
/// Those of roles.
const FREE: &[&str] = &[
    "0.9", "v1.0", "1.0.1", "1.2", "1.10", "2.0b1", "2023-10", "2024.1", "main",
];

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A comparison of ranks, and how it is written.
#[derive(Clone)]
struct Span {
    text: String,
    parts: Vec<(&'static str, usize)>,
}

impl Span {
    fn any() -> Self {
        Self {
            text: "*".to_owned(),
            parts: Vec::new(),
        }
    }

    fn random(random: &mut Random, kind: Kind) -> Self {
        if random.once_in(4) {
            return Self::any();
        }
        let mut span = Self {
            text: String::new(),
            parts: Vec::new(),
        };
        for at in 0..1 + usize::from(random.once_in(3)) {
            let operator = *random.of(&["", "=", "==", "!=", ">", ">=", "<", "<=", ">=", "<="]);
            let (version, rank) = match kind {
                Kind::Role => {
                    let rank = random.below(FREE.len());
                    (FREE[rank], rank)
                }
                Kind::Collection if random.once_in(3) => *random.of(SHORT),
                Kind::Collection => *random.of(SEMANTIC),
            };
            let comma = if at == 0 { "" } else { *random.of(&[",", ", "]) };
            let _ = write!(span.text, "{comma}{operator}{version}");
            span.parts.push((operator, rank));
        }
        span
    }

    fn takes(&self, rank: usize) -> bool {
        self.parts.iter().all(|(operator, with)| match *operator {
            "!=" => rank != *with,
            ">" => rank > *with,
            ">=" => rank >= *with,
            "<" => rank < *with,
            "<=" => rank <= *with,
            _ => rank == *with,
        })
    }

    fn names(&self, rank: usize) -> bool {
        let exact = |(operator, with): &(&str, usize)| matches!(*operator, "" | "=" | "==") && *with == rank;
        self.parts.iter().any(exact)
    }
}

struct Released {
    text: &'static str,
    rank: usize,
    /// Which package, none for one that is nowhere; and which versions of it.
    needs: Vec<(Option<usize>, Span)>,
}

struct Known {
    package: Package,
    versions: Vec<Released>,
}

impl Known {
    fn is_early(&self, at: usize) -> bool {
        self.versions[at].text.contains('-') && self.package.kind() == Kind::Collection
    }
}

struct Case {
    packages: Vec<Known>,
    roots: Vec<(usize, Span)>,
    /// Which version of a package is kept if it fits.
    kept: BTreeMap<usize, usize>,
    early: bool,
    alone: bool,
}

impl Case {
    fn random(seed: u64, most: usize) -> Self {
        let mut random = Random(seed);
        let count = 1 + random.below(most);
        let roles = random.below(3);
        let mut packages: Vec<Known> = (0..count)
            .map(|at| {
                let kind = if random.below(4) < roles {
                    Kind::Role
                } else {
                    Kind::Collection
                };
                let mut versions = BTreeMap::new();
                let only_early = random.once_in(12);
                for _ in 0..1 + random.below(8) {
                    let (text, rank) = match kind {
                        Kind::Role => {
                            let rank = random.below(FREE.len());
                            (FREE[rank], rank)
                        }
                        Kind::Collection if only_early => *random.of(&SEMANTIC[1..5]),
                        Kind::Collection => *random.of(SEMANTIC),
                    };
                    versions.insert(rank, text);
                }
                let released = |(rank, text)| Released {
                    text,
                    rank,
                    needs: Vec::new(),
                };
                Known {
                    package: Package::new(kind, &format!("p.n{at}")).unwrap(),
                    versions: versions.into_iter().map(released).collect(),
                }
            })
            .collect();
        for at in 0..count {
            for version in 0..packages[at].versions.len() {
                for _ in 0..*random.of(&[0, 0, 1, 1, 2, 3]) {
                    // Any other, itself too: cycles are as good as trees.
                    let needed = random.below(count);
                    let span = Span::random(&mut random, packages[needed].package.kind());
                    let need = if random.once_in(60) {
                        (None, Span::any())
                    } else {
                        (Some(needed), span)
                    };
                    packages[at].versions[version].needs.push(need);
                }
            }
        }
        let roots = (0..1 + random.below(4)).map(|_| {
            let at = random.below(count);
            let span = if random.once_in(2) {
                Span::any()
            } else {
                Span::random(&mut random, packages[at].package.kind())
            };
            (at, span)
        });
        let roots = roots.collect();
        let mut kept = BTreeMap::new();
        if random.once_in(3) {
            for (at, known) in packages.iter().enumerate() {
                if random.once_in(2) {
                    kept.insert(at, random.below(known.versions.len()));
                }
            }
        }
        Self {
            roots,
            kept,
            early: random.once_in(6),
            alone: random.once_in(12),
            packages,
        }
    }

    fn needs(&self, at: usize, version: usize) -> &[(Option<usize>, Span)] {
        if self.alone {
            &[]
        } else {
            &self.packages[at].versions[version].needs
        }
    }

    /// Whether a version may be chosen only where something names it.
    fn is_conditional(&self, at: usize, version: usize) -> bool {
        let known = &self.packages[at];
        let all = (0..known.versions.len()).all(|v| known.is_early(v));
        known.is_early(version) && !self.early && !all && self.kept.get(&at) != Some(&version)
    }

    /// The versions of a package, the first choice first.
    fn order(&self, at: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.packages[at].versions.len()).rev().collect();
        order.sort_by_key(|v| (self.kept.get(&at) != Some(v), self.is_conditional(at, *v)));
        order
    }

    /// How far what is asked for is from its first choice.
    fn ranks(&self, chosen: &BTreeMap<usize, usize>) -> Vec<usize> {
        let rank = |(at, _): &(usize, Span)| {
            self.order(*at)
                .iter()
                .position(|v| chosen.get(at) == Some(v))
                .unwrap()
        };
        self.roots.iter().map(rank).collect()
    }

    /// What is wrong with a choice of versions.
    fn fault(&self, chosen: &BTreeMap<usize, usize>) -> Option<String> {
        let rank = |at: usize, version: usize| self.packages[at].versions[version].rank;
        let mut reached = BTreeSet::new();
        let mut open = Vec::new();
        let mut demands = Vec::new();
        for (at, span) in &self.roots {
            demands.push((None, Some(*at), span));
            open.push(*at);
        }
        while let Some(at) = open.pop() {
            if !reached.insert(at) {
                continue;
            }
            let Some(version) = chosen.get(&at) else {
                return Some(format!("n{at} is missing"));
            };
            for (needed, span) in self.needs(at, *version) {
                demands.push((Some(at), *needed, span));
                open.extend(needed);
            }
        }
        if reached.len() != chosen.len() {
            return Some("there is more than anything needs".to_owned());
        }
        for (_, needed, span) in &demands {
            match needed.and_then(|n| Some((n, *chosen.get(&n)?))) {
                Some((at, version)) if span.takes(rank(at, version)) => {}
                _ => return Some(format!("{needed:?} {} is not fulfilled", span.text)),
            }
        }
        chosen.iter().find_map(|(at, version)| {
            let reason = |(by, needed, span): &(Option<usize>, Option<usize>, &Span)| {
                *needed == Some(*at) && *by != Some(*at) && span.names(rank(*at, *version))
            };
            let lacks = self.is_conditional(*at, *version) && !demands.iter().any(reason);
            lacks.then(|| format!("nothing names the pre-release of n{at}"))
        })
    }
}

/// Tries all: the packages that are asked for first, in their order, each from its first choice on. So the first
/// solution is the best.
struct Exhaustive<'a> {
    case: &'a Case,
    /// Without pre-releases that only other packages name.
    plain: bool,
    steps: usize,
}

impl Exhaustive<'_> {
    const MOST: usize = 300_000;

    /// None if there are too many to try.
    fn run(case: &Case, plain: bool) -> Option<Option<BTreeMap<usize, usize>>> {
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

    fn descend(
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
    fn fits(&self, last: usize, chosen: &BTreeMap<usize, usize>) -> bool {
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

/// The catalogue as the crate asks it.
struct Shelf {
    address: String,
    packages: BTreeMap<Package, Vec<Release>>,
}

impl Shelf {
    fn of(case: &Case, address: &str) -> Self {
        let release = |known: &Known, released: &Released| Release {
            package: known.package.clone(),
            version: Version::new(known.package.kind(), released.text).unwrap(),
            dependencies: released
                .needs
                .iter()
                .map(|(needed, span)| match needed {
                    Some(at) => asked(&case.packages[*at].package, span, address),
                    None => asked(&Package::collection("p.nowhere").unwrap(), span, address),
                })
                .collect(),
            artifact: Artifact::default(),
        };
        let of = |known: &Known| {
            let releases = known.versions.iter().map(|v| release(known, v)).collect();
            (known.package.clone(), releases)
        };
        Self {
            address: address.to_owned(),
            packages: case.packages.iter().map(of).collect(),
        }
    }
}

impl Source for Shelf {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn versions(&self, package: &Package) -> Result<Vec<Version>> {
        let releases = self.packages.get(package).into_iter().flatten();
        Ok(releases.map(|r| r.version.clone()).collect())
    }

    fn release(&self, package: &Package, version: &Version) -> Result<Release> {
        let found = self.packages[package].iter().find(|r| r.version == *version);
        Ok(found.unwrap().clone())
    }

    fn fetch(&self, _release: &Release) -> Result<Digest> {
        Err(Failure::not_found("there are no archives"))
    }
}

fn asked(package: &Package, span: &Span, address: &str) -> Requirement {
    Requirement {
        location: Location::Registry(Some(address.to_owned())),
        ..Requirement::named(package.kind(), package.name(), &span.text)
    }
}

fn resolved(case: &Case, sources: &Sources, address: &str) -> Result<Vec<Resolved>> {
    sources.add(address, Arc::new(Shelf::of(case, address)))?;
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

/// The case to be read by people.
fn told(case: &Case) -> String {
    let mut out = format!("--pre {} --no-deps {}\n", case.early, case.alone);
    for (at, span) in &case.roots {
        let _ = writeln!(out, "asked n{at} {}", span.text);
    }
    for (at, known) in case.packages.iter().enumerate() {
        for (v, version) in known.versions.iter().enumerate() {
            let needs = version.needs.iter().map(|(n, s)| format!("{n:?} {}", s.text));
            let kept = if case.kept.get(&at) == Some(&v) {
                " (kept)"
            } else {
                ""
            };
            let needs = needs.collect::<Vec<_>>().join("; ");
            let _ = writeln!(
                out,
                "{} n{at} {}{kept} needs {needs}",
                known.package.kind().word(),
                version.text
            );
        }
    }
    out
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
