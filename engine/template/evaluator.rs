//! The evaluator: variables, templates in values, and the doors for filters and lookups.

use crate::{
    Call, Callable, Check, Engine, Environment, PluginCall, PluginKind, TemplateError, Variables,
    ast::{Expr, Kind, Name, Template},
    finalize, globals,
    output::Output,
    parse,
    scope::{Circles, Running, Scope, Unit},
    signatures, stack,
    syntax::Syntax,
};
use kdo_value::{List, Map, Text, Undefined, UndefinedKind, Value};
use std::{cell::RefCell, collections::HashMap, path::PathBuf, rc::Rc};

pub(crate) type Result<T> = std::result::Result<T, TemplateError>;

/// Keyword arguments in order.
pub(crate) type Keywords = Vec<(String, Value)>;

/// Evaluates syntax trees against variables.
#[derive(Clone, Copy)]
pub(crate) struct Evaluator<'a> {
    pub(crate) variables: &'a dyn Variables,
    pub(crate) environment: &'a Environment<'a>,
}

impl Evaluator<'_> {
    /// How texts of tasks are parsed here.
    pub(crate) fn syntax(&self, expression: bool) -> Syntax {
        let has = |short: &str| {
            self.environment
                .jinja2_extensions
                .iter()
                .any(|e| e.rsplit('.').next() == Some(short))
        };
        Syntax {
            keep_backslashes: self.environment.escape_backslashes && !expression,
            do_tag: has("do"),
            loop_controls: has("loopcontrols"),
            expression,
            ..Syntax::default()
        }
    }

    /// A fresh outermost scope for a template.
    pub(crate) fn root(&self, template: &Template, syntax: Syntax, folder: Option<PathBuf>) -> Running {
        Running(Scope::root(unit(template, syntax, folder, Circles::default())))
    }

    /// Evaluates a template's text; the result is as it is: maybe missing, maybe with templates inside.
    pub(crate) fn run(&self, text: &Text) -> Result<Value> {
        let mut syntax = self.syntax(false);
        let source = header(text.as_str(), &mut syntax)?;
        self.run_source(source, syntax).map_err(|e| {
            let own = e.source.as_deref().is_none_or(|s| source == s);
            if own { e.written_at(text.origin()) } else { e }
        })
    }

    /// Evaluates a text with the given syntax.
    pub(crate) fn run_source(&self, source: &str, syntax: Syntax) -> Result<Value> {
        let _entry = stack::enter();
        stack::check()?;
        let template = parse::template(source, &syntax)?;
        let expression = syntax.expression;
        let newline = syntax.newline.clone();
        let scope = self.root(&template, syntax, None);
        let mut output = Output::default();
        self.body_of(&template, &scope.0, &mut output)
            .and_then(|()| output.finish(self))
            .map(|v| {
                if expression {
                    v
                } else {
                    keep_newlines(v, source, &newline)
                }
            })
            .map_err(|e| e.in_source(&template.source))
    }

    /// A raw value with its own template or vault text evaluated; what is inside containers stays raw.
    /// A missing variable in the template makes the value a missing one.
    pub(crate) fn access(&self, raw: Value, name: &str) -> Result<Value> {
        match &raw {
            Value::Str(text) if text.is_template() => {
                let _guard = stack::resolving(name)?;
                match self.run(text) {
                    Err(e) if e.undefined => Ok(Value::missing(None, e.message)),
                    other => other,
                }
            }
            Value::Vault(vault) => {
                let clear = match self.environment.vault {
                    Some(keys) => keys.decrypt(vault),
                    None => Err(TemplateError::new(
                        "Attempting to decrypt but no vault secrets found.",
                    )),
                };
                clear.map(Value::Str).map_err(|e| {
                    TemplateError::new(format!("{UNDECRYPTABLE}: {}", e.message)).written_at(vault.origin)
                })
            }
            _ => Ok(raw),
        }
    }

    /// A value with all templates inside evaluated; those that fail become missing values that tell why.
    pub(crate) fn deep(&self, value: Value) -> Result<Value> {
        stack::check()?;
        match &value {
            Value::List(l)
                if l.is_templated() || (!l.is_frozen() && l.items().iter().any(Value::is_templated)) =>
            {
                Ok(Value::List(List::new(
                    l.to_vec()
                        .into_iter()
                        .map(|v| self.soft(v))
                        .collect::<Result<_>>()?,
                )))
            }
            Value::Map(m)
                if m.is_templated() || (!m.is_frozen() && m.borrow().values().any(Value::is_templated)) =>
            {
                let out = Map::new();
                for (k, v) in m.entries() {
                    out.insert(k, self.soft(v)?);
                }
                Ok(Value::Map(out))
            }
            Value::Tuple(items) if items.iter().any(Value::is_templated) => Ok(Value::Tuple(
                items
                    .iter()
                    .map(|v| self.soft(v.clone()))
                    .collect::<Result<_>>()?,
            )),
            Value::Str(_) | Value::Vault(_) if value.is_templated() => {
                let value = self.access(value, "")?;
                self.deep(value)
            }
            _ => Ok(value),
        }
    }

    fn soft(&self, value: Value) -> Result<Value> {
        if !value.is_templated() {
            return Ok(value);
        }
        match self.access(value, "").and_then(|v| self.deep(v)) {
            Ok(v) => Ok(v),
            Err(e) if e.undefined => Ok(Value::missing(None, e.message)),
            // Evaluation that ran out of stack must stop, not go on with the next item.
            Err(e) if e.help.is_some() && e.message.starts_with("Recursive") => Err(e),
            Err(e) => Ok(Value::Undefined(Rc::new(Undefined::error(e.message)))),
        }
    }

    /// A changeable copy with all templates evaluated: for variables that the template changes.
    pub(crate) fn thaw(&self, value: Value) -> Result<Value> {
        Ok(self.deep(value)?.deep_copy(false))
    }

    /// A result for the outside: evaluated at all depths, plain data only.
    pub(crate) fn finalize(&self, value: Value) -> Result<Value> {
        let _entry = stack::enter();
        finalize::data(self, &value)
    }

    /// The value of a variable; what is missing is a missing value.
    pub(crate) fn variable(&self, name: &Name, scope: &Rc<Scope>) -> Result<Value> {
        if let Some(v) = scope.get(name) {
            return Ok(v);
        }
        if let Some(raw) = self.variables.get(name) {
            let value = self.access(raw, name)?;
            let container = matches!(&value, Value::List(_) | Value::Map(_));
            if container && scope.unit.changed.contains(name) {
                let copy = self.thaw(value)?;
                scope.set_outermost(name, copy.clone());
                return Ok(copy);
            }
            return Ok(value);
        }
        if let Some(v) = globals::get(name, scope, self) {
            return Ok(v);
        }
        Ok(Value::missing(Some(name), format!("'{name}' is undefined")))
    }

    /// The subject of a filter or test; an encrypted variable stays so for those that want it.
    pub(crate) fn subject(&self, of: &str, expr: &Expr, scope: &Rc<Scope>) -> Result<Value> {
        if takes_sealed(of)
            && let Kind::Var(name) = &expr.kind
            && scope.get(name).is_none()
            && let Some(sealed @ Value::Vault(_)) = self.variables.get(name)
        {
            return Ok(sealed);
        }
        self.eval(expr, scope)
    }

    /// Names near a missing variable's, for the message.
    pub(crate) fn near(&self, name: &str) -> Option<String> {
        let names = self.variables.names();
        let best = crate::nearest::nearest(name, names.iter().map(String::as_str))?;
        Some(format!("Did you mean '{best}'?"))
    }

    /// Applies a filter.
    pub(crate) fn apply_filter(&self, name: &str, args: Vec<Value>, kwargs: Keywords) -> Result<Value> {
        match crate::filter(name) {
            Some(callable) => signatures::check_filter(callable.name, &args, &kwargs)
                .and_then(|()| self.apply(callable, name, args, kwargs))
                .map_err(|e| of_plugin(e, "filter", callable)),
            None => match self.apply_plugin(PluginKind::Filter, name, args, kwargs) {
                Some(result) => result,
                None => Err(unknown("filter", name, crate::filters::FAMILIES)),
            },
        }
    }

    /// Applies a test.
    pub(crate) fn apply_test(&self, name: &str, args: Vec<Value>, kwargs: Keywords) -> Result<bool> {
        match crate::test(name) {
            Some(callable) => Ok(signatures::check_test(callable.name, &args, &kwargs)
                .and_then(|()| self.apply(callable, name, args, kwargs))
                .map_err(|e| of_plugin(e, "test", callable))?
                .truthy()),
            None => match self.apply_plugin(PluginKind::Test, name, args, kwargs) {
                Some(result) => Ok(result?.truthy()),
                None => Err(unknown("test", name, crate::tests::FAMILIES)),
            },
        }
    }

    /// Runs a callable; the arguments are evaluated at all depths first.
    pub(crate) fn apply(
        &self,
        callable: &Callable,
        name: &str,
        args: Vec<Value>,
        kwargs: Keywords,
    ) -> Result<Value> {
        stack::check()?;
        // what tells how a value looks must not see a range as the list of its items
        let shown = matches!(
            callable.name,
            "ansible.builtin.string" | "ansible.builtin.type_debug"
        ) && args.first().and_then(crate::range::Range::of).is_some();
        let ready = if shown {
            Ok((args, kwargs))
        } else {
            self.ready(
                callable.accepts_undefined,
                takes_sealed(callable.name),
                args,
                kwargs,
            )
        };
        let (args, kwargs) = ready?;
        (callable.run)(&Call {
            name,
            args,
            kwargs,
            variables: self.variables,
            environment: self.environment,
            engine: self,
        })
    }

    /// Arguments evaluated at all depths, with missing values as the callable wants them; `sealed`: vaulted values stay
    /// as they are.
    fn ready(
        &self,
        accepts_undefined: bool,
        sealed: bool,
        args: Vec<Value>,
        kwargs: Keywords,
    ) -> Result<(Vec<Value>, Keywords)> {
        let ready = |v: Value| -> Result<Value> {
            if sealed && matches!(v, Value::Vault(_)) {
                return Ok(v);
            }
            let v = self.argument(v)?;
            let Value::Undefined(u) = &v else { return Ok(v) };
            match u.kind {
                UndefinedKind::Empty if accepts_undefined => Ok(Value::missing(None, u.message.clone())),
                UndefinedKind::Empty => Ok(Value::str("")),
                UndefinedKind::Missing if accepts_undefined => Ok(v),
                UndefinedKind::Missing | UndefinedKind::Error => v.check().cloned(),
            }
        };
        let args = args.into_iter().map(ready).collect::<Result<_>>()?;
        let kwargs = kwargs
            .into_iter()
            .map(|(k, v)| Ok((k, ready(v)?)))
            .collect::<Result<_>>()?;
        Ok((args, kwargs))
    }

    /// Runs a plugin of the user; `None` if there is none of that name.
    pub(crate) fn apply_plugin(
        &self,
        kind: PluginKind,
        name: &str,
        args: Vec<Value>,
        kwargs: Keywords,
    ) -> Option<Result<Value>> {
        let plugins = self.environment.plugins?;
        let variable = |name: &str| match self.variables.get(name) {
            Some(raw) => self.access(raw, name).and_then(|v| self.finalize(v)).map(Some),
            None => Ok(None),
        };
        let (args, kwargs) = match self.ready(false, false, args, kwargs) {
            Ok(ready) => ready,
            // The name comes first: what is not there needs no arguments.
            Err(_) if !plugins.has(kind, name) => (Vec::new(), Vec::new()),
            Err(e) => return Some(Err(e)),
        };
        plugins.call(&PluginCall {
            kind,
            name,
            args: &args,
            kwargs: &kwargs,
            variable: &variable,
        })
    }

    /// A value as an argument of filters, methods and functions.
    pub(crate) fn argument(&self, value: Value) -> Result<Value> {
        if let Some(range) = crate::range::Range::of(&value) {
            return Ok(Value::list(range.items()?));
        }
        self.deep(value)
    }

    /// Records a warning.
    pub(crate) fn warn(&self, message: impl Into<String>, origin: Option<kdo_value::Origin>) {
        if let Some(warn) = self.environment.warn {
            warn(message.into(), origin);
        }
    }
}

/// Said of an encrypted value that no password opens, with the reason behind it.
const UNDECRYPTABLE: &str = "Attempt to use undecryptable variable";

/// Whether a filter or test wants an encrypted value as it is: nobody needs its password to ask whether it is one.
fn takes_sealed(name: &str) -> bool {
    let short = name.rsplit('.').next().unwrap_or(name);
    matches!(short, "unvault" | "vault_encrypted" | "tagged_with")
}

/// What the scopes of a template share.
pub(crate) fn unit(template: &Template, syntax: Syntax, folder: Option<PathBuf>, circles: Circles) -> Unit {
    let mut blocks: HashMap<Name, Vec<_>> = HashMap::new();
    for b in &template.blocks {
        blocks.entry(Rc::clone(&b.name)).or_default().push(Rc::clone(b));
    }
    Unit {
        changed: Rc::clone(&template.changed),
        blocks: RefCell::new(blocks),
        syntax,
        folder,
        circles,
    }
}

/// Takes a `#jinja2:` header line off the text and applies it.
pub(crate) fn header<'s>(source: &'s str, syntax: &mut Syntax) -> Result<&'s str> {
    let Some(rest) = source.strip_prefix("#jinja2:") else {
        return Ok(source);
    };
    let Some((line, rest)) = rest.split_once('\n') else {
        return Err(TemplateError::syntax(
            "Missing newline after '#jinja2:' override.",
        ));
    };
    syntax.apply_header(line.trim())?;
    Ok(rest)
}

/// Text keeps the line breaks at its end that the template had.
pub(crate) fn keep_newlines(value: Value, source: &str, newline: &str) -> Value {
    let Value::Str(text) = &value else { return value };
    let wanted = source
        .trim_end_matches('\r')
        .bytes()
        .rev()
        .filter(|b| *b != b'\r')
        .take_while(|b| *b == b'\n')
        .count();
    if wanted == 0 || newline.is_empty() {
        return value;
    }
    let mut rest = text.as_str();
    let mut there = 0;
    while let Some(shorter) = rest.strip_suffix(newline) {
        rest = shorter;
        there += 1;
    }
    if there >= wanted {
        value
    } else {
        Value::str(format!("{}{}", text.as_str(), newline.repeat(wanted - there)))
    }
}

/// Remembers which plugin an error comes from, unless it is of one inside or of a missing value.
fn of_plugin(error: TemplateError, kind: &str, callable: &Callable) -> TemplateError {
    // What cannot be decrypted is nobody's mistake but the value's.
    if error.message.starts_with(UNDECRYPTABLE) {
        return error;
    }
    let own = error.origin.is_none() && error.source.is_none();
    if error.plugin.is_some() || error.undefined || error.syntax || !own {
        return error;
    }
    TemplateError {
        plugin: Some(format!("{kind} plugin '{}'", callable.name).into()),
        ..error
    }
}

/// What helps with an unknown plugin: that kdo lacks it, or the name it may have been meant to be.
pub(crate) fn near_help<'n>(
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'n str>,
) -> Option<Box<str>> {
    crate::elsewhere::notice(kind, name)
        .or_else(|| crate::nearest::nearest(name, known).map(|n| format!("Did you mean '{n}'?")))
        .map(Into::into)
}

fn unknown(kind: &str, name: &str, families: &[&'static [Callable]]) -> TemplateError {
    let full = name.contains('.');
    let known = families.iter().flat_map(|f| f.iter()).flat_map(move |c| {
        let own = if full {
            Some(c.name)
        } else {
            c.name.rsplit('.').next()
        };
        own.into_iter().chain(c.aliases.iter().copied())
    });
    TemplateError {
        help: near_help(kind, name, known),
        ..TemplateError::syntax(format!("No {kind} named '{name}'."))
    }
}

impl Engine for Evaluator<'_> {
    fn filter(&self, name: &str, args: Vec<Value>, kwargs: Keywords) -> Result<Value> {
        self.apply_filter(name, args, kwargs)
    }

    fn test(&self, name: &str, args: Vec<Value>, kwargs: Keywords) -> Result<bool> {
        self.apply_test(name, args, kwargs)
    }

    fn attribute(&self, value: &Value, path: &Value) -> Value {
        let step = |value: &Value, key: &Value| {
            self.item(value, key)
                .unwrap_or_else(|e| Value::Undefined(Rc::new(Undefined::error(e.message))))
        };
        let Some(text) = path.as_str() else {
            return step(value, path);
        };
        let mut current = value.clone();
        for part in text.split('.') {
            let key = part.parse::<i64>().map_or_else(|_| Value::str(part), Value::Int);
            current = step(&current, &key);
        }
        current
    }

    fn call(&self, callee: &Value, args: Vec<Value>, kwargs: Keywords) -> Result<Value> {
        self.call_value(callee, args, kwargs)
    }

    fn resolve(&self, raw: &Value) -> Result<Value> {
        self.finalize(raw.clone())
    }

    fn render(&self, source: &str, extra: &[(String, Value)], options: &[(String, Value)]) -> Result<Value> {
        let mut syntax = Syntax {
            keep_backslashes: false,
            ..self.syntax(false)
        };
        for (key, value) in options {
            let text = match value {
                Value::Str(s) => kdo_value::repr_str(s),
                other => other.to_text(),
            };
            syntax.apply(key, &text)?;
        }
        let source = header(source, &mut syntax)?;
        let layered = Layered {
            extra,
            below: self.variables,
        };
        let inner = Evaluator {
            variables: &layered,
            environment: self.environment,
        };
        if source.is_empty() {
            return Ok(Value::str(""));
        }
        let value = inner.run_source(source, syntax)?;
        inner.finalize(value)
    }
}

/// Extra variables over others.
struct Layered<'a> {
    extra: &'a [(String, Value)],
    below: &'a dyn Variables,
}

impl Variables for Layered<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        match self.extra.iter().rev().find(|(k, _)| k == name) {
            Some((_, v)) => Some(v.clone()),
            None => self.below.get(name),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.below.names();
        names.extend(self.extra.iter().map(|(k, _)| k.clone()));
        names
    }
}
