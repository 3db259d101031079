//! Expressions.

use crate::{
    Check, TemplateError,
    ast::{Arg, Comparison, Expr, Kind, Name},
    evaluator::{Evaluator, Keywords, Result},
    operators,
    scope::Scope,
    slice, stack,
};
use kdo_value::{List, Map, Undefined, UndefinedKind, Value};
use std::rc::Rc;

type Arguments = (Vec<Value>, Keywords);

impl Evaluator<'_> {
    /// The value of an expression; missing variables, attributes and items are values too.
    pub(crate) fn eval(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        stack::check()?;
        match &expr.kind {
            Kind::Const(v) => Ok(v.clone()),
            Kind::Embedded(v) => self.access(v.clone(), ""),
            Kind::Var(name) => self.variable(name, scope),
            Kind::Attr(target, name) => self.eval(target, scope).and_then(|v| self.attr(&v, name)),
            Kind::Item(target, key) => self.eval_item(target, key, scope),
            Kind::Slice(target, parts) => self.eval_slice(target, parts, scope),
            Kind::Not(e) => self.eval_truth(e, scope).map(|b| Value::Bool(!b)),
            Kind::Negate(e) => self.eval_negate(e, scope),
            Kind::Binary(..) | Kind::Concat(..) => self.eval_chain(expr, scope),
            Kind::And(a, b) => self.eval_either(a, b, false, scope),
            Kind::Or(a, b) => self.eval_either(a, b, true, scope),
            Kind::Compare(first, rest) => self.eval_compare(first, rest, scope),
            Kind::If { test, yes, no } => self.eval_if(test, yes, no.as_deref(), scope),
            Kind::Filter(name, input, args) => self.eval_filter(name, input.as_deref(), args, None, scope),
            Kind::Test(name, subject, args) => self.eval_test(name, subject, args, scope),
            Kind::Call(callee, args) => self.eval_call(callee, args, scope),
            Kind::List(items) => self.eval_items(items, scope).map(|v| Value::List(List::new(v))),
            Kind::Tuple(items) => self.eval_items(items, scope).map(|v| Value::Tuple(v.into())),
            Kind::Map(entries) => self.eval_map(entries, scope),
        }
        .map_err(|e| e.at(expr.span))
    }

    /// A value that must be there.
    pub(crate) fn present(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        let value = self.eval(expr, scope)?;
        match &value {
            Value::Undefined(u) if u.kind != UndefinedKind::Empty => {
                value.check().cloned().map_err(|e| e.at(expr.span))
            }
            _ => Ok(value),
        }
    }

    /// A value that must be there, evaluated at all depths.
    fn whole(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        let value = self.present(expr, scope)?;
        self.deep(value)
    }

    /// The truth of an expression.
    pub(crate) fn eval_truth(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<bool> {
        self.present(expr, scope).map(|v| v.truthy())
    }

    fn eval_item(&self, target: &Expr, key: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        let target = self.eval(target, scope)?;
        if target.is_undefined() {
            return Ok(target);
        }
        let key = self.eval(key, scope)?;
        let key = self.deep(key)?;
        self.item(&target, &key)
    }

    fn eval_slice(&self, target: &Expr, parts: &[Option<Box<Expr>>; 3], scope: &Rc<Scope>) -> Result<Value> {
        let target = self.eval(target, scope)?;
        if target.is_undefined() {
            return Ok(target);
        }
        let target = self.deep(target)?;
        let mut bounds = [None, None, None];
        for (bound, part) in bounds.iter_mut().zip(parts) {
            if let Some(part) = part {
                let value = self.present(part, scope)?;
                *bound = match value {
                    Value::None => None,
                    v => Some(
                        v.as_int()
                            .or_else(|| crate::slice::far(&v))
                            .ok_or("slice indices must be integers or None or have an __index__ method")?,
                    ),
                };
            }
        }
        slice::slice(&target, bounds)
    }

    fn eval_negate(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        let value = self.present(expr, scope)?;
        Ok(kdo_value::number::negate(&value)?)
    }

    /// `a + b - c ~ …`: chains nest to the left and can be long, so they are walked, not recursed into.
    fn eval_chain(&self, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        let mut steps = Vec::new();
        let mut first = expr;
        loop {
            first = match &first.kind {
                Kind::Binary(op, left, right) => {
                    steps.push((first.span, Some(*op), &**right));
                    left
                }
                Kind::Concat(left, right) => {
                    steps.push((first.span, None, &**right));
                    left
                }
                _ => break,
            };
        }
        let mut value = self.whole(first, scope)?;
        while let Some((span, op, right)) = steps.pop() {
            let right = self.whole(right, scope)?;
            value = match op {
                Some(op) => operators::binary(op, &value, &right),
                None => concat(&value, &right),
            }
            .map_err(|e| e.at(span))?;
        }
        Ok(value)
    }

    fn eval_either(&self, a: &Expr, b: &Expr, or: bool, scope: &Rc<Scope>) -> Result<Value> {
        let left = self.present(a, scope)?;
        if left.truthy() == or {
            Ok(left)
        } else {
            self.eval(b, scope)
        }
    }

    fn eval_compare(&self, first: &Expr, rest: &[(Comparison, Expr)], scope: &Rc<Scope>) -> Result<Value> {
        let mut left = self.present(first, scope)?;
        for (op, right) in rest {
            let right = self.present(right, scope)?;
            let holds = match (op, same(&left, &right)) {
                (Comparison::Eq, true) => true,
                (Comparison::Ne, true) => false,
                _ => operators::compare(*op, &self.deep(left)?, &self.deep(right.clone())?)?,
            };
            if !holds {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn eval_if(&self, test: &Expr, yes: &Expr, no: Option<&Expr>, scope: &Rc<Scope>) -> Result<Value> {
        if self.eval_truth(test, scope)? {
            return self.eval(yes, scope);
        }
        match no {
            Some(no) => self.eval(no, scope),
            None => Ok(Value::Undefined(Rc::new(Undefined {
                kind: UndefinedKind::Empty,
                message: "the inline if-expression evaluated to false and no else section was defined."
                    .into(),
                name: None,
            }))),
        }
    }

    /// A filter; the innermost one of a filter block has no expression before it and gets `block`.
    pub(crate) fn eval_filter(
        &self,
        name: &Name,
        input: Option<&Expr>,
        args: &[Arg],
        block: Option<&Value>,
        scope: &Rc<Scope>,
    ) -> Result<Value> {
        let subject = match input {
            Some(Expr {
                kind: Kind::Filter(inner, deeper, inner_args),
                span,
            }) if block.is_some() => self
                .eval_filter(inner, deeper.as_deref(), inner_args, block, scope)
                .map_err(|e| e.at(*span))?,
            Some(expr) => self.subject(name, expr, scope)?,
            None => block.cloned().unwrap_or(Value::None),
        };
        let (mut positional, keywords) = self.eval_args(args, scope)?;
        positional.insert(0, subject);
        self.apply_filter(name, positional, keywords)
    }

    fn eval_test(&self, name: &Name, subject: &Expr, args: &[Arg], scope: &Rc<Scope>) -> Result<Value> {
        let subject = self.subject(name, subject, scope)?;
        let (mut positional, keywords) = self.eval_args(args, scope)?;
        positional.insert(0, subject);
        self.apply_test(name, positional, keywords).map(Value::Bool)
    }

    fn eval_call(&self, callee: &Expr, args: &[Arg], scope: &Rc<Scope>) -> Result<Value> {
        if let Kind::Attr(target, name) = &callee.kind {
            let value = self.eval(target, scope)?;
            if value.is_undefined() {
                return Ok(value);
            }
            let (positional, keywords) = self.eval_args(args, scope)?;
            return self.call_method(&value, name, positional, keywords);
        }
        if let Kind::Var(name) = &callee.kind
            && &**name == "super"
            && scope.get("super").is_none()
        {
            return Err(TemplateError::undefined("there is no parent block for super()"));
        }
        let value = self.eval(callee, scope)?;
        if value.is_undefined() {
            return Ok(value);
        }
        let (positional, keywords) = self.eval_args(args, scope)?;
        self.call_value(&value, positional, keywords)
    }

    /// The arguments of a call, splats resolved.
    pub(crate) fn eval_args(&self, args: &[Arg], scope: &Rc<Scope>) -> Result<Arguments> {
        let mut positional = Vec::with_capacity(args.len() + 1);
        let mut keywords: Keywords = Vec::new();
        for arg in args {
            match arg {
                Arg::Positional(e) => positional.push(self.eval(e, scope)?),
                Arg::Keyword(name, e) => add_keyword(&mut keywords, name, self.eval(e, scope)?)?,
                Arg::Splat(e) => {
                    let value = self.present(e, scope)?;
                    positional.extend(self.iterate(&value)?);
                }
                Arg::KeywordSplat(e) => {
                    let value = self.whole(e, scope)?;
                    let Some(map) = value.as_map() else {
                        return Err(TemplateError::new(format!(
                            "argument after ** must be a mapping, not {}",
                            value.type_name()
                        )));
                    };
                    for (k, v) in map.entries() {
                        let Some(name) = k.as_str() else {
                            return Err(TemplateError::new("keywords must be strings"));
                        };
                        add_keyword(&mut keywords, name, v)?;
                    }
                }
            }
        }
        Ok((positional, keywords))
    }

    fn eval_items(&self, items: &[Expr], scope: &Rc<Scope>) -> Result<Vec<Value>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let value = self.eval(item, scope)?;
            out.push(self.deep(value)?);
        }
        Ok(out)
    }

    fn eval_map(&self, entries: &[(Expr, Expr)], scope: &Rc<Scope>) -> Result<Value> {
        let map = Map::new();
        for (k, v) in entries {
            let key = self.whole(k, scope)?;
            let value = self.eval(v, scope)?;
            let kind = key.type_name().to_owned();
            if !map.insert(key, self.deep(value)?) {
                return Err(TemplateError::new(format!("unhashable type: '{kind}'")).at(k.span));
            }
        }
        Ok(Value::Map(map))
    }

    /// The items of an iterable, each evaluated.
    pub(crate) fn iterate(&self, value: &Value) -> Result<Vec<Value>> {
        let items = match value.check()? {
            Value::List(l) => l.to_vec(),
            Value::Tuple(t) => t.to_vec(),
            Value::Map(m) => return Ok(m.keys()),
            Value::Str(s) => return Ok(s.chars().map(|c| Value::str(c.to_string())).collect()),
            Value::Bytes(b) => return Ok(b.iter().map(|b| Value::Int(i64::from(*b))).collect()),
            Value::Object(o) => match (crate::range::Range::of(value), o.keys()) {
                (Some(range), _) => return Ok(range.items()?),
                (None, Some(keys)) => return Ok(keys),
                _ => return Err(not_iterable(value)),
            },
            _ => return Err(not_iterable(value)),
        };
        if !items.iter().any(Value::is_templated) {
            return Ok(items);
        }
        items.into_iter().map(|v| self.access(v, "")).collect()
    }
}

/// Whether both are the very same container.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => a.same(b),
        (Value::Map(a), Value::Map(b)) => a.same(b),
        _ => false,
    }
}

fn concat(a: &Value, b: &Value) -> Result<Value> {
    let (a, b) = (operators::text(a)?, operators::text(b)?);
    operators::fits(a.len() + b.len())?;
    Ok(Value::str(a + &b))
}

fn not_iterable(value: &Value) -> TemplateError {
    TemplateError::new(format!("'{}' object is not iterable", value.type_name()))
}

fn add_keyword(keywords: &mut Keywords, name: &str, value: Value) -> Result<()> {
    if keywords.iter().any(|(k, _)| k == name) {
        return Err(TemplateError::new(format!(
            "got multiple values for keyword argument '{name}'"
        )));
    }
    keywords.push((name.to_owned(), value));
    Ok(())
}
