//! Guards against templates and values that nest without end.

use crate::TemplateError;
use std::cell::{Cell, RefCell};

/// Stack that one evaluation may use, in bytes; threads have 2 MiB or more.
const BUDGET: usize = 1 << 20;
/// How deep variables may refer to each other.
const MAX_TEMPLATES: usize = 100;

thread_local! {
    static BASE: Cell<usize> = const { Cell::new(0) };
    static NAMES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn here() -> usize {
    let marker = 0_u8;
    std::ptr::from_ref(&marker).addr()
}

/// Marks the outermost evaluation of this thread while it lives.
pub(crate) struct Entry {
    outermost: bool,
}

/// Begins an evaluation: the stack is measured from the outermost one.
pub(crate) fn enter() -> Entry {
    let outermost = BASE.get() == 0;
    if outermost {
        BASE.set(here());
    }
    Entry { outermost }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if self.outermost {
            BASE.set(0);
        }
    }
}

/// Fails where the stack is nearly used up.
pub(crate) fn check() -> Result<(), TemplateError> {
    let base = BASE.get();
    if base != 0 && base.abs_diff(here()) > BUDGET {
        let looping = NAMES.with_borrow(|n| n.len() > 10).then(chain);
        return Err(TemplateError {
            help: looping.clone().map(Into::into),
            ..TemplateError::new(if looping.is_some() {
                "Recursive loop detected in template: maximum recursion depth exceeded"
            } else {
                "The template nests too deep."
            })
        });
    }
    Ok(())
}

/// A variable whose template is being evaluated.
pub(crate) struct Resolving;

/// Notes that the template of `name` is evaluated now.
pub(crate) fn resolving(name: &str) -> Result<Resolving, TemplateError> {
    let depth = NAMES.with_borrow(Vec::len);
    if depth >= MAX_TEMPLATES {
        return Err(TemplateError {
            help: Some(chain().into()),
            ..TemplateError::new("Recursive loop detected in template: maximum recursion depth exceeded")
        });
    }
    NAMES.with_borrow_mut(|n| n.push(name.to_owned()));
    Ok(Resolving)
}

impl Drop for Resolving {
    fn drop(&mut self) {
        NAMES.with_borrow_mut(|n| {
            n.pop();
        });
    }
}

/// The last names of the chain, up to the first one that comes again.
fn chain() -> String {
    NAMES.with_borrow(|names| {
        let mut shown: Vec<&str> = Vec::new();
        for name in names.iter().rev().filter(|n| !n.is_empty()) {
            let again = shown.contains(&name.as_str());
            shown.push(name);
            if again || shown.len() > 8 {
                break;
            }
        }
        shown.reverse();
        format!("variables refer to each other: {}", shown.join(" -> "))
    })
}
