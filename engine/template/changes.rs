//! Which variables' containers a template may change in place, found without running it.

use crate::ast::{Arg, Expr, Kind, Name, Target};
use std::{collections::HashSet, rc::Rc};

/// Methods that change their list or dict.
const CHANGING: &[&str] = &[
    "append",
    "clear",
    "extend",
    "insert",
    "pop",
    "popitem",
    "remove",
    "reverse",
    "setdefault",
    "sort",
    "update",
];

/// Collects what the conversion sees.
#[derive(Default)]
pub(crate) struct Changes {
    changed: HashSet<Name>,
    aliases: Vec<(Vec<Name>, Vec<Name>)>,
    macros: Vec<(Name, Vec<Name>)>,
    calls: Vec<(Name, Vec<Name>)>,
}

impl Changes {
    /// Values of `expr` are reachable through `target`.
    pub(crate) fn alias(&mut self, target: &Target, expr: &Expr) {
        let (mut targets, mut sources) = (Vec::new(), Vec::new());
        target_names(target, &mut targets);
        names(expr, &mut sources);
        if !targets.is_empty() && !sources.is_empty() {
            self.aliases.push((targets, sources));
        }
    }

    /// A macro's parameters.
    pub(crate) fn macro_def(&mut self, name: &Name, params: Vec<Name>) {
        self.macros.push((Rc::clone(name), params));
    }

    /// A call: of a changing method, or of what may be a macro.
    pub(crate) fn call(&mut self, callee: &Expr, args: &[Arg]) {
        match &callee.kind {
            Kind::Attr(target, method) if CHANGING.contains(&&**method) => {
                let mut found = Vec::new();
                names(target, &mut found);
                self.changed.extend(found);
            }
            Kind::Var(name) => {
                let mut found = Vec::new();
                args.iter().for_each(|a| names(arg(a), &mut found));
                if !found.is_empty() {
                    self.calls.push((Rc::clone(name), found));
                }
            }
            _ => {}
        }
    }

    /// The variables, with all that may share parts with them.
    pub(crate) fn names(mut self) -> HashSet<Name> {
        if self.changed.is_empty() {
            return self.changed;
        }
        loop {
            let before = self.changed.len();
            for (targets, sources) in &self.aliases {
                if targets.iter().any(|t| self.changed.contains(t)) {
                    self.changed.extend(sources.iter().cloned());
                }
            }
            for (name, params) in &self.macros {
                if params.iter().any(|p| self.changed.contains(p)) {
                    for (_, args) in self.calls.iter().filter(|(n, _)| n == name) {
                        self.changed.extend(args.iter().cloned());
                    }
                }
            }
            if self.changed.len() == before {
                return self.changed;
            }
        }
    }
}

fn target_names(target: &Target, out: &mut Vec<Name>) {
    match target {
        Target::Name(n) => out.push(Rc::clone(n)),
        Target::Attr(e, _) => names(e, out),
        Target::Tuple(parts) => parts.iter().for_each(|t| target_names(t, out)),
    }
}

fn arg(arg: &Arg) -> &Expr {
    match arg {
        Arg::Positional(e) | Arg::Keyword(_, e) | Arg::Splat(e) | Arg::KeywordSplat(e) => e,
    }
}

/// All variables that an expression mentions.
fn names(expr: &Expr, out: &mut Vec<Name>) {
    let mut todo = vec![expr];
    while let Some(e) = todo.pop() {
        match &e.kind {
            Kind::Const(_) | Kind::Embedded(_) => {}
            Kind::Var(n) => out.push(Rc::clone(n)),
            Kind::Slice(e, parts) => {
                todo.push(e);
                todo.extend(parts.iter().flatten().map(|p| &**p));
            }
            Kind::Not(e) | Kind::Negate(e) | Kind::Attr(e, _) => todo.push(e),
            Kind::Binary(_, a, b)
            | Kind::Concat(a, b)
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Item(a, b) => {
                todo.extend([&**a, &**b]);
            }
            Kind::Compare(a, rest) => {
                todo.push(a);
                todo.extend(rest.iter().map(|(_, e)| e));
            }
            Kind::If { test, yes, no } => {
                todo.extend([&**test, &**yes]);
                todo.extend(no.as_deref());
            }
            Kind::Filter(_, e, args) => {
                todo.extend(e.as_deref());
                todo.extend(args.iter().map(arg));
            }
            Kind::Test(_, e, args) | Kind::Call(e, args) => {
                todo.push(e);
                todo.extend(args.iter().map(arg));
            }
            Kind::List(items) | Kind::Tuple(items) => todo.extend(items),
            Kind::Map(entries) => entries.iter().for_each(|(k, v)| todo.extend([k, v])),
        }
    }
}
