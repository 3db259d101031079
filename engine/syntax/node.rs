//! The tree of a document, from the parser's events: types resolved, aliases shared.

use crate::{Diagnostic, Tag, hints, resolve};
use kdo_value::{Origin, Value};
use libyaml_safer::{Error, Event, EventData, Mark, Parser, ScalarStyle};
use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

/// Containers nested deeper are refused: all later walks are recursive.
const MAX_DEPTH: usize = 180;
/// Nodes a document may have when each alias counts as the nodes it stands for.
const MAX_NODES: u64 = 20_000_000;

pub(crate) enum Kind {
    Scalar { text: String, block: bool },
    Seq(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

pub(crate) struct Node {
    pub(crate) tag: Tag,
    pub(crate) kind: Kind,
    pub(crate) origin: Origin,
    pub(crate) value: OnceCell<Value>,
    weight: u64,
}

/// Reads the documents of one text.
pub(crate) struct Composer<'a> {
    file: u32,
    text: &'a str,
    /// The text had no final line end; one was added for the parser.
    cut_short: bool,
    anchors: HashMap<String, Rc<Node>>,
    open: HashSet<String>,
}

type Events<'r, 'b> = Parser<&'b mut &'r [u8]>;

impl<'a> Composer<'a> {
    pub(crate) fn new(file: u32, text: &'a str) -> Self {
        Self {
            file,
            text,
            cut_short: !text.ends_with('\n'),
            anchors: HashMap::new(),
            open: HashSet::new(),
        }
    }

    /// All documents; `None` stands for an empty stream's missing document.
    pub(crate) fn documents(&mut self) -> Result<Vec<Rc<Node>>, Diagnostic> {
        let owned;
        let mut bytes = if self.cut_short {
            owned = format!("{}\n", self.text);
            owned.as_bytes()
        } else {
            self.text.as_bytes()
        };
        let mut parser: Events<'_, '_> = Parser::new();
        parser.set_encoding(libyaml_safer::Encoding::Utf8);
        parser.set_input_string(&mut bytes);
        let mut documents = Vec::new();
        loop {
            let event = self.next(&mut parser)?;
            match event.data {
                EventData::StreamEnd => return Ok(documents),
                EventData::StreamStart { .. } | EventData::DocumentEnd { .. } => {}
                EventData::DocumentStart { .. } => {
                    self.anchors.clear();
                    let event = self.next(&mut parser)?;
                    documents.push(self.node(&mut parser, event, 0)?);
                }
                _ => return Err(self.error(event.start_mark, "this is no document")),
            }
        }
    }

    fn next(&self, parser: &mut Events<'_, '_>) -> Result<Event, Diagnostic> {
        parser
            .parse()
            .map_err(|e: Error| hints::explain(&e, self.file, self.text))
    }

    fn origin(&self, mark: Mark) -> Origin {
        Origin {
            file: self.file,
            line: u32::try_from(mark.line + 1).unwrap_or(0),
            column: u32::try_from(mark.column + 1).unwrap_or(0),
        }
    }

    fn error(&self, mark: Mark, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(message).at(self.origin(mark))
    }

    fn node(
        &mut self,
        parser: &mut Events<'_, '_>,
        event: Event,
        depth: usize,
    ) -> Result<Rc<Node>, Diagnostic> {
        let (start, end) = (event.start_mark, event.end_mark);
        if depth > MAX_DEPTH {
            return Err(self.error(start, format!("more than {MAX_DEPTH} levels of nesting")));
        }
        let (anchor, tag, kind, weight) = match event.data {
            EventData::Alias { anchor } => return self.alias(&anchor, start),
            EventData::Scalar {
                anchor,
                tag,
                value,
                plain_implicit,
                style,
                ..
            } => {
                let tag = match tag.filter(|t| t != "!") {
                    Some(name) => Tag::named(&name),
                    None if plain_implicit => resolve(&value),
                    None => Tag::Str,
                };
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let text = if block {
                    self.without_added_break(value, start, end)
                } else {
                    value
                };
                (anchor, tag, Kind::Scalar { text, block }, 1)
            }
            EventData::SequenceStart { anchor, tag, .. } => {
                self.begin(&anchor, start)?;
                let (mut items, mut weight) = (Vec::new(), 1);
                loop {
                    let event = self.next(parser)?;
                    if event.data == EventData::SequenceEnd {
                        break;
                    }
                    let item = self.node(parser, event, depth + 1)?;
                    weight = self.add(weight, &item, start)?;
                    items.push(item);
                }
                let tag = tag.filter(|t| t != "!").map_or(Tag::Seq, |t| Tag::named(&t));
                (anchor, tag, Kind::Seq(items), weight)
            }
            EventData::MappingStart { anchor, tag, .. } => {
                self.begin(&anchor, start)?;
                let (mut entries, mut weight) = (Vec::new(), 1);
                loop {
                    let event = self.next(parser)?;
                    if event.data == EventData::MappingEnd {
                        break;
                    }
                    let key = self.node(parser, event, depth + 1)?;
                    let event = self.next(parser)?;
                    let value = self.node(parser, event, depth + 1)?;
                    weight = self.add(weight, &key, start)?;
                    weight = self.add(weight, &value, start)?;
                    entries.push((key, value));
                }
                let tag = tag.filter(|t| t != "!").map_or(Tag::Map, |t| Tag::named(&t));
                (anchor, tag, Kind::Map(entries), weight)
            }
            _ => return Err(self.error(start, "this is no value")),
        };
        let node = Rc::new(Node {
            tag,
            kind,
            origin: self.origin(start),
            value: OnceCell::new(),
            weight,
        });
        if let Some(name) = anchor {
            self.open.remove(&name);
            if self.anchors.insert(name.clone(), node.clone()).is_some() {
                return Err(self.error(start, format!("the anchor `&{name}` is used twice")));
            }
        }
        Ok(node)
    }

    fn begin(&mut self, anchor: &Option<String>, mark: Mark) -> Result<(), Diagnostic> {
        match anchor {
            Some(name) if !self.open.insert(name.clone()) => {
                Err(self.error(mark, format!("the anchor `&{name}` is used twice")))
            }
            _ => Ok(()),
        }
    }

    fn alias(&self, name: &str, mark: Mark) -> Result<Rc<Node>, Diagnostic> {
        let place = |d: Diagnostic| d.at(self.origin(mark)).length(name.chars().count() + 1);
        if self.open.contains(name) {
            let d = Diagnostic::error(format!("`*{name}` stands inside the value that it names"));
            return Err(place(d));
        }
        self.anchors.get(name).cloned().ok_or_else(|| {
            let d = place(Diagnostic::error(format!(
                "there is no anchor `&{name}` before this alias"
            )));
            match crate::nearest(name, self.anchors.keys().map(String::as_str)) {
                Some(other) => d.label(format!("did you mean `*{other}`?")),
                None => d.help("quote a value that begins with `*`"),
            }
        })
    }

    fn add(&self, weight: u64, node: &Node, mark: Mark) -> Result<u64, Diagnostic> {
        let sum = weight.saturating_add(node.weight);
        if sum > MAX_NODES {
            return Err(self.error(
                mark,
                format!("aliases blow this up to more than {MAX_NODES} values"),
            ));
        }
        Ok(sum)
    }

    /// Takes back the line end that was added for the parser, where it became part of the last block scalar.
    fn without_added_break(&self, mut value: String, start: Mark, end: Mark) -> String {
        if !self.cut_short || !value.ends_with('\n') {
            return value;
        }
        let breaks = self.text.matches('\n').count() as u64;
        if end.line <= breaks {
            return value;
        }
        let mut lines = self.text.lines();
        let header = lines
            .nth(usize::try_from(start.line).unwrap_or(usize::MAX))
            .unwrap_or("");
        let last_is_blank = self
            .text
            .rsplit('\n')
            .next()
            .unwrap_or("")
            .trim_matches(' ')
            .is_empty();
        let header = header.split(" #").next().unwrap_or("");
        let keeps = header.rsplit(['|', '>']).next().is_some_and(|h| h.contains('+'));
        // Spaces beyond the indentation are content.
        let spaces_are_content = value.ends_with(" \n");
        let lost = !last_is_blank || keeps || spaces_are_content;
        if lost {
            value.pop();
        }
        value
    }
}
