//! Values to YAML, laid out as PyYAML's dumper lays it out.

use crate::{Tag, YamlDate, resolve};
use kdo_value::{Value, float_repr};
use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use std::{
    cmp::Ordering,
    collections::HashMap,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
};

const MAX_DEPTH: usize = 500;

/// Options of PyYAML's `dump`, with its defaults.
#[derive(Clone, Debug)]
pub struct EmitOptions {
    /// Spaces per level, 2 to 9; other numbers mean 2.
    pub indent: Option<i32>,
    /// Column after which lines are folded; `None`: 80, negative: never.
    pub width: Option<i32>,
    /// Keys in order.
    pub sort_keys: bool,
    /// `Some(true)`: braces; `Some(false)`: lines; `None`: braces for containers of scalars only.
    pub default_flow_style: Option<bool>,
    /// Quotes for all scalars: `'`, `"`, `|` or `>` (folded text with line ends is laid out a little differently).
    pub default_style: Option<char>,
    /// Whether characters beyond ASCII are written as they are.
    pub allow_unicode: bool,
    /// The canonical layout: a tag at each value, all texts in double quotes.
    pub canonical: bool,
    /// Begin with `---`.
    pub explicit_start: bool,
    /// End with `...`.
    pub explicit_end: bool,
    /// `&id001` and `*id001` for containers that occur more than once.
    pub aliases: bool,
}

impl Default for EmitOptions {
    fn default() -> Self {
        Self {
            indent: None,
            width: None,
            sort_keys: true,
            default_flow_style: Some(false),
            default_style: None,
            canonical: false,
            allow_unicode: false,
            explicit_start: false,
            explicit_end: false,
            aliases: true,
        }
    }
}

impl EmitOptions {
    /// As the filter `to_yaml` starts.
    pub fn to_yaml() -> Self {
        Self {
            default_flow_style: None,
            allow_unicode: true,
            ..Self::default()
        }
    }

    /// As the filter `to_nice_yaml` starts.
    pub fn to_nice_yaml() -> Self {
        Self {
            indent: Some(4),
            allow_unicode: true,
            ..Self::default()
        }
    }
}

/// Writes one document. Missing values and `omit` are written as null.
pub fn emit_yaml(value: &Value, options: &EmitOptions) -> String {
    let mut events = Events {
        options,
        anchors: HashMap::new(),
        ids: 0,
        list: Vec::new(),
    };
    if options.aliases {
        events.find_anchors(value, false, 0);
    }
    events.value(value, false, 0);
    let mut out = Vec::new();
    let written = catch_unwind(AssertUnwindSafe(|| write_events(events.list, options, &mut out)));
    match written {
        Ok(Ok(())) => escape_astral(String::from_utf8(out).unwrap_or_default(), options),
        _ => kdo_value::json::line(value) + "\n",
    }
}

fn write_events(
    events: Vec<Event>,
    options: &EmitOptions,
    out: &mut Vec<u8>,
) -> Result<(), libyaml_safer::Error> {
    let mut emitter = Emitter::new();
    emitter.set_output_string(out);
    emitter.set_unicode(options.allow_unicode);
    emitter.set_canonical(options.canonical);
    if let Some(indent) = options.indent {
        emitter.set_indent(indent);
    }
    if let Some(width) = options.width {
        emitter.set_width(width);
    }
    emitter.emit(Event::stream_start(Encoding::Utf8))?;
    emitter.emit(Event::document_start(None, &[], !options.explicit_start))?;
    for event in events {
        emitter.emit(event)?;
    }
    emitter.emit(Event::document_end(!options.explicit_end))?;
    emitter.emit(Event::stream_end())
}

fn is_astral(c: char) -> bool {
    u32::from(c) > 0xffff
}

/// libyaml escapes characters beyond the basic plane even where unicode is allowed; the port writes them as they
/// are. All scalars that hold one are double-quoted by then.
fn escape_astral(yaml: String, options: &EmitOptions) -> String {
    if !options.allow_unicode || !yaml.contains(is_astral) {
        return yaml;
    }
    let mut out = String::with_capacity(yaml.len() + 16);
    for c in yaml.chars() {
        if is_astral(c) {
            let _ = write!(out, "\\U{:08X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// What is known about a container before it is written.
enum Seen {
    Once,
    Anchored { id: usize, written: bool },
}

struct Events<'a> {
    options: &'a EmitOptions,
    anchors: HashMap<usize, Seen>,
    ids: usize,
    list: Vec<Event>,
}

enum Shape {
    Scalar,
    Seq(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

fn shape(value: &Value) -> Shape {
    match value {
        Value::List(l) => Shape::Seq(l.to_vec()),
        Value::Tuple(t) => Shape::Seq(t.to_vec()),
        Value::Map(m) => Shape::Map(m.entries()),
        Value::Object(o) => match o.keys() {
            Some(keys) => Shape::Map(
                keys.into_iter()
                    .map(|k| {
                        let v = o.get(&k).unwrap_or(Value::None);
                        (k, v)
                    })
                    .collect(),
            ),
            None => Shape::Scalar,
        },
        _ => Shape::Scalar,
    }
}

fn identity(value: &Value) -> Option<usize> {
    match value {
        Value::List(l) => Some(l.identity()),
        Value::Map(m) => Some(m.identity()),
        _ => None,
    }
}

/// Ansible hands out the variables' containers anew at each access, so what is inside them is never the same object.
fn frozen(value: &Value) -> bool {
    match value {
        Value::List(l) => l.is_frozen(),
        Value::Map(m) => m.is_frozen(),
        _ => false,
    }
}

impl Events<'_> {
    fn find_anchors(&mut self, value: &Value, in_frozen: bool, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let shape = self.sorted(value);
        if let (false, Some(id)) = (in_frozen, identity(value)) {
            match self.anchors.get(&id) {
                None => {
                    self.anchors.insert(id, Seen::Once);
                }
                Some(Seen::Once) => {
                    self.ids += 1;
                    self.anchors.insert(
                        id,
                        Seen::Anchored {
                            id: self.ids,
                            written: false,
                        },
                    );
                    return;
                }
                Some(Seen::Anchored { .. }) => return,
            }
        }
        let inside = in_frozen || frozen(value);
        match shape {
            Shape::Scalar => {}
            Shape::Seq(items) => items.iter().for_each(|v| self.find_anchors(v, inside, depth + 1)),
            Shape::Map(entries) => entries.iter().for_each(|(k, v)| {
                self.find_anchors(k, inside, depth + 1);
                self.find_anchors(v, inside, depth + 1);
            }),
        }
    }

    fn sorted(&self, value: &Value) -> Shape {
        match shape(value) {
            Shape::Map(entries) if self.options.sort_keys => Shape::Map(sort(entries)),
            other => other,
        }
    }

    fn value(&mut self, value: &Value, in_frozen: bool, depth: usize) {
        if depth > MAX_DEPTH {
            self.scalar(&Tag::Null, "null", None);
            return;
        }
        let mut anchor = None;
        if let (false, Some(id)) = (in_frozen, identity(value))
            && let Some(Seen::Anchored { id, written }) = self.anchors.get_mut(&id)
        {
            let name = format!("id{id:03}");
            if std::mem::replace(written, true) {
                self.list.push(Event::alias(&name));
                return;
            }
            anchor = Some(name);
        }
        let inside = in_frozen || frozen(value);
        match self.sorted(value) {
            Shape::Scalar => self.plain(value),
            Shape::Seq(items) => {
                let flow = self.flow(items.iter());
                let style = if flow {
                    SequenceStyle::Flow
                } else {
                    SequenceStyle::Block
                };
                self.list.push(Event::sequence_start(
                    anchor.as_deref(),
                    Some("tag:yaml.org,2002:seq"),
                    true,
                    style,
                ));
                for item in &items {
                    self.value(item, inside, depth + 1);
                }
                self.list.push(Event::sequence_end());
            }
            Shape::Map(entries) => {
                let flow = self.flow(entries.iter().flat_map(|(k, v)| [k, v]));
                let style = if flow {
                    MappingStyle::Flow
                } else {
                    MappingStyle::Block
                };
                self.list.push(Event::mapping_start(
                    anchor.as_deref(),
                    Some("tag:yaml.org,2002:map"),
                    true,
                    style,
                ));
                for (key, item) in &entries {
                    self.value(key, inside, depth + 1);
                    self.value(item, inside, depth + 1);
                }
                self.list.push(Event::mapping_end());
            }
        }
    }

    fn flow<'v>(&self, mut children: impl Iterator<Item = &'v Value>) -> bool {
        self.options.default_flow_style.unwrap_or_else(|| {
            children.all(|v| {
                self.options.default_style.is_none()
                    && !matches!(v, Value::Bytes(_) | Value::Vault(_))
                    && matches!(shape(v), Shape::Scalar)
            })
        })
    }

    fn plain(&mut self, value: &Value) {
        match value {
            Value::None | Value::Undefined(_) | Value::Omit => self.scalar(&Tag::Null, "null", None),
            Value::Bool(b) => self.scalar(&Tag::Bool, if *b { "true" } else { "false" }, None),
            Value::Int(n) => self.scalar(&Tag::Int, &n.to_string(), None),
            Value::Big(n) => self.scalar(&Tag::Int, &n.to_string(), None),
            Value::Float(f) => self.scalar(&Tag::Float, &float_text(*f), None),
            Value::Bytes(b) => self.scalar(&Tag::Binary, &base64_lines(b), Some(ScalarStyle::Literal)),
            Value::Vault(v) => self.scalar(&Tag::Vault, &v.ciphertext, Some(ScalarStyle::Literal)),
            Value::Object(o) if o.as_any().is::<YamlDate>() => {
                self.scalar(&Tag::Timestamp, &o.to_text(), None);
            }
            other => self.scalar(&Tag::Str, &other.to_text(), None),
        }
    }

    fn scalar(&mut self, tag: &Tag, text: &str, style: Option<ScalarStyle>) {
        let style = style.unwrap_or(match self.options.default_style {
            _ if self.options.allow_unicode && text.contains(is_astral) => ScalarStyle::DoubleQuoted,
            Some('\'') => ScalarStyle::SingleQuoted,
            Some('"') => ScalarStyle::DoubleQuoted,
            Some('|') => ScalarStyle::Literal,
            Some('>') => ScalarStyle::Folded,
            _ => ScalarStyle::Any,
        });
        let plain_implicit = resolve(text) == *tag;
        let quoted_implicit = *tag == Tag::Str;
        let name = match tag {
            Tag::Null => "tag:yaml.org,2002:null",
            Tag::Bool => "tag:yaml.org,2002:bool",
            Tag::Int => "tag:yaml.org,2002:int",
            Tag::Float => "tag:yaml.org,2002:float",
            Tag::Timestamp => "tag:yaml.org,2002:timestamp",
            Tag::Binary => "tag:yaml.org,2002:binary",
            Tag::Vault => "!vault",
            _ => "tag:yaml.org,2002:str",
        };
        self.list.push(Event::scalar(
            None,
            Some(name),
            text,
            plain_implicit,
            quoted_implicit,
            style,
        ));
    }
}

/// Entries in the order of their keys; as they are where keys have no order.
fn sort(mut entries: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    let text_only = entries.iter().all(|(k, _)| k.as_str().is_some());
    if text_only {
        entries.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
        return entries;
    }
    let mut failed = false;
    let mut copy = entries.clone();
    copy.sort_by(|(a, _), (b, _)| match a.py_cmp(b, "<") {
        Ok(order) => order.unwrap_or(Ordering::Equal),
        Err(_) => {
            failed = true;
            Ordering::Equal
        }
    });
    if failed { entries } else { copy }
}

fn float_text(f: f64) -> String {
    if f.is_nan() {
        return ".nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    let text = float_repr(f);
    if text.contains('.') {
        text
    } else {
        text.replacen('e', ".0e", 1)
    }
}

fn base64_lines(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 8);
    for line in bytes.chunks(57) {
        for group in line.chunks(3) {
            let n = group.iter().fold(0_u32, |n, b| (n << 8) | u32::from(*b)) << (8 * (3 - group.len()));
            for i in 0..4 {
                let symbol = ALPHABET
                    .get((n >> (18 - 6 * i)) as usize & 63)
                    .copied()
                    .unwrap_or(b'=');
                out.push(if i <= group.len() { char::from(symbol) } else { '=' });
            }
        }
        out.push('\n');
    }
    out
}
