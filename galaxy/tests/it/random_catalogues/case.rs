//! Random catalogues, and what must hold for a choice of their versions.

use kdo_galaxy::{Kind, Package};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

/// Versions of collections from the lowest to the highest; those with the same rank are equal, and a requirement may
/// leave out zeros.
pub(super) const SEMANTIC: &[(&str, usize)] = &[
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
pub(super) const SHORT: &[(&str, usize)] = &[
    ("1", 5),
    ("1.0", 5),
    ("1.2", 6),
    ("1.10", 7),
    ("2", 9),
    ("10", 10),
];
/// Those of roles.
pub(super) const FREE: &[&str] = &[
    "0.9", "v1.0", "1.0.1", "1.2", "1.10", "2.0b1", "2023-10", "2024.1", "main",
];

pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    pub(super) fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A comparison of ranks, and how it is written.
#[derive(Clone)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) parts: Vec<(&'static str, usize)>,
}

impl Span {
    pub(super) fn any() -> Self {
        Self {
            text: "*".to_owned(),
            parts: Vec::new(),
        }
    }

    pub(super) fn random(random: &mut Random, kind: Kind) -> Self {
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

    pub(super) fn takes(&self, rank: usize) -> bool {
        self.parts.iter().all(|(operator, with)| match *operator {
            "!=" => rank != *with,
            ">" => rank > *with,
            ">=" => rank >= *with,
            "<" => rank < *with,
            "<=" => rank <= *with,
            _ => rank == *with,
        })
    }

    pub(super) fn names(&self, rank: usize) -> bool {
        let exact = |(operator, with): &(&str, usize)| matches!(*operator, "" | "=" | "==") && *with == rank;
        self.parts.iter().any(exact)
    }
}

pub(super) struct Released {
    pub(super) text: &'static str,
    pub(super) rank: usize,
    /// Which package, none for one that is nowhere; and which versions of it.
    pub(super) needs: Vec<(Option<usize>, Span)>,
}

pub(super) struct Known {
    pub(super) package: Package,
    pub(super) versions: Vec<Released>,
}

impl Known {
    pub(super) fn is_early(&self, at: usize) -> bool {
        self.versions[at].text.contains('-') && self.package.kind() == Kind::Collection
    }
}

pub(super) struct Case {
    pub(super) packages: Vec<Known>,
    pub(super) roots: Vec<(usize, Span)>,
    /// Which version of a package is kept if it fits.
    pub(super) kept: BTreeMap<usize, usize>,
    pub(super) early: bool,
    pub(super) alone: bool,
}

impl Case {
    pub(super) fn random(seed: u64, most: usize) -> Self {
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

    pub(super) fn needs(&self, at: usize, version: usize) -> &[(Option<usize>, Span)] {
        if self.alone {
            &[]
        } else {
            &self.packages[at].versions[version].needs
        }
    }

    /// Whether a version may be chosen only where something names it.
    pub(super) fn is_conditional(&self, at: usize, version: usize) -> bool {
        let known = &self.packages[at];
        let all = (0..known.versions.len()).all(|v| known.is_early(v));
        known.is_early(version) && !self.early && !all && self.kept.get(&at) != Some(&version)
    }

    /// The versions of a package, the first choice first.
    pub(super) fn order(&self, at: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.packages[at].versions.len()).rev().collect();
        order.sort_by_key(|v| (self.kept.get(&at) != Some(v), self.is_conditional(at, *v)));
        order
    }

    /// How far what is asked for is from its first choice.
    pub(super) fn ranks(&self, chosen: &BTreeMap<usize, usize>) -> Vec<usize> {
        let rank = |(at, _): &(usize, Span)| {
            self.order(*at)
                .iter()
                .position(|v| chosen.get(at) == Some(v))
                .unwrap()
        };
        self.roots.iter().map(rank).collect()
    }

    /// What is wrong with a choice of versions.
    pub(super) fn fault(&self, chosen: &BTreeMap<usize, usize>) -> Option<String> {
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

/// The case to be read by people.
pub(super) fn told(case: &Case) -> String {
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
