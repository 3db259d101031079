//! The door to templates for the rest of kdo.

use crate::{
    Environment, FileOptions, TemplateError, Variables,
    ast::Name,
    evaluator::{Evaluator, header, keep_newlines},
    output::Output,
    parse, stack,
};
use kdo_value::{Map, Text, Value};

/// Evaluates templates, raw values and conditions against variables.
#[derive(Clone, Copy)]
pub struct Templar<'a> {
    pub(crate) evaluator: Evaluator<'a>,
}

impl<'a> Templar<'a> {
    /// A templar over these variables.
    pub fn new(variables: &'a dyn Variables, environment: &'a Environment<'a>) -> Self {
        Self {
            evaluator: Evaluator {
                variables,
                environment,
            },
        }
    }

    /// The native result of a template: of a lone expression its value, else text. Text that is no template (or is
    /// not trusted) comes back as it is. `omit` alone is [`Value::Omit`].
    pub fn template(&self, text: &Text) -> Result<Value, TemplateError> {
        self.finish(&Value::Str(text.clone()), text.as_str())
    }

    /// A raw value with all templates at all depths evaluated and vault texts decrypted. Tuples become lists, `omit`
    /// entries of dicts and lists are left out; missing values are errors. A lone `omit` is an error too.
    pub fn resolve(&self, raw: &Value) -> Result<Value, TemplateError> {
        match self.resolve_keep_omit(raw)? {
            Value::Omit => {
                Err(TemplateError::new("A template was resolved to an Omit scalar.").written_at(raw.origin()))
            }
            value => Ok(value),
        }
    }

    /// As [`Self::resolve`], but a lone `omit` stays [`Value::Omit`].
    pub fn resolve_keep_omit(&self, raw: &Value) -> Result<Value, TemplateError> {
        self.finish(raw, raw.as_str().unwrap_or(""))
    }

    /// A dict of module arguments: as [`Self::resolve`], entries that are `omit` are left out.
    pub fn resolve_map(&self, raw: &Map) -> Result<Map, TemplateError> {
        let out = Map::new();
        for (k, v) in raw.entries() {
            let value = self.resolve_keep_omit(&v)?;
            if !value.is_omit() {
                let key = self.resolve(&k)?;
                out.insert(key, value);
            }
        }
        Ok(out)
    }

    /// The value of a variable, evaluated at all depths.
    pub fn variable(&self, name: &str) -> Result<Value, TemplateError> {
        let Some(raw) = self.evaluator.variables.get(name) else {
            return Err(self.with_help(TemplateError::undefined(format!("'{name}' is undefined"))));
        };
        self.finish(&raw, raw.as_str().unwrap_or(""))
    }

    /// The value of an expression without delimiters, as in `until` or `debug: var=`.
    pub fn expression(&self, text: &Text) -> Result<Value, TemplateError> {
        let _entry = stack::enter();
        let evaluator = &self.evaluator;
        evaluator
            .run_source(text.as_str(), evaluator.syntax(true))
            .and_then(|v| evaluator.finalize(v))
            .map_err(|e| self.with_help(e.written_at(text.origin()).in_source(text.as_str())))
    }

    /// Renders the text of a template file. The result is always text.
    pub fn render(&self, source: &str, options: &FileOptions) -> Result<String, TemplateError> {
        let _entry = stack::enter();
        let mut syntax = options.syntax(&self.evaluator);
        let evaluator = &self.evaluator;
        let run = || {
            let source = header(source, &mut syntax)?;
            let template = parse::template(source, &syntax)?;
            let scope = evaluator.root(&template, syntax.clone(), options.folder.clone());
            let mut output = Output::default();
            let text = evaluator
                .body_of(&template, &scope, &mut output)
                .and_then(|()| output.text(evaluator))
                .map_err(|e| e.in_source(&template.source))?;
            Ok(keep_newlines(Value::str(text), source).to_text())
        };
        let mut run = run;
        run().map_err(|e| self.with_help(e))
    }

    fn finish(&self, raw: &Value, source: &str) -> Result<Value, TemplateError> {
        let _entry = stack::enter();
        let evaluator = &self.evaluator;
        // A lone template first by itself, so that its error keeps its place; then what it led to.
        let value = match raw {
            Value::Str(text) if text.is_template() => evaluator.run(text),
            other => Ok(other.clone()),
        };
        value.and_then(|v| evaluator.finalize(v)).map_err(|e| {
            let own = e.source.as_deref().is_none_or(|s| s == source);
            self.with_help(if own { e.written_at(raw.origin()) } else { e })
        })
    }

    /// Adds the names near a missing variable's.
    fn with_help(&self, mut error: TemplateError) -> TemplateError {
        if error.help.is_none()
            && error.undefined
            && let Some(name) = error
                .message
                .strip_prefix('\'')
                .and_then(|m| m.strip_suffix("' is undefined"))
        {
            error.help = self.evaluator.near(&Name::from(name));
        }
        error
    }
}
