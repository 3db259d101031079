//! Statements.

use crate::{
    TemplateError,
    ast::{Block, Expr, For, Kind, Stmt, Target, Template},
    evaluator::{Evaluator, Result},
    finalize,
    function::Function,
    loop_object::Loop,
    namespace::Namespace,
    output::Output,
    scope::Scope,
    stack,
};
use kdo_value::{UndefinedKind, Value};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// What a statement does to the loop around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Next,
    Break,
    Continue,
}

impl Evaluator<'_> {
    /// Runs a whole template; one that extends another gives its parent's output.
    pub(crate) fn body_of(&self, template: &Template, scope: &Rc<Scope>, output: &mut Output) -> Result<()> {
        if !template.body.iter().any(|s| matches!(s, Stmt::Extends(_))) {
            return self.exec_all(&template.body, scope, output).map(drop);
        }
        let mut parent = None;
        let mut ignored = Output::default();
        for stmt in &template.body {
            match stmt {
                Stmt::Extends(name) if parent.is_none() => parent = Some(self.present(name, scope)?),
                Stmt::Extends(_) => return Err(TemplateError::new("extended multiple times")),
                Stmt::Block(_) if parent.is_some() => {}
                stmt if parent.is_some() => drop(self.exec(stmt, scope, &mut ignored)?),
                stmt => drop(self.exec(stmt, scope, output)?),
            }
        }
        match parent {
            Some(name) => self.extend(&name, scope, output),
            None => Ok(()),
        }
    }

    /// Runs statements in order.
    pub(crate) fn exec_all(&self, stmts: &[Stmt], scope: &Rc<Scope>, output: &mut Output) -> Result<Flow> {
        for stmt in stmts {
            let flow = self.exec(stmt, scope, output)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn exec(&self, stmt: &Stmt, scope: &Rc<Scope>, output: &mut Output) -> Result<Flow> {
        stack::check()?;
        match stmt {
            Stmt::Text(text) => output.push(text.clone())?,
            Stmt::Emit(expr) => self.emit(expr, scope, output)?,
            Stmt::If(test, yes, no) => {
                let branch = if self.eval_truth(test, scope)? { yes } else { no };
                return self.exec_all(branch, scope, output);
            }
            Stmt::For(f) => {
                let value = self.present(&f.iter, scope)?;
                let items = self.iterate(&value).map_err(|e| e.at(f.iter.span))?;
                self.run_loop(f, items, 0, scope, output)?;
            }
            Stmt::With(assignments, body) => {
                let inner = scope.inner();
                for (target, expr) in assignments {
                    let value = self.eval(expr, scope)?;
                    self.assign(target, value, &inner)?;
                }
                return self.exec_all(body, &inner, output);
            }
            Stmt::Set(target, expr) => {
                let value = self.eval(expr, scope)?;
                self.assign(target, value, scope).map_err(|e| e.at(expr.span))?;
            }
            Stmt::Capture(target, filter, body) => {
                let value = self.capture(body, &scope.inner())?;
                let value = self.filtered(filter.as_ref(), value, scope)?;
                self.assign(target, value, scope)?;
            }
            Stmt::Filter(filter, body) => {
                let value = self.capture(body, &scope.inner())?;
                output.push(self.filtered(Some(filter), value, scope)?)?;
            }
            Stmt::Scope(body) => return self.exec_all(body, &scope.inner(), output),
            Stmt::Block(block) => self.exec_block(block, scope, output)?,
            Stmt::Extends(_) => {
                return Err(TemplateError::new(
                    "extends must stand at the top of its template",
                ));
            }
            Stmt::Include {
                name,
                ignore_missing,
                context,
            } => self.include(name, *ignore_missing, *context, scope, output)?,
            Stmt::Import {
                name,
                target,
                context,
            } => {
                let module = self.import(name, *context, scope)?;
                scope.set(target, module);
            }
            Stmt::From { name, names, context } => {
                let module = self.import(name, *context, scope)?;
                for (name, alias) in names {
                    let value = self.attr(&module, name)?;
                    scope.set(alias, value);
                }
            }
            Stmt::Macro(m) => {
                scope.set_macro(&m.name, Function::Macro(Rc::clone(m), Rc::clone(scope)).value());
            }
            Stmt::CallBlock(call, body) => {
                let caller = Function::Macro(Rc::clone(body), Rc::clone(scope)).value();
                let value = self
                    .call_with_caller(call, caller, scope)
                    .map_err(|e| e.at(call.span))?;
                self.write(value, call, output)?;
            }
            Stmt::Do(expr) => drop(self.present(expr, scope)?),
            Stmt::Break => return Ok(Flow::Break),
            Stmt::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn emit(&self, expr: &Expr, scope: &Rc<Scope>, output: &mut Output) -> Result<()> {
        let value = Self::snapshot(self.eval(expr, scope)?, scope);
        self.write(value, expr, output)
    }

    fn write(&self, value: Value, expr: &Expr, output: &mut Output) -> Result<()> {
        match &value {
            // Kept: a lone missing value is the result, for `default` in the template that uses this one.
            Value::Undefined(u) if u.kind == UndefinedKind::Empty => output.push(value),
            Value::Undefined(_) => finalize::text(self, &value)
                .map(drop)
                .map_err(|e| e.at(expr.span)),
            _ => output.push(value),
        }
    }

    /// The value as it is now, where the template may change it before the text is put together.
    fn snapshot(value: Value, scope: &Scope) -> Value {
        match &value {
            Value::List(_) | Value::Map(_) if !scope.unit.changed.is_empty() && !value.is_templated() => {
                value.deep_copy(false)
            }
            _ => value,
        }
    }

    /// What the body writes, as one value.
    pub(crate) fn capture(&self, body: &[Stmt], scope: &Rc<Scope>) -> Result<Value> {
        let mut output = Output::default();
        self.exec_all(body, scope, &mut output)?;
        output.finish(self)
    }

    fn filtered(&self, filter: Option<&Expr>, value: Value, scope: &Rc<Scope>) -> Result<Value> {
        match filter {
            Some(Expr {
                kind: Kind::Filter(name, input, args),
                span,
            }) => self
                .eval_filter(name, input.as_deref(), args, Some(&value), scope)
                .map_err(|e| e.at(*span)),
            _ => Ok(value),
        }
    }

    /// Runs a loop over items; in recursive loops `depth` counts the levels.
    pub(crate) fn run_loop(
        &self,
        f: &Rc<For>,
        items: Vec<Value>,
        depth: usize,
        scope: &Rc<Scope>,
        output: &mut Output,
    ) -> Result<()> {
        let items = match &f.filter {
            None => items,
            Some(filter) => {
                let mut kept = Vec::new();
                for item in items {
                    let inner = scope.inner();
                    self.assign(&f.target, item.clone(), &inner)?;
                    if self.eval_truth(filter, &inner)? {
                        kept.push(item);
                    }
                }
                kept
            }
        };
        if items.is_empty() {
            return self.exec_all(&f.otherwise, &scope.inner(), output).map(drop);
        }
        let state = Rc::new(Loop {
            items,
            index: Cell::new(0),
            depth,
            last: RefCell::default(),
            recursion: f.recursive.then(|| (Rc::clone(f), Rc::clone(scope))),
        });
        let name: crate::ast::Name = "loop".into();
        for (i, item) in state.items.iter().enumerate() {
            state.index.set(i);
            let inner = scope.inner();
            let shared: Rc<dyn kdo_value::Object> = Rc::<Loop>::clone(&state);
            inner.set(&name, Value::Object(shared));
            self.assign(&f.target, item.clone(), &inner)?;
            if self.exec_all(&f.body, &inner, output)? == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    /// Assigns to names, attributes of namespaces or several of them.
    pub(crate) fn assign(&self, target: &Target, value: Value, scope: &Rc<Scope>) -> Result<()> {
        match target {
            Target::Name(name) => {
                limit_depth(&value)?;
                scope.set(name, value);
                Ok(())
            }
            Target::Attr(object, name) => {
                limit_depth(&value)?;
                let holder = self.present(object, scope)?;
                match &holder {
                    Value::Object(o) if let Some(ns) = o.as_any().downcast_ref::<Namespace>() => {
                        ns.attributes.insert(&**name, value);
                        Ok(())
                    }
                    _ => Err(TemplateError::new(
                        "cannot assign attribute on non-namespace object",
                    )),
                }
            }
            Target::Tuple(targets) => {
                let items = match &value {
                    Value::Undefined(_) => self.iterate(&value)?,
                    _ => self.iterate(&value).map_err(|_| {
                        TemplateError::new(format!("cannot unpack non-iterable {} object", value.type_name()))
                    })?,
                };
                let wanted = targets.len();
                if items.len() > wanted {
                    return Err(TemplateError::new(format!(
                        "too many values to unpack (expected {wanted})"
                    )));
                }
                if items.len() < wanted {
                    return Err(TemplateError::new(format!(
                        "not enough values to unpack (expected {wanted}, got {})",
                        items.len()
                    )));
                }
                for (target, item) in targets.iter().zip(items) {
                    self.assign(target, item, scope)?;
                }
                Ok(())
            }
        }
    }

    /// Writes a block: the outermost child's version of it.
    fn exec_block(&self, block: &Rc<Block>, scope: &Rc<Scope>, output: &mut Output) -> Result<()> {
        let known = scope.unit.blocks.borrow().contains_key(&block.name);
        if known {
            return self.write_block(&block.name, 0, scope, output);
        }
        self.exec_all(&block.body, &scope.inner(), output).map(drop)
    }

    /// Writes version `level` of a block; 0 is the outermost child's.
    pub(crate) fn write_block(
        &self,
        name: &crate::ast::Name,
        level: usize,
        scope: &Rc<Scope>,
        output: &mut Output,
    ) -> Result<()> {
        let (block, more) = {
            let blocks = scope.unit.blocks.borrow();
            let versions = blocks.get(name).map_or(&[][..], Vec::as_slice);
            (versions.get(level).cloned(), versions.len() > level + 1)
        };
        let Some(block) = block else {
            return Err(TemplateError::undefined(format!(
                "there is no parent block called '{name}'."
            )));
        };
        if block.required {
            return Err(TemplateError::new(format!("Required block '{name}' not found")));
        }
        let inner = scope.inner();
        if more {
            inner.set(
                &"super".into(),
                Function::Block(Rc::clone(name), level + 1, Rc::clone(scope)).value(),
            );
        }
        self.exec_all(&block.body, &inner, output).map(drop)
    }
}

/// Refuses values that nest too deep: every later walk through them would use up the stack.
pub(crate) fn limit_depth(value: &Value) -> Result<()> {
    fn within(value: &Value, left: usize, budget: &mut usize) -> bool {
        if left == 0 {
            return false;
        }
        if *budget == 0 {
            return true;
        }
        *budget -= 1;
        match value {
            Value::List(l) if !l.is_frozen() => l.items().iter().all(|v| within(v, left - 1, budget)),
            Value::Tuple(t) => t.iter().all(|v| within(v, left - 1, budget)),
            Value::Map(m) if !m.is_frozen() => m.borrow().values().all(|v| within(v, left - 1, budget)),
            _ => true,
        }
    }
    if within(value, finalize::MAX_DEPTH, &mut 1_000_000) {
        Ok(())
    } else {
        Err(TemplateError::new("The value nests too deep."))
    }
}
