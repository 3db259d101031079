//! The differences between two lists of lines, as Python's `difflib` finds them.

use std::collections::HashMap;

/// What to do with a range of the first list to get a range of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Equal,
    Replace,
    Delete,
    Insert,
}

/// One step: ranges `a0..a1` and `b0..b1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) kind: Kind,
    pub(crate) a0: usize,
    pub(crate) a1: usize,
    pub(crate) b0: usize,
    pub(crate) b1: usize,
}

struct Matcher<'a> {
    a: &'a [String],
    b: &'a [String],
    places: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Matcher<'a> {
    fn new(a: &'a [String], b: &'a [String]) -> Self {
        let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, line) in b.iter().enumerate() {
            places.entry(line).or_default().push(i);
        }
        // Lines that are everywhere say nothing about where a match begins.
        if b.len() >= 200 {
            let limit = b.len() / 100 + 1;
            places.retain(|_, at| at.len() <= limit);
        }
        Self { a, b, places }
    }

    /// The longest match within ranges, the earliest of several: (start in a, start in b, length).
    fn longest(&self, a0: usize, a1: usize, b0: usize, b1: usize) -> (usize, usize, usize) {
        let (mut i, mut j, mut size) = (a0, b0, 0);
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for (x, line) in self.a.iter().enumerate().take(a1).skip(a0) {
            let mut next = HashMap::new();
            for y in self.places.get(line.as_str()).into_iter().flatten().copied() {
                if y < b0 {
                    continue;
                }
                if y >= b1 {
                    break;
                }
                let k = y
                    .checked_sub(1)
                    .and_then(|p| lengths.get(&p))
                    .copied()
                    .unwrap_or(0)
                    + 1;
                next.insert(y, k);
                if k > size {
                    (i, j, size) = (x + 1 - k, y + 1 - k, k);
                }
            }
            lengths = next;
        }
        while i > a0 && j > b0 && self.a.get(i - 1) == self.b.get(j - 1) {
            (i, j, size) = (i - 1, j - 1, size + 1);
        }
        while i + size < a1 && j + size < b1 && self.a.get(i + size) == self.b.get(j + size) {
            size += 1;
        }
        (i, j, size)
    }

    fn blocks(&self) -> Vec<(usize, usize, usize)> {
        let mut work = vec![(0, self.a.len(), 0, self.b.len())];
        let mut found = Vec::new();
        while let Some((a0, a1, b0, b1)) = work.pop() {
            let (i, j, k) = self.longest(a0, a1, b0, b1);
            if k > 0 {
                found.push((i, j, k));
                if a0 < i && b0 < j {
                    work.push((a0, i, b0, j));
                }
                if i + k < a1 && j + k < b1 {
                    work.push((i + k, a1, j + k, b1));
                }
            }
        }
        found.sort_unstable();
        found.push((self.a.len(), self.b.len(), 0));
        found
    }
}

fn steps(a: &[String], b: &[String]) -> Vec<Step> {
    let (mut i, mut j) = (0, 0);
    let mut out: Vec<Step> = Vec::new();
    for (x, y, size) in Matcher::new(a, b).blocks() {
        let kind = match (i < x, j < y) {
            (true, true) => Some(Kind::Replace),
            (true, false) => Some(Kind::Delete),
            (false, true) => Some(Kind::Insert),
            (false, false) => None,
        };
        if let Some(kind) = kind {
            out.push(Step {
                kind,
                a0: i,
                a1: x,
                b0: j,
                b1: y,
            });
        }
        (i, j) = (x + size, y + size);
        if size > 0 {
            match out.last_mut() {
                Some(last) if last.kind == Kind::Equal => (last.a1, last.b1) = (i, j),
                _ => out.push(Step {
                    kind: Kind::Equal,
                    a0: x,
                    a1: i,
                    b0: y,
                    b1: j,
                }),
            }
        }
    }
    out
}

/// The steps in groups with up to `context` equal lines around them.
pub(crate) fn groups(a: &[String], b: &[String], context: usize) -> Vec<Vec<Step>> {
    let mut all = steps(a, b);
    if let Some(first) = all.first_mut().filter(|s| s.kind == Kind::Equal) {
        first.a0 = first.a0.max(first.a1.saturating_sub(context));
        first.b0 = first.b0.max(first.b1.saturating_sub(context));
    }
    if let Some(last) = all.last_mut().filter(|s| s.kind == Kind::Equal) {
        last.a1 = last.a1.min(last.a0 + context);
        last.b1 = last.b1.min(last.b0 + context);
    }
    let mut out = Vec::new();
    let mut group: Vec<Step> = Vec::new();
    for mut step in all {
        if step.kind == Kind::Equal && step.a1 - step.a0 > 2 * context {
            group.push(Step {
                a1: step.a0 + context,
                b1: step.b0 + context,
                ..step
            });
            out.push(std::mem::take(&mut group));
            (step.a0, step.b0) = (step.a1 - context, step.b1 - context);
        }
        group.push(step);
    }
    out.push(group);
    out.retain(|g| g.iter().any(|s| s.kind != Kind::Equal));
    out
}
