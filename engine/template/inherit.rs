//! Templates that use other template files: `extends`, `include`, `import`.

use crate::{
    TemplateError,
    ast::{Expr, Template},
    evaluator::{Evaluator, Result, header, unit},
    module::Module,
    output::Output,
    parse,
    scope::{Scope, Unit},
    stack,
};
use kdo_value::Value;
use std::{path::PathBuf, rc::Rc};

/// Largest template file, in bytes.
const MAX_FILE: u64 = 64 << 20;

impl Evaluator<'_> {
    /// Gives the output of the parent template with this template's blocks.
    pub(crate) fn extend(&self, name: &Value, scope: &Rc<Scope>, output: &mut Output) -> Result<()> {
        let _guard = stack::resolving("extends")?;
        let (template, path) = self.load(name, scope)?;
        {
            let mut blocks = scope.unit.blocks.borrow_mut();
            for b in &template.blocks {
                blocks.entry(Rc::clone(&b.name)).or_default().push(Rc::clone(b));
            }
        }
        self.body_of(&template, scope, output)
            .map_err(|e| in_file(e, &template, &path))
    }

    /// Writes another template.
    pub(crate) fn include(
        &self,
        name: &Expr,
        ignore_missing: bool,
        context: bool,
        scope: &Rc<Scope>,
        output: &mut Output,
    ) -> Result<()> {
        let _guard = stack::resolving("include")?;
        let names = self.present(name, scope)?;
        let (template, path) = match self.load(&names, scope) {
            Ok(found) => found,
            Err(e) if ignore_missing && !e.syntax => return Ok(()),
            Err(e) => return Err(e.at(name.span)),
        };
        let unit = self.part(&template, scope);
        let inner = if context {
            Scope::included(unit, scope)
        } else {
            Scope::root(unit)
        };
        self.body_of(&template, &inner, output)
            .map_err(|e| in_file(e, &template, &path))
    }

    /// Runs another template for the names that it defines.
    pub(crate) fn import(&self, name: &Expr, context: bool, scope: &Rc<Scope>) -> Result<Value> {
        let _guard = stack::resolving("import")?;
        let name = self.present(name, scope)?;
        let (template, path) = self.load(&name, scope)?;
        let unit = self.part(&template, scope);
        let inner = if context {
            Scope::included(unit, scope)
        } else {
            Scope::root(unit)
        };
        let mut ignored = Output::default();
        self.body_of(&template, &inner, &mut ignored)
            .map_err(|e| in_file(e, &template, &path))?;
        Ok(Value::Object(Rc::new(Module { scope: inner })))
    }

    /// What the scopes of a template used by this one share.
    fn part(&self, template: &Template, scope: &Scope) -> Unit {
        let outer = &scope.unit;
        unit(
            template,
            outer.syntax.clone(),
            outer.folder.clone(),
            Rc::clone(&outer.circles),
        )
    }

    /// Finds and parses a template file; of several names the first that exists.
    fn load(&self, names: &Value, scope: &Rc<Scope>) -> Result<(Rc<Template>, PathBuf)> {
        let names = match names {
            Value::List(_) | Value::Tuple(_) => self.iterate(names)?,
            one => vec![one.clone()],
        };
        let mut wanted = Vec::new();
        for name in &names {
            let Some(name) = name.as_str() else {
                return Err(TemplateError::new(format!(
                    "a template's name must be text, not {}",
                    name.type_name()
                )));
            };
            let beside = scope
                .unit
                .folder
                .as_ref()
                .map(|f| f.join(name))
                .filter(|p| p.is_file());
            let Some(path) = beside.or_else(|| self.environment.search.find("templates", name)) else {
                wanted.push(name.to_owned());
                continue;
            };
            let failed = |e: std::io::Error| TemplateError::new(format!("{}: {e}", path.display()));
            if std::fs::metadata(&path).map_err(failed)?.len() > MAX_FILE {
                return Err(TemplateError::new(format!(
                    "{}: the template is too large",
                    path.display()
                )));
            }
            let text = std::fs::read(&path).map_err(failed)?;
            let text = String::from_utf8(text)
                .map_err(|_| TemplateError::new(format!("{}: the template is not UTF-8", path.display())))?;
            let mut syntax = scope.unit.syntax.clone();
            let source = header(&text, &mut syntax)?;
            let template = parse::template(source, &syntax).map_err(|e| TemplateError {
                help: Some(format!("in {}", path.display())),
                ..e
            })?;
            return Ok((template, path));
        }
        Err(TemplateError::new(format!(
            "'{}' not found in search path",
            wanted.join("', '")
        )))
    }
}

/// The error with the file that it comes from.
fn in_file(error: TemplateError, template: &Template, path: &std::path::Path) -> TemplateError {
    let inside = error.source.is_none();
    let mut error = error.in_source(&template.source);
    if inside && error.help.is_none() {
        error.help = Some(format!("in {}", path.display()));
    }
    error
}

#[cfg(test)]
mod tests {
    use crate::{Environment, FileOptions, SearchPath, Templar};
    use kdo_value::{Map, Value};
    use std::path::PathBuf;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("kdo-inherit-{}-{name}", std::process::id()));
            std::fs::create_dir_all(path.join("templates")).unwrap();
            for (file, text) in files {
                std::fs::write(path.join("templates").join(file), text).unwrap();
            }
            Self(path)
        }

        fn render(&self, source: &str) -> String {
            let variables = Map::new();
            variables.insert("n", 5_i64);
            variables.insert("t", Value::trusted("<{{ n }}>"));
            let environment = Environment {
                search: SearchPath {
                    bases: vec![self.0.clone()],
                },
                ..Environment::default()
            };
            Templar::new(&variables, &environment)
                .render(source, &FileOptions::default())
                .unwrap_or_else(|e| format!("error: {}", e.message))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn included_templates_see_names_unless_told_otherwise() {
        let f = Folder::new("include", &[("a.j2", "a={{ a }} {{ t }}\n"), ("b.j2", "{{ a }}")]);
        assert_eq!(f.render("{% set a = 1 %}{% include 'a.j2' %}"), "a=1 <5>");
        assert_eq!(
            f.render("{% set a = 1 %}{% include 'b.j2' without context %}"),
            "error: 'a' is undefined"
        );
        assert_eq!(f.render("{% include 'none.j2' ignore missing %}x"), "x");
        assert_eq!(
            f.render("{% include ['none.j2', 'a.j2'] %}{{ n }}"),
            "error: 'a' is undefined"
        );
        assert_eq!(
            f.render("{% for a in [1, 2] %}{% include 'b.j2' %}{% endfor %}"),
            "12"
        );
    }

    #[test]
    fn imported_macros_can_be_called() {
        let f = Folder::new(
            "import",
            &[(
                "m.j2",
                "{% macro f(x) %}[{{ x }}{{ n }}]{% endmacro %}{% set v = 3 %}",
            )],
        );
        assert_eq!(f.render("{% import 'm.j2' as m %}{{ m.f(1) }}{{ m.v }}"), "[15]3");
        assert_eq!(
            f.render("{% from 'm.j2' import f as g, v with context %}{{ g(2) }}{{ v }}"),
            "[25]3"
        );
        assert_eq!(
            f.render("{% from 'm.j2' import nope %}{{ nope() }}x"),
            "error: object of type 'TemplateModule' has no attribute 'nope'"
        );
    }

    #[test]
    fn children_override_blocks_of_their_parents() {
        let f = Folder::new(
            "extends",
            &[
                (
                    "base.j2",
                    "<{% block a %}base{% endblock %}|{% block b %}b{{ n }}{% endblock %}>",
                ),
                (
                    "mid.j2",
                    "{% extends 'base.j2' %}{% block a %}mid+{{ super() }}{% endblock %}",
                ),
                ("self.j2", "{% extends 'self.j2' %}"),
            ],
        );
        assert_eq!(
            f.render("{% extends 'base.j2' %}ignored{% block a %}child{% endblock %}"),
            "<child|b5>"
        );
        assert_eq!(
            f.render("{% extends 'mid.j2' %}{% block a %}top+{{ super() }}{% endblock %}"),
            "<top+mid+base|b5>"
        );
        assert!(f.render("{% extends 'self.j2' %}").starts_with("error: "));
    }
}
