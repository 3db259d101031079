//! Making the graph.

use crate::step::{Edge, EdgeKind, Position, Step, StepId, StepKind};
use kdo_playbook::{Block, Item, Play, Task};
use petgraph::{Direction, stable_graph::StableDiGraph, visit::{EdgeRef, IntoEdgeReferences}};
use std::rc::Rc;

/// The steps of one play.
pub struct Plan {
    graph: StableDiGraph<Step, Edge>,
    start: StepId,
    end: StepId,
    blocks: u32,
    barriers: bool,
}

/// Whether a task takes part (tags).
type Select<'a> = &'a dyn Fn(&Rc<Task>) -> bool;

/// What steps that are being made are linked to.
#[derive(Clone, Copy)]
struct Ends {
    next: StepId,
    failure: Option<StepId>,
}

impl Plan {
    /// The plan of a play: facts (if gathered), then its sections with a flush of handlers after each. Tasks that
    /// `select` leaves out are not in it. `barriers` says whether hosts wait for each other (linear strategy).
    pub fn new(play: &Play, facts: Option<Rc<Task>>, select: Select<'_>, barriers: bool) -> Self {
        let mut graph = StableDiGraph::new();
        let end = graph.add_node(Step {
            kind: StepKind::End,
            position: vec![u32::MAX],
        });
        let mut plan = Self {
            graph,
            start: end,
            end,
            blocks: 0,
            barriers,
        };
        let mut next = end;
        let sections = [
            (4, vec![&play.post_tasks]),
            (2, vec![&play.role_tasks, &play.tasks]),
            (1, vec![&play.pre_tasks]),
        ];
        for (section, parts) in sections {
            let flush = plan.add(StepKind::Flush, vec![section, u32::MAX]);
            plan.link(flush, next, EdgeKind::Next, "handlers run before what follows");
            next = flush;
            for (i, items) in parts.iter().enumerate().rev() {
                let position = vec![section, u32::try_from(i).unwrap_or(0)];
                next = plan.items(items, &position, Ends { next, failure: None }, select);
            }
        }
        if let Some(task) = facts {
            let step = plan.add(StepKind::Task(task), vec![0]);
            plan.link(step, next, EdgeKind::Next, "facts come before all tasks");
            next = step;
        }
        plan.start = next;
        plan.handlers(play);
        plan
    }

    fn add(&mut self, kind: StepKind, position: Position) -> StepId {
        self.graph.add_node(Step { kind, position })
    }

    fn link(&mut self, from: StepId, to: StepId, kind: EdgeKind, reason: &str) {
        let barrier = self.barriers && kind == EdgeKind::Next;
        self.graph.add_edge(
            from,
            to,
            Edge {
                kind,
                barrier,
                reason: reason.to_owned(),
            },
        );
    }

    /// Makes the steps of items and links the last one to `ends`; gives the first.
    fn items(&mut self, items: &[Item], position: &[u32], ends: Ends, select: Select<'_>) -> StepId {
        let mut next = ends.next;
        for (i, item) in items.iter().enumerate().rev() {
            let mut at = position.to_vec();
            at.push(u32::try_from(i).unwrap_or(u32::MAX - 1));
            let ends = Ends { next, ..ends };
            next = match item {
                Item::Task(task) if select(task) => {
                    let step = self.add(StepKind::Task(Rc::clone(task)), at);
                    self.link(step, next, EdgeKind::Next, "order of the play");
                    if let Some(failure) = ends.failure {
                        self.link(
                            step,
                            failure,
                            EdgeKind::Failure,
                            "the block takes care of failures",
                        );
                    }
                    step
                }
                Item::Task(_) => next,
                Item::Block(block) => self.block(block, &at, ends, select),
            };
        }
        next
    }

    fn block(&mut self, block: &Block, position: &[u32], ends: Ends, select: Select<'_>) -> StepId {
        if block.rescue.is_empty() && block.always.is_empty() {
            return self.items(&block.body, position, ends, select);
        }
        let id = self.blocks;
        self.blocks += 1;
        let part = |n: u32| [position, &[n]].concat();
        let end = self.add(StepKind::BlockEnd(id), part(3));
        self.link(end, ends.next, EdgeKind::Next, "order of the play");
        if let Some(failure) = ends.failure {
            self.link(
                end,
                failure,
                EdgeKind::Failure,
                "the outer block takes care of failures",
            );
        }
        let always = self.add(StepKind::Always(id), part(2));
        let inner = Ends {
            next: end,
            failure: ends.failure,
        };
        let first = self.items(&block.always, &part(2), inner, select);
        self.link(
            always,
            first,
            EdgeKind::Next,
            "always runs after block and rescue",
        );
        let failed = if block.rescue.is_empty() {
            always
        } else {
            let rescue = self.add(StepKind::Rescue(id), part(1));
            let inner = Ends {
                next: always,
                failure: Some(always),
            };
            let first = self.items(&block.rescue, &part(1), inner, select);
            self.link(rescue, first, EdgeKind::Next, "rescue begins");
            rescue
        };
        self.items(
            &block.body,
            &part(0),
            Ends {
                next: always,
                failure: Some(failed),
            },
            select,
        )
    }

    fn handlers(&mut self, play: &Play) {
        let handlers = play.handlers.borrow().clone();
        let mut nodes = Vec::new();
        for (i, handler) in handlers.iter().enumerate() {
            let position = vec![u32::MAX, u32::try_from(i).unwrap_or(u32::MAX)];
            nodes.push((self.add(StepKind::Handler(Rc::clone(handler)), position), handler));
        }
        let notifying: Vec<(StepId, Rc<Task>)> = self
            .graph
            .node_indices()
            .filter_map(|n| match &self.graph.node_weight(n)?.kind {
                StepKind::Task(t) | StepKind::Handler(t) => Some((n, Rc::clone(t))),
                _ => None,
            })
            .collect();
        for (from, task) in notifying {
            for wanted in task.scope.collected("notify").iter().flat_map(names) {
                for (to, handler) in &nodes {
                    let named = handler.name.as_ref().is_some_and(|n| n.as_str() == wanted);
                    if named || handler.listen().contains(&wanted) {
                        self.link(from, *to, EdgeKind::Notify, &format!("notify: {wanted}"));
                    }
                }
            }
        }
    }

    /// Inserts what the step `at` included: for each inclusion a gate with a number and its items, one after the
    /// other. Gives the first gate; hosts go there, and come to what follows `at` in the end. Numbers must grow.
    pub fn include(&mut self, at: StepId, inclusions: &[(u32, Vec<Item>)], select: Select<'_>) -> StepId {
        let mut next = self.next(at).unwrap_or(self.end);
        let failure = self.failure(at);
        for (number, items) in inclusions.iter().rev() {
            let mut position = self.position(at);
            position.push(*number);
            let first = self.items(items, &position, Ends { next, failure }, select);
            let gate = self.add(StepKind::Gate(*number), position);
            self.link(gate, first, EdgeKind::Next, "included here");
            self.link(gate, next, EdgeKind::Past, "not included for this host");
            next = gate;
        }
        next
    }

    /// The way past a gate.
    pub fn past(&self, step: StepId) -> Option<StepId> {
        self.follow(step, EdgeKind::Past)
    }

    /// Whether a failure at this step is taken over by a `rescue`.
    pub fn is_rescued(&self, step: StepId) -> bool {
        let mut at = self.failure(step);
        while let Some(to) = at {
            at = match self.kind(to) {
                StepKind::Rescue(_) => return true,
                StepKind::Always(n) => self.block_end(to, n).and_then(|end| self.failure(end)),
                _ => None,
            };
        }
        false
    }

    fn block_end(&self, from: StepId, number: u32) -> Option<StepId> {
        let mut at = from;
        while !matches!(self.kind(at), StepKind::BlockEnd(n) if n == number) {
            at = self.next(at)?;
        }
        Some(at)
    }

    /// The first step.
    pub fn start(&self) -> StepId {
        self.start
    }

    /// The last step.
    pub fn end(&self) -> StepId {
        self.end
    }

    /// What a step is.
    pub fn kind(&self, step: StepId) -> StepKind {
        self.graph
            .node_weight(step)
            .map_or(StepKind::End, |s| s.kind.clone())
    }

    /// Where a step is in the order.
    pub fn position(&self, step: StepId) -> Position {
        self.graph
            .node_weight(step)
            .map(|s| s.position.clone())
            .unwrap_or_default()
    }

    fn follow(&self, step: StepId, kind: EdgeKind) -> Option<StepId> {
        self.graph
            .edges_directed(step, Direction::Outgoing)
            .find(|e| e.weight().kind == kind)
            .map(|e| e.target())
    }

    /// The step after this one.
    pub fn next(&self, step: StepId) -> Option<StepId> {
        self.follow(step, EdgeKind::Next)
    }

    /// Where a host goes when the step fails on it; `None`: out of the play.
    pub fn failure(&self, step: StepId) -> Option<StepId> {
        self.follow(step, EdgeKind::Failure)
    }

    /// All steps in order, handlers last.
    pub fn steps(&self) -> Vec<(StepId, Step)> {
        let mut steps: Vec<_> = self
            .graph
            .node_indices()
            .filter_map(|n| Some((n, self.graph.node_weight(n)?.clone())))
            .collect();
        steps.sort_by(|a, b| a.1.position.cmp(&b.1.position));
        steps
    }

    /// All edges.
    pub fn edges(&self) -> Vec<(StepId, StepId, Edge)> {
        let edges = (&self.graph).edge_references();
        edges
            .map(|e| (e.source(), e.target(), e.weight().clone()))
            .collect()
    }
}

fn names(value: &kdo_playbook::RawValue) -> Vec<String> {
    match value.as_sequence() {
        Some(items) => items.iter().map(kdo_playbook::RawValue::to_text).collect(),
        None => vec![value.to_text()],
    }
}
