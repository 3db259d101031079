//! Calling things: macros, methods, global functions.

use crate::{
    Check, TemplateError,
    ast::{Expr, Kind, Macro, Name},
    evaluator::{Evaluator, Keywords, Result},
    function::Function,
    globals,
    loop_object::Loop,
    methods,
    output::Output,
    scope::Scope,
    stack,
};
use kdo_value::{Value, repr_str};
use std::rc::Rc;

impl Evaluator<'_> {
    /// `callee(…)`.
    pub(crate) fn call_value(&self, callee: &Value, args: Vec<Value>, kwargs: Keywords) -> Result<Value> {
        stack::check()?;
        if callee.is_undefined() {
            return callee.check().cloned();
        }
        let Value::Object(object) = callee else {
            return Err(TemplateError::new(format!(
                "'{}' object is not callable",
                callee.type_name()
            )));
        };
        if let Some(running) = object.as_any().downcast_ref::<Loop>() {
            return self.call_loop(running, &args);
        }
        match object.as_any().downcast_ref::<Function>() {
            Some(Function::Macro(m, scope)) => self.call_macro(m, scope, args, kwargs),
            Some(Function::Method(value, name)) => self.call_method(value, name, args, kwargs),
            Some(Function::Global(name)) => globals::call(self, name, args, kwargs),
            Some(Function::Block(name, level, scope)) => {
                let mut output = Output::default();
                self.write_block(name, *level, scope, &mut output)?;
                output.finish(self)
            }
            Some(Function::Joiner(separator, used)) => Ok(Value::str(if used.replace(true) {
                separator.as_str()
            } else {
                ""
            })),
            None => match object.call_method("__call__", &args, &kwargs) {
                Some(result) => Ok(result?),
                None => Err(TemplateError::new(format!(
                    "'{}' object is not callable",
                    callee.type_name()
                ))),
            },
        }
    }

    /// `value.name(…)`.
    pub(crate) fn call_method(
        &self,
        value: &Value,
        name: &str,
        args: Vec<Value>,
        kwargs: Keywords,
    ) -> Result<Value> {
        if name.starts_with("__") || !methods::exists(value, name) {
            if let Value::Object(o) = value
                && !name.starts_with('_')
                && o.get(&Value::str(name)).is_none()
            {
                let (args, kwargs) = self.arguments(args, kwargs)?;
                return match o.call_method(name, &args, &kwargs) {
                    Some(result) => Ok(result?),
                    None => match o.keys() {
                        Some(keys) => self.mapping_method(value, keys, name, &args),
                        None => self.attr(value, name),
                    },
                };
            }
            let callee = self.attr(value, name)?;
            if callee.is_undefined() {
                return Ok(callee);
            }
            return self.call_value(&callee, args, kwargs);
        }
        let (args, kwargs) = self.arguments(args, kwargs)?;
        methods::check_call(value, name, &args, &kwargs)?;
        // These only look at one entry: the others' templates need no evaluation.
        let value = match (value, name) {
            (Value::Map(m), "get") => {
                let key = args
                    .first()
                    .or_else(|| kwargs.iter().find(|(k, _)| k == "key").map(|(_, v)| v))
                    .ok_or("get expected at least 1 argument, got 0")?
                    .check()?;
                if !key.is_hashable() {
                    return Err(TemplateError::new(format!(
                        "unhashable type: '{}'",
                        key.type_name()
                    )));
                }
                return match m.get_value(key) {
                    Some(v) => self.access(v, name),
                    None => Ok(args
                        .get(1)
                        .or_else(|| kwargs.iter().find(|(k, _)| k == "default").map(|(_, v)| v))
                        .cloned()
                        .unwrap_or(Value::None)),
                };
            }
            (Value::Map(_), "keys") => value.clone(),
            _ => self.deep(value.clone())?,
        };
        for arg in args.iter().chain(kwargs.iter().map(|(_, v)| v)) {
            arg.check()?;
        }
        methods::call(self, &value, name, &args, &kwargs)
    }

    /// The reading methods of dicts, for objects that are mappings.
    fn mapping_method(&self, value: &Value, keys: Vec<Value>, name: &str, args: &[Value]) -> Result<Value> {
        let pairs = |with_key: bool| -> Result<Value> {
            let mut out = Vec::with_capacity(keys.len());
            for k in &keys {
                let v = self.item(value, k)?;
                out.push(if with_key {
                    Value::Tuple([k.clone(), v].into())
                } else {
                    v
                });
            }
            Ok(Value::list(out))
        };
        match name {
            "keys" => Ok(Value::list(keys)),
            "items" => pairs(true),
            "values" => pairs(false),
            "get" => {
                let key = args
                    .first()
                    .ok_or("get expected at least 1 argument, got 0")?
                    .check()?;
                let found = self.item(value, key)?;
                Ok(if found.is_undefined() {
                    args.get(1).cloned().unwrap_or(Value::None)
                } else {
                    found
                })
            }
            _ => self.attr(value, name),
        }
    }

    fn arguments(&self, args: Vec<Value>, kwargs: Keywords) -> Result<(Vec<Value>, Keywords)> {
        Ok((
            args.into_iter()
                .map(|v| self.argument(v))
                .collect::<Result<_>>()?,
            kwargs
                .into_iter()
                .map(|(k, v)| Ok((k, self.argument(v)?)))
                .collect::<Result<_>>()?,
        ))
    }

    /// A call with `caller`, for `{% call %}`.
    pub(crate) fn call_with_caller(&self, call: &Expr, caller: Value, scope: &Rc<Scope>) -> Result<Value> {
        let Kind::Call(callee, args) = &call.kind else {
            return Err(TemplateError::new("expected a call"));
        };
        let callee = self.present(callee, scope)?;
        let (args, mut kwargs) = self.eval_args(args, scope)?;
        kwargs.push(("caller".into(), caller));
        self.call_value(&callee, args, kwargs)
    }

    fn call_loop(&self, running: &Loop, args: &[Value]) -> Result<Value> {
        let Some((f, scope)) = &running.recursion else {
            return Err(TemplateError::new(
                "The loop must have the 'recursive' marker to be called recursively.",
            ));
        };
        let items = self.iterate(args.first().ok_or("loop() needs something to iterate over")?)?;
        let mut output = Output::default();
        self.run_loop(f, items, running.depth + 1, scope, &mut output)?;
        output.finish(self)
    }

    fn call_macro(
        &self,
        m: &Rc<Macro>,
        scope: &Rc<Scope>,
        args: Vec<Value>,
        kwargs: Keywords,
    ) -> Result<Value> {
        let inner = scope.inner();
        let mut kwargs = kwargs;
        let mut args = args.into_iter();
        let take = |kwargs: &mut Keywords, name: &str| {
            let position = kwargs.iter().position(|(k, _)| k == name)?;
            Some(kwargs.remove(position).1)
        };
        for (name, default) in &m.params {
            let given = match args.next() {
                Some(v) => {
                    if kwargs.iter().any(|(k, _)| **k == **name) {
                        return Err(TemplateError::new(format!(
                            "macro {} got multiple values for argument {}",
                            repr_str(&m.name),
                            repr_str(name)
                        )));
                    }
                    Some(v)
                }
                None => take(&mut kwargs, name),
            };
            let value = match (given, default) {
                (Some(v), _) => v,
                (None, Some(default)) => self.eval(default, &inner)?,
                (None, None) => Value::missing(Some(name), format!("parameter '{name}' was not provided")),
            };
            inner.set(name, value);
        }
        let caller = take(&mut kwargs, "caller");
        let rest: Vec<Value> = args.collect();
        if !rest.is_empty() && !m.varargs {
            return Err(TemplateError::new(format!(
                "macro {} takes not more than {} argument(s)",
                repr_str(&m.name),
                m.params.len()
            )));
        }
        if let Some((name, _)) = kwargs.first()
            && !m.kwargs
        {
            return Err(TemplateError::new(format!(
                "macro {} takes no keyword argument {}",
                repr_str(&m.name),
                repr_str(name)
            )));
        }
        let set = |name: &str, value: Value| inner.set(&Name::from(name), value);
        if m.varargs {
            set("varargs", Value::Tuple(rest.into()));
        }
        if m.kwargs {
            set("kwargs", Value::Map(kwargs.into_iter().collect()));
        }
        match caller {
            Some(caller) => set("caller", caller),
            None if m.params.iter().all(|(n, _)| &**n != "caller") && &*m.name != "caller" => {
                set("caller", Value::missing(Some("caller"), "No caller defined"));
            }
            None => {}
        }
        let mut output = Output::default();
        self.exec_all(&m.body, &inner, &mut output)?;
        output.finish(self)
    }
}
