//! Text with its origin and trust.

use crate::Origin;
use std::{fmt, ops::Deref, rc::Rc};

struct Inner {
    text: Box<str>,
    origin: Option<Origin>,
    trusted: bool,
    secret: bool,
}

/// A string. Only `trusted` text may be evaluated as a template: text that was written in playbooks, roles,
/// inventories and variable files. What comes from hosts, lookups and templates' results is not trusted.
#[derive(Clone)]
pub struct Text(Rc<Inner>);

impl Text {
    /// Plain, untrusted text without an origin.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(Rc::new(Inner {
            text: text.into(),
            origin: None,
            trusted: false,
            secret: false,
        }))
    }

    /// Text written by the user: it may be a template.
    pub fn trusted(text: impl Into<Box<str>>, origin: Option<Origin>) -> Self {
        Self(Rc::new(Inner {
            text: text.into(),
            origin,
            trusted: true,
            secret: false,
        }))
    }

    /// Text that must not appear in any output (vault values, passwords).
    pub fn secret(text: impl Into<Box<str>>) -> Self {
        Self(Rc::new(Inner {
            text: text.into(),
            origin: None,
            trusted: false,
            secret: true,
        }))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Where it was written, if known.
    pub fn origin(&self) -> Option<Origin> {
        self.0.origin
    }

    /// Whether it may be evaluated as a template.
    pub fn is_trusted(&self) -> bool {
        self.0.trusted
    }

    /// Whether it must be masked in output.
    pub fn is_secret(&self) -> bool {
        self.0.secret
    }

    /// Whether it is trusted and holds template syntax.
    pub fn is_template(&self) -> bool {
        self.0.trusted && {
            let t = &self.0.text;
            // a header may bring other delimiters
            t.contains("{{") || t.contains("{%") || t.contains("{#") || t.starts_with("#jinja2:")
        }
    }

    /// The same text without trust.
    #[must_use]
    pub fn untrusted(&self) -> Self {
        if !self.0.trusted {
            return self.clone();
        }
        Self(Rc::new(Inner {
            text: self.0.text.clone(),
            origin: self.0.origin,
            trusted: false,
            secret: self.0.secret,
        }))
    }

    /// The same text with another origin.
    #[must_use]
    pub fn with_origin(&self, origin: Origin) -> Self {
        Self(Rc::new(Inner {
            text: self.0.text.clone(),
            origin: Some(origin),
            trusted: self.0.trusted,
            secret: self.0.secret,
        }))
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0.text
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.secret {
            f.write_str("<secret>")
        } else {
            fmt::Debug::fmt(&*self.0.text, f)
        }
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}
impl Eq for Text {}
