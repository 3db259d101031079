//! Handlers and roles that come with static imports.

use crate::{Block, Item, Play, Scope, Task};
use std::rc::Rc;

/// All tasks of items, blocks dissolved, in order.
pub(crate) fn flatten(items: &[Item], out: &mut Vec<Rc<Task>>) {
    for item in items {
        match item {
            Item::Task(task) => out.push(Rc::clone(task)),
            Item::Block(block) => {
                for part in [&block.body, &block.rescue, &block.always] {
                    flatten(part, out);
                }
            }
        }
    }
}

/// Adds to the play the roles (and their handlers) that its tasks import statically.
pub(crate) fn imported_roles(items: &[Item], play: &Play) {
    for item in items {
        let Item::Block(block) = item else { continue };
        register(block, play);
        for part in [&block.body, &block.rescue, &block.always] {
            imported_roles(part, play);
        }
    }
}

fn register(block: &Block, play: &Play) {
    let Some(role) = block.scope.role() else { return };
    if !Rc::ptr_eq(&role.scope, &block.scope) {
        return;
    }
    let known = play.roles.borrow().iter().any(|r| Rc::ptr_eq(r, &role));
    if !known {
        for r in role.with_dependencies() {
            play.handlers
                .borrow_mut()
                .extend(r.handlers.borrow().iter().cloned());
            play.roles.borrow_mut().push(r);
        }
    }
}

/// Names of the roles that a scope is in, outermost first.
pub(crate) fn role_names(scope: &Rc<Scope>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut last: Option<Rc<crate::RoleInstance>> = None;
    for s in scope.chain() {
        if let Some(role) = s.role()
            && !last.as_ref().is_some_and(|l| Rc::ptr_eq(l, &role))
        {
            names.push(role.full_name());
            last = Some(role);
        }
    }
    names.reverse();
    names
}
