//! Handlers and roles that come with static imports.

use crate::{Item, Play, RoleInstance, Scope, Task};
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
    for role in imports(items) {
        if !play.roles.borrow().iter().any(|r| Rc::ptr_eq(r, &role)) {
            play.handlers
                .borrow_mut()
                .extend(role.handlers.borrow().iter().cloned());
            play.roles.borrow_mut().push(role);
        }
    }
}

/// The roles that tasks import statically, each behind those it depends on.
pub fn imports(items: &[Item]) -> Vec<Rc<RoleInstance>> {
    let mut found = Vec::new();
    collect_imports(items, &mut found);
    found
}

fn collect_imports(items: &[Item], found: &mut Vec<Rc<RoleInstance>>) {
    for item in items {
        let Item::Block(block) = item else { continue };
        let own = block
            .scope
            .role()
            .filter(|role| Rc::ptr_eq(&role.scope, &block.scope));
        for role in own.iter().flat_map(RoleInstance::with_dependencies) {
            if !found.iter().any(|r| Rc::ptr_eq(r, &role)) {
                found.push(role);
            }
        }
        for part in [&block.body, &block.rescue, &block.always] {
            collect_imports(part, found);
        }
    }
}

/// Names of the roles that a scope is in, outermost first.
pub(crate) fn role_names(scope: &Rc<Scope>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut last: Option<Rc<RoleInstance>> = None;
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
