//! Delimiters and white space rules of a template.

use crate::TemplateError;
use minijinja::syntax::SyntaxConfig;
use std::borrow::Cow;

/// A delimiter; the usual ones need no memory.
pub(crate) type Mark = Cow<'static, str>;

/// What decides how a text is parsed; the key of the parse cache beside the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Syntax {
    pub(crate) variable: (Mark, Mark),
    pub(crate) block: (Mark, Mark),
    pub(crate) comment: (Mark, Mark),
    pub(crate) line_statement: Option<Mark>,
    pub(crate) line_comment: Option<Mark>,
    pub(crate) trim_blocks: bool,
    pub(crate) lstrip_blocks: bool,
    /// Written for each line break of the text.
    pub(crate) newline: Mark,
    /// Backslashes in literals inside `{{ }}` stand for themselves.
    pub(crate) keep_backslashes: bool,
    /// `{% do %}`.
    pub(crate) do_tag: bool,
    /// `{% break %}` and `{% continue %}`.
    pub(crate) loop_controls: bool,
    /// The text is one expression without delimiters.
    pub(crate) expression: bool,
    /// Templates in string literals are evaluated: only in conditions.
    pub(crate) embedded: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        let pair = |a: &'static str, b: &'static str| (Mark::Borrowed(a), Mark::Borrowed(b));
        Self {
            variable: pair("{{", "}}"),
            block: pair("{%", "%}"),
            comment: pair("{#", "#}"),
            line_statement: None,
            line_comment: None,
            trim_blocks: true,
            lstrip_blocks: false,
            newline: "\n".into(),
            keep_backslashes: false,
            do_tag: false,
            loop_controls: false,
            expression: false,
            embedded: false,
        }
    }
}

impl Syntax {
    /// The parser's form of it.
    pub(crate) fn config(&self) -> Result<SyntaxConfig, TemplateError> {
        let mut builder = SyntaxConfig::builder();
        builder
            .trim_blocks(self.trim_blocks)
            .lstrip_blocks(self.lstrip_blocks)
            .keep_trailing_newline(false);
        let plain = Self::default();
        if self.variable != plain.variable
            || self.block != plain.block
            || self.comment != plain.comment
            || self.line_statement.is_some()
            || self.line_comment.is_some()
        {
            builder
                .variable_delimiters(self.variable.0.clone(), self.variable.1.clone())
                .block_delimiters(self.block.0.clone(), self.block.1.clone())
                .comment_delimiters(self.comment.0.clone(), self.comment.1.clone());
            if let Some(prefix) = &self.line_statement {
                builder.line_statement_prefix(prefix.clone());
            }
            if let Some(prefix) = &self.line_comment {
                builder.line_comment_prefix(prefix.clone());
            }
        }
        builder
            .build()
            .map_err(|e| TemplateError::syntax(format!("Wrong template delimiters: {e}")))
    }

    /// Applies a `#jinja2:` header line: `trim_blocks: False, variable_start_string: '[['`.
    pub(crate) fn apply_header(&mut self, line: &str) -> Result<(), TemplateError> {
        for pair in line.split(',') {
            let Some((key, value)) = pair.split_once(':') else {
                return Err(TemplateError::syntax(format!(
                    "Missing key-value separator `:` in '#jinja2:' override pair '{pair}'."
                )));
            };
            self.apply(key.trim(), value.trim())?;
        }
        Ok(())
    }

    /// Sets one option by Jinja's name; the value is a Python literal.
    pub(crate) fn apply(&mut self, key: &str, value: &str) -> Result<(), TemplateError> {
        let wrong =
            || TemplateError::syntax(format!("Wrong value `{value}` for the template option `{key}`."));
        let flag = || match value {
            "True" | "true" => Ok(true),
            "False" | "false" => Ok(false),
            _ => Err(wrong()),
        };
        let text = || {
            let inner = ['\'', '"']
                .iter()
                .find_map(|q| value.strip_prefix(*q)?.strip_suffix(*q));
            Mark::Owned(
                inner
                    .map(crate::literal::unescape)
                    .unwrap_or_else(|| value.to_owned()),
            )
        };
        match key {
            "trim_blocks" => self.trim_blocks = flag()?,
            "lstrip_blocks" => self.lstrip_blocks = flag()?,
            "keep_trailing_newline" => drop(flag()?),
            "newline_sequence" => self.newline = text(),
            "variable_start_string" => self.variable.0 = text(),
            "variable_end_string" => self.variable.1 = text(),
            "block_start_string" => self.block.0 = text(),
            "block_end_string" => self.block.1 = text(),
            "comment_start_string" => self.comment.0 = text(),
            "comment_end_string" => self.comment.1 = text(),
            "line_statement_prefix" => self.line_statement = Some(text()),
            "line_comment_prefix" => self.line_comment = Some(text()),
            _ => {
                return Err(TemplateError::syntax(format!(
                    "Invalid '#jinja2:' override key '{key}'."
                )));
            }
        }
        Ok(())
    }
}
