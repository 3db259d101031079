//! Document trees to values.

use crate::{
    Diagnostic, LoadOptions, Tag,
    node::{Kind, Node},
    resolve, scalar,
};
use kdo_value::{List, Map, Origin, Text, Value, VaultText};
use std::{cell::OnceCell, rc::Rc};

/// Makes values of nodes; each node's value is made once, so that aliases share it.
pub(crate) struct Constructor<'a> {
    text: &'a str,
    lines: OnceCell<Vec<&'a str>>,
    trusted: bool,
    project_tags: bool,
    unsafe_depth: u32,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// More warnings of one file are dropped.
const MAX_WARNINGS: usize = 100;

impl<'a> Constructor<'a> {
    pub(crate) fn new(text: &'a str, options: LoadOptions) -> Self {
        Self {
            text,
            lines: OnceCell::new(),
            trusted: options.trusted,
            project_tags: options.project,
            unsafe_depth: 0,
            warnings: Vec::new(),
        }
    }

    pub(crate) fn value(&mut self, node: &Node) -> Result<Value, Diagnostic> {
        if let Some(value) = node.value.get() {
            return Ok(value.clone());
        }
        let value = self.make(node, &node.tag)?;
        Ok(node.value.get_or_init(|| value).clone())
    }

    fn make(&mut self, node: &Node, tag: &Tag) -> Result<Value, Diagnostic> {
        match tag {
            Tag::Unsafe | Tag::Vault if !self.project_tags => Err(error(
                node,
                format!("could not determine a constructor for the tag '{}'", tag.shown()),
            )),
            Tag::Unsafe => {
                self.unsafe_depth += 1;
                let value = self.make(node, &implicit(node));
                self.unsafe_depth -= 1;
                value
            }
            Tag::Vault => {
                let place = self.place(node);
                match self.make(node, &implicit(node))? {
                    Value::Str(text) => Ok(Value::Vault(Rc::new(VaultText {
                        ciphertext: text.as_str().to_owned(),
                        origin: Some(place),
                    }))),
                    _ => Err(error(node, "`!vault` needs encrypted text")),
                }
            }
            Tag::Str => {
                let Kind::Scalar { text, .. } = &node.kind else {
                    return Err(misfit(node, tag, "text"));
                };
                Ok(Value::Str(self.text(text, self.place(node))))
            }
            Tag::Seq => {
                let Kind::Seq(items) = &node.kind else {
                    return Err(misfit(node, tag, "a list"));
                };
                let items: Result<Vec<_>, _> = items.iter().map(|n| self.value(n)).collect();
                Ok(Value::List(List::frozen(items?)))
            }
            Tag::Map => Ok(Value::Map(self.map(node, tag)?)),
            Tag::Set => {
                let keys = self.map(node, tag)?.keys();
                Ok(Value::List(List::frozen(keys)))
            }
            Tag::Pairs => self.pairs(node, tag),
            Tag::Merge | Tag::Value => {
                let d = error(node, format!("a plain `{}` has no value of its own", tag.shown()));
                Err(d.help(format!("write '{}' with quotes", tag.shown())))
            }
            Tag::Other(_) => {
                let shown = tag.shown();
                let d = error(node, format!("unknown tag `{shown}`")).length(shown.chars().count());
                Err(match crate::nearest(&shown, ["!vault", "!unsafe"]) {
                    Some(near) => d.label(format!("did you mean `{near}`?")),
                    None => d,
                })
            }
            plain => {
                let Kind::Scalar { text, .. } = &node.kind else {
                    return Err(misfit(node, tag, "a scalar"));
                };
                scalar::construct(plain, text)
                    .map_err(|message| error(node, message).length(text.chars().count()))
            }
        }
    }

    fn text(&self, text: &str, origin: Origin) -> Text {
        if self.trusted && self.unsafe_depth == 0 {
            Text::trusted(text, Some(origin))
        } else {
            Text::new(text).with_origin(origin)
        }
    }

    /// The place of a node; for block scalars that of their first line.
    fn place(&self, node: &Node) -> Origin {
        let Kind::Scalar { block: true, .. } = &node.kind else {
            return node.origin;
        };
        let indent = self
            .lines
            .get_or_init(|| self.text.lines().collect())
            .iter()
            .skip(node.origin.line as usize)
            .find(|l| !l.trim().is_empty())
            .map_or(0, |l| l.len() - l.trim_start_matches(' ').len());
        Origin {
            file: node.origin.file,
            line: node.origin.line + 1,
            column: u32::try_from(indent + 1).unwrap_or(1),
        }
    }

    fn map(&mut self, node: &Node, tag: &Tag) -> Result<Map, Diagnostic> {
        let Kind::Map(entries) = &node.kind else {
            return Err(misfit(node, tag, "a mapping"));
        };
        let map = Map::new();
        let has_merge = entries.iter().any(|(k, _)| k.tag == Tag::Merge);
        if has_merge {
            for (key, value) in entries {
                if key.tag == Tag::Merge {
                    self.merge(&map, value)?;
                }
            }
        }
        // What was merged in is overridden silently; only a key that is written twice is worth a warning.
        let own = if has_merge { Map::new() } else { map.clone() };
        for (key_node, value_node) in entries {
            if key_node.tag == Tag::Merge {
                continue;
            }
            let key = self.key(key_node)?;
            let value = self.value(value_node)?;
            if own.get_value(&key).is_some() {
                self.duplicate(key_node, &key);
            }
            if has_merge {
                own.insert(key.clone(), Value::None);
            }
            map.insert(key, value);
        }
        map.freeze();
        Ok(map)
    }

    fn key(&mut self, node: &Node) -> Result<Value, Diagnostic> {
        let key = match (&node.tag, &node.kind) {
            (Tag::Value, Kind::Scalar { text, .. }) => Value::Str(self.text(text, self.place(node))),
            _ => self.value(node)?,
        };
        if key.is_hashable() {
            return Ok(key);
        }
        Err(unhashable(node, self.text))
    }

    fn merge(&mut self, into: &Map, node: &Node) -> Result<(), Diagnostic> {
        let parts: Vec<&Node> = match &node.kind {
            Kind::Map(_) => vec![node],
            Kind::Seq(items) => items.iter().rev().map(|n| &**n).collect(),
            Kind::Scalar { .. } => vec![node],
        };
        for part in parts {
            let Kind::Map(_) = &part.kind else {
                return Err(error(part, "`<<` needs a mapping or a list of mappings"));
            };
            let value = if part.tag == Tag::Map {
                self.value(part)?
            } else {
                Value::Map(self.map(part, &Tag::Map)?)
            };
            if let Value::Map(map) = value {
                map.for_each(|k, v| {
                    into.insert(k.clone(), v.clone());
                });
            }
        }
        Ok(())
    }

    fn pairs(&mut self, node: &Node, tag: &Tag) -> Result<Value, Diagnostic> {
        let Kind::Seq(items) = &node.kind else {
            return Err(misfit(node, tag, "a list"));
        };
        let mut pairs = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                Kind::Map(entries) if entries.len() == 1 => {
                    for (key, value) in entries {
                        pairs.push(Value::Tuple([self.key(key)?, self.value(value)?].into()));
                    }
                }
                _ => {
                    return Err(error(
                        item,
                        "an ordered mapping is a list of mappings with one key each",
                    ));
                }
            }
        }
        Ok(Value::List(List::frozen(pairs)))
    }

    fn duplicate(&mut self, node: &Node, key: &Value) {
        if self.warnings.len() < MAX_WARNINGS {
            let shown = key.to_text();
            self.warnings.push(
                Diagnostic::warning(format!("Found duplicate mapping key {}.", key.repr()))
                    .at(node.origin)
                    .length(shown.chars().count())
                    .label("only this last value counts"),
            );
        }
    }
}

/// The tag of a node as if none were written.
fn implicit(node: &Node) -> Tag {
    match &node.kind {
        Kind::Scalar { text, .. } => resolve(text),
        Kind::Seq(_) => Tag::Seq,
        Kind::Map(_) => Tag::Map,
    }
}

fn error(node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(message).at(node.origin)
}

fn misfit(node: &Node, tag: &Tag, wanted: &str) -> Diagnostic {
    error(node, format!("the tag `{}` needs {wanted}", tag.shown())).length(tag.shown().chars().count())
}

/// A list or mapping as a key: nearly always a template without quotes.
fn unhashable(node: &Node, text: &str) -> Diagnostic {
    let index = node.origin.line.saturating_sub(1) as usize;
    let line = text.lines().nth(index).unwrap_or("");
    crate::hints::unquoted_template(line, node.origin).unwrap_or_else(|| {
        let what = match node.kind {
            Kind::Seq(_) => "a list",
            _ => "a mapping",
        };
        error(node, format!("{what} cannot be a key")).help("quote the key if it is meant as text")
    })
}
