//! What a template has written so far.

use crate::{TemplateError, evaluator::Evaluator, finalize};
use kdo_value::Value;

/// Largest text that a template may produce, in bytes.
pub(crate) const MAX_TEXT: usize = 64 << 20;

/// Pieces of output; a lone value keeps its type.
#[derive(Default)]
pub(crate) struct Output {
    pieces: Vec<Value>,
    size: usize,
}

impl Output {
    /// Adds text or a value; `None` writes nothing.
    pub(crate) fn push(&mut self, value: Value) -> Result<(), TemplateError> {
        self.size += match &value {
            Value::None => return Ok(()),
            Value::Str(s) => s.len() + 16,
            _ => 16,
        };
        if self.size > MAX_TEXT {
            return Err(too_large());
        }
        self.pieces.push(value);
        Ok(())
    }

    /// The result: nothing is `None`, one piece is itself, more are text.
    pub(crate) fn finish(mut self, evaluator: &Evaluator<'_>) -> Result<Value, TemplateError> {
        match self.pieces.len() {
            0 => Ok(Value::None),
            1 => Ok(self.pieces.pop().unwrap_or(Value::None)),
            _ => self.text(evaluator).map(Value::str),
        }
    }

    /// The result as text.
    pub(crate) fn text(self, evaluator: &Evaluator<'_>) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(self.size.min(1 << 16));
        for piece in &self.pieces {
            match piece {
                Value::Str(s) => out.push_str(s),
                other => out.push_str(&finalize::text(evaluator, other)?),
            }
            if out.len() > MAX_TEXT {
                return Err(too_large());
            }
        }
        Ok(out)
    }
}

pub(crate) fn too_large() -> TemplateError {
    TemplateError::new(format!(
        "The template's result is larger than {} MiB.",
        MAX_TEXT >> 20
    ))
}
