//! The door to templates for the rest of kdo.

use crate::{
    Environment, FileOptions, TemplateError, Variables,
    ast::Name,
    evaluator::{Evaluator, header, keep_newlines},
    output::Output,
    parse, stack,
    syntax::Syntax,
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
    /// The text must be trusted.
    pub fn expression(&self, text: &Text) -> Result<Value, TemplateError> {
        self.evaluate(text, false)
    }

    /// An expression; in conditions, templates in its literals are evaluated too.
    pub(crate) fn evaluate(&self, text: &Text, embedded: bool) -> Result<Value, TemplateError> {
        if !text.is_trusted() {
            return Err(
                TemplateError::new("Encountered untrusted template or expression.").written_at(text.origin()),
            );
        }
        let _entry = stack::enter();
        let evaluator = &self.evaluator;
        let syntax = Syntax {
            embedded,
            ..evaluator.syntax(true)
        };
        evaluator
            .run_source(text.as_str(), syntax)
            .and_then(|v| evaluator.finalize(v))
            .map_err(|mut e| {
                if e.syntax && e.help.is_none() && text.contains("{{") {
                    e.help = Some(
                        "Template delimiters are not supported in expressions; name the variable instead."
                            .into(),
                    );
                }
                let own = e.source.as_deref().is_none_or(|s| s == text.as_str());
                let e = if own {
                    e.written_at(text.origin()).in_source(text.as_str())
                } else {
                    e
                };
                self.with_help(e)
            })
    }

    /// Renders the text of a template file. The result is always text.
    pub fn render(&self, source: &str, options: &FileOptions) -> Result<String, TemplateError> {
        let _entry = stack::enter();
        let mut syntax = options.syntax(&self.evaluator);
        self.render_with(source, &mut syntax, options)
            .map_err(|e| self.with_help(e))
    }

    fn render_with(
        &self,
        source: &str,
        syntax: &mut Syntax,
        options: &FileOptions,
    ) -> Result<String, TemplateError> {
        let evaluator = &self.evaluator;
        let source = header(source, syntax)?;
        let template = parse::template(source, syntax)?;
        let scope = evaluator.root(&template, syntax.clone(), options.folder.clone());
        let mut output = Output::default();
        let value = evaluator
            .body_of(&template, &scope.0, &mut output)
            .and_then(|()| output.finish(evaluator))
            .and_then(|v| evaluator.finalize(v))
            .map_err(|e| e.in_source(&template.source))?;
        match keep_newlines(value, source, &syntax.newline) {
            Value::None => Ok(String::new()),
            Value::Omit => Err(TemplateError::new("A template was resolved to an Omit scalar.")),
            value => Ok(value.to_text()),
        }
    }

    /// The items of `with_NAME: terms`: the terms are evaluated and given to the lookup, whose list it is.
    pub fn lookup_terms(
        &self,
        name: &str,
        terms: &Value,
        options: Vec<(String, Value)>,
    ) -> Result<Vec<Value>, TemplateError> {
        let terms = match terms {
            // Of files that may be there, those whose names cannot be known are none.
            Value::List(list) if matches!(name, "first_found" | "ansible.builtin.first_found") => list
                .to_vec()
                .iter()
                .map(|term| self.resolve(term))
                .filter(|term| !term.as_ref().is_err_and(|e| e.undefined))
                .collect::<Result<Vec<_>, _>>()?,
            terms => {
                let terms = self.resolve(terms)?;
                terms.as_sequence().unwrap_or_else(|| vec![terms])
            }
        };
        let _entry = stack::enter();
        let args = std::iter::once(Value::str(name)).chain(terms).collect();
        let list = crate::globals::lookup(&self.evaluator, args, options, true)
            .and_then(|v| self.evaluator.finalize(v))
            .map_err(|e| self.with_help(e))?;
        Ok(list.as_sequence().unwrap_or_default())
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
            error.help = self.evaluator.near(&Name::from(name)).map(Into::into);
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use crate::{Environment, FileOptions, Templar, TemplateError};
    use kdo_value::{List, Map, Origin, Text, Value};

    fn variables() -> Map {
        let map = Map::new();
        let origin = Some(Origin {
            file: 1,
            line: 2,
            column: 3,
        });
        map.insert("name", "web");
        map.insert("broken", Value::Str(Text::trusted("{{ 1 / zero }}", origin)));
        map.insert("zero", 0_i64);
        map.insert("a", Value::trusted("{{ b }}"));
        map.insert("b", Value::trusted("{{ a }}"));
        map.insert("host_text", "{{ name }}");
        map.insert("list", List::frozen(vec![Value::Int(1)]));
        map
    }

    fn template(text: &str) -> Result<Value, TemplateError> {
        let variables = variables();
        let environment = Environment::default();
        Templar::new(&variables, &environment).template(&Text::trusted(text, Some(Origin::default())))
    }

    #[test]
    fn errors_know_where_they_come_from() {
        let error = template("abc {{ nam.x }}").unwrap_err();
        assert_eq!(error.message, "'nam' is undefined");
        assert_eq!(error.help.as_deref(), Some("Did you mean 'name'?"));
        let (start, end) = error.span.unwrap();
        assert_eq!(&error.source.unwrap()[start..end], "nam.x");
        // An error in a variable's template belongs to that template.
        let error = template("abc {{ broken }}").unwrap_err();
        assert_eq!(error.origin.map(|o| o.line), Some(2));
        assert_eq!(error.source.as_deref(), Some("{{ 1 / zero }}"));
        let error = template("{% if %}").unwrap_err();
        assert!(error.syntax && error.span.is_some());
    }

    #[test]
    fn circles_of_variables_are_told_by_name() {
        let error = template("{{ a }}").unwrap_err();
        assert!(
            error.message.starts_with("Recursive loop detected in template"),
            "{}",
            error.message
        );
        assert!(error.help.unwrap().contains("a -> b -> a"));
    }

    #[test]
    fn text_of_hosts_and_results_of_templates_are_never_templates() {
        assert_eq!(template("{{ host_text }}").unwrap().to_text(), "{{ name }}");
        assert_eq!(
            template("{{ '{' ~ '{ name }}' }}").unwrap().to_text(),
            "{{ name }}"
        );
        let variables = variables();
        let environment = Environment::default();
        let templar = Templar::new(&variables, &environment);
        let plain = templar.template(&Text::new("{{ name }}")).unwrap();
        assert_eq!(plain.to_text(), "{{ name }}");
    }

    #[test]
    fn changes_of_variables_stay_in_their_template() {
        let variables = variables();
        let environment = Environment::default();
        let templar = Templar::new(&variables, &environment);
        let run = |text: &str| templar.template(&Text::trusted(text, None)).unwrap().repr();
        assert_eq!(run("{{ list.append(2) }}{{ list }}"), "[1, 2]");
        assert_eq!(run("{{ list }}"), "[1]");
    }

    #[test]
    fn files_have_headers_options_and_their_own_line_breaks() {
        let variables = variables();
        let environment = Environment::default();
        let templar = Templar::new(&variables, &environment);
        let render = |text: &str, options: &FileOptions| templar.render(text, options).unwrap();
        let plain = FileOptions::default();
        // As in Ansible, the line break after a lone value that is not text is lost.
        assert_eq!(render("{{ list }}\n", &plain), "[1]");
        assert_eq!(render("{{ name }}\n\n", &plain), "web\n\n");
        assert_eq!(render("{{ none }}", &plain), "");
        assert_eq!(render("  {% if 1 %}\nx\n  {% endif %}\n", &plain), "  x\n  \n");
        assert_eq!(
            render(
                "#jinja2: lstrip_blocks: True, trim_blocks:True\n  {% if 1 %}\nx\n  {% endif %}\n",
                &plain
            ),
            "x\n"
        );
        assert_eq!(
            render(
                "#jinja2:variable_start_string:'[[', variable_end_string:']]'\n[[ name ]]{{",
                &plain
            ),
            "web{{"
        );
        assert_eq!(render("{{ 'a\\n' }}", &plain), "a\n");
        let windows = FileOptions {
            newline_sequence: "\r\n".into(),
            ..plain
        };
        assert_eq!(render("a\r\nb\n{{ name }}", &windows), "a\r\nb\r\nweb");
        assert_eq!(render("{{ name }}\r\n\r\n", &windows), "web\r\n\r\n");
    }

    #[test]
    fn omitted_entries_are_left_out() {
        let variables = variables();
        let environment = Environment::default();
        let templar = Templar::new(&variables, &environment);
        let args = Map::new();
        args.insert("gone", Value::trusted("{{ omit }}"));
        args.insert(
            "kept",
            Value::list([Value::trusted("{{ omit }}"), Value::trusted("{{ name }}")]),
        );
        let args = Map::from_iter(args.entries());
        args.freeze();
        let list = List::frozen(vec![Value::trusted("{{ omit }}"), Value::trusted("{{ name }}")]);
        args.insert("kept", list);
        assert_eq!(
            Value::Map(templar.resolve_map(&args).unwrap()).repr(),
            "{'kept': ['web']}"
        );
        assert!(templar.resolve(&Value::trusted("{{ omit }}")).is_err());
        assert!(
            templar
                .template(&Text::trusted("{{ omit }}", None))
                .unwrap()
                .is_omit()
        );
    }

    #[test]
    fn tags_of_extensions_need_the_extension() {
        let variables = variables();
        let mut environment = Environment::default();
        let text = Text::trusted(
            "{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}",
            None,
        );
        let error = Templar::new(&variables, &environment)
            .template(&text)
            .unwrap_err();
        assert!(error.message.contains("Encountered unknown tag 'continue'."));
        environment.jinja2_extensions = vec!["jinja2.ext.loopcontrols".into(), "jinja2.ext.do".into()];
        let templar = Templar::new(&variables, &environment);
        assert_eq!(templar.template(&text).unwrap().to_text(), "13");
        let text = Text::trusted("{% do list.append(5) %}{{ list }}", None);
        assert_eq!(templar.template(&text).unwrap().repr(), "[1, 5]");
    }
}
