//! A plan for people and for drawing programs.

use crate::{
    Plan,
    step::{EdgeKind, Step, StepId, StepKind},
};
use std::fmt::Write;

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line for each step, with its edges.
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid.
    Mermaid,
}

fn label(step: &Step) -> String {
    match &step.kind {
        StepKind::Task(t) | StepKind::Handler(t) => {
            let name = t
                .name
                .as_ref()
                .map_or_else(|| t.action.name.clone(), |n| n.as_str().to_owned());
            let name = match t.scope.role() {
                Some(role) => format!("{} : {name}", role.full_name()),
                None => name,
            };
            if matches!(step.kind, StepKind::Handler(_)) {
                format!("handler {name}")
            } else {
                name
            }
        }
        StepKind::Flush => "flush handlers".into(),
        StepKind::Rescue(n) => format!("rescue of block {n}"),
        StepKind::Always(n) => format!("always of block {n}"),
        StepKind::BlockEnd(n) => format!("end of block {n}"),
        StepKind::Gate(n) => format!("inclusion {n}"),
        StepKind::End => "end of play".into(),
    }
}

fn word(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Next => "next",
        EdgeKind::Failure => "failure",
        EdgeKind::Past => "past",
        EdgeKind::Notify => "notify",
    }
}

/// Writes the plan.
pub fn show(plan: &Plan, title: &str, format: Format) -> String {
    let steps = plan.steps();
    let number = |id: StepId| steps.iter().position(|(s, _)| *s == id).map_or(0, |n| n + 1);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = match format {
        Format::Text => writeln!(out, "play: {title}"),
        Format::Dot => writeln!(out, "digraph {:?} {{\n  rankdir=TB; node [shape=box];", title),
        Format::Mermaid => writeln!(out, "flowchart TD\n  %% {title}"),
    };
    for (id, step) in &steps {
        let (n, label) = (number(*id), label(step));
        let _ = match format {
            Format::Text => writeln!(out, "{n:4}  {label}"),
            Format::Dot => writeln!(out, "  s{n} [label={label:?}];"),
            Format::Mermaid => writeln!(out, "  s{n}[\"{}\"]", label.replace('"', "#quot;")),
        };
        for (from, to, edge) in plan.edges().iter().filter(|(from, _, _)| from == id) {
            let (from, to) = (number(*from), number(*to));
            let barrier = if edge.barrier { ", all hosts wait" } else { "" };
            let what = format!("{}: {}{barrier}", word(edge.kind), edge.reason);
            let _ = match format {
                Format::Text => writeln!(out, "        -> {to:<4} {what}"),
                Format::Dot => {
                    let style = if edge.kind == EdgeKind::Next {
                        "solid"
                    } else {
                        "dashed"
                    };
                    writeln!(out, "  s{from} -> s{to} [label={what:?}, style={style}];")
                }
                Format::Mermaid => {
                    let arrow = if edge.kind == EdgeKind::Next {
                        "-->"
                    } else {
                        "-.->"
                    };
                    writeln!(out, "  s{from} {arrow}|{}| s{to}", what.replace('"', "#quot;"))
                }
            };
        }
    }
    if format == Format::Dot {
        out.push_str("}\n");
    }
    out
}
