//! What can go wrong in a template.

use kdo_value::Origin;

/// A failed evaluation.
#[derive(Clone, Debug)]
pub struct TemplateError {
    /// What is wrong, in Ansible's words where it has some: `'x' is undefined`.
    pub message: String,
    /// Whether a missing variable, attribute or item is the cause; `default` and `is defined` catch it.
    pub undefined: bool,
    /// Whether the template could not even be parsed.
    pub syntax: bool,
    /// The filter, test or lookup that failed, as Ansible names it: `filter plugin 'ansible.builtin.x'`.
    pub plugin: Option<Box<str>>,
    /// Where the template text was written.
    pub origin: Option<Origin>,
    /// Byte range inside the template's text.
    pub span: Option<(usize, usize)>,
    /// The template's text, for the snippet.
    pub source: Option<Box<str>>,
    /// What may help: near names, a likely cause.
    pub help: Option<Box<str>>,
}

impl TemplateError {
    /// An error of evaluation.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            undefined: false,
            syntax: false,
            plugin: None,
            origin: None,
            span: None,
            source: None,
            help: None,
        }
    }

    /// A missing value was used.
    pub fn undefined(message: impl Into<String>) -> Self {
        Self {
            undefined: true,
            ..Self::new(message)
        }
    }

    /// The same error, with the place of the text unless a nearer place is known.
    #[must_use]
    pub fn written_at(mut self, origin: Option<Origin>) -> Self {
        if self.origin.is_none() {
            self.origin = origin;
        }
        self
    }

    /// The same error, with the byte range in the text unless a nearer one is known.
    #[must_use]
    pub(crate) fn at(mut self, span: crate::ast::Span) -> Self {
        if self.span.is_none() && self.source.is_none() {
            self.span = Some((span.start as usize, span.end as usize));
        }
        self
    }

    /// The same error, with the template's text unless a nearer one is known.
    #[must_use]
    pub(crate) fn in_source(mut self, source: &str) -> Self {
        if self.source.is_none() {
            self.source = Some(source.into());
        }
        self
    }

    /// The text is no template.
    pub fn syntax(message: impl Into<String>) -> Self {
        Self {
            syntax: true,
            ..Self::new(message)
        }
    }
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

impl From<String> for TemplateError {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<&str> for TemplateError {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
