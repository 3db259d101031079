//! Argument specifications: what a module's parameters are called, of what type, and how they depend on each other.

mod convert;
mod from_param;
mod normalise;

pub use convert::{convert, parse_bool};
pub use from_param::{AnyDict, FromParam, Raw, Sub};

use kdo_value::{Map, Value};

/// The type of a parameter, by Ansible's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; numbers and truth values are written as Python writes them.
    Str,
    /// Integer.
    Int,
    /// Number.
    Float,
    /// Truth value: yes/no, on/off, true/false, 1/0.
    Bool,
    /// Text with `~` and `$VAR` expanded on the host.
    Path,
    /// List; text is split at commas.
    List,
    /// Dict; text may be JSON or `k=v, k=v`.
    Dict,
    /// Anything.
    Raw,
    /// Text that holds JSON; lists and dicts are written as JSON.
    Jsonarg,
    /// Size in bytes, `10M`.
    Bytes,
    /// Size in bits, `10Mb`.
    Bits,
}

impl Kind {
    /// Ansible's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Str => "str",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Path => "path",
            Self::List => "list",
            Self::Dict => "dict",
            Self::Raw => "raw",
            Self::Jsonarg => "jsonarg",
            Self::Bytes => "bytes",
            Self::Bits => "bits",
        }
    }
}

/// A default.
#[derive(Clone, Copy, Debug)]
pub enum Fixed {
    /// No default.
    None,
    /// Truth value.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Number.
    Float(f64),
    /// Text.
    Str(&'static str),
    /// List of texts.
    List(&'static [&'static str]),
    /// An empty dict.
    Dict,
}

impl Fixed {
    /// As a value; `None` for no default.
    pub fn value(self) -> Value {
        match self {
            Self::None => Value::None,
            Self::Bool(b) => b.into(),
            Self::Int(n) => n.into(),
            Self::Float(f) => f.into(),
            Self::Str(s) => s.into(),
            Self::List(items) => Value::list(items.iter().map(|s| Value::str(*s))),
            Self::Dict => Map::new().into(),
        }
    }
}

/// One parameter.
#[derive(Debug)]
pub struct Param {
    /// Name.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Type.
    pub kind: Kind,
    /// Type of the items, for lists.
    pub elements: Option<Kind>,
    /// Whether it must be given.
    pub required: bool,
    /// Its value when it is not given.
    pub default: Fixed,
    /// The only values it may have.
    pub choices: &'static [&'static str],
    /// Whether its value must never be shown.
    pub no_log: bool,
    /// Internal (set by the controller's half): neither documented nor offered.
    pub hidden: bool,
    /// Parameters of the dict, or of the list's dicts.
    pub options: Option<&'static Spec>,
    /// What it does.
    pub doc: &'static str,
}

impl Param {
    /// A parameter of which only this is special.
    pub const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            kind,
            elements: None,
            required: false,
            default: Fixed::None,
            choices: &[],
            no_log: false,
            hidden: false,
            options: None,
            doc,
        }
    }

    /// A list of texts.
    pub const fn texts(name: &'static str, doc: &'static str) -> Self {
        let mut param = Self::new(name, Kind::List, doc);
        param.elements = Some(Kind::Str);
        param
    }

    /// It must be given.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its value when it is not given.
    #[must_use]
    pub const fn default(mut self, default: Fixed) -> Self {
        self.default = default;
        self
    }

    /// Other names for it.
    #[must_use]
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The only values it may have.
    #[must_use]
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }
}

/// All parameters of a module and the rules between them.
#[derive(Debug)]
pub struct Spec {
    /// What the module does; first line short.
    pub doc: &'static str,
    /// Its own parameters.
    pub params: &'static [Param],
    /// Shared groups of parameters (file attributes and the like).
    pub includes: &'static [&'static Spec],
    /// At most one of each group.
    pub exclusive: &'static [&'static [&'static str]],
    /// All or none of each group.
    pub together: &'static [&'static [&'static str]],
    /// At least one of each group.
    pub one_of: &'static [&'static [&'static str]],
    /// If the parameter has the value (Python's text), the others are needed: all, or any.
    pub required_if: &'static [(&'static str, &'static str, &'static [&'static str], bool)],
    /// If the first is given, the others are needed.
    pub required_by: &'static [(&'static str, &'static [&'static str])],
}

impl Spec {
    /// Parameters without rules between them.
    pub const fn new(doc: &'static str, params: &'static [Param]) -> Self {
        Self {
            doc,
            params,
            includes: &[],
            exclusive: &[],
            together: &[],
            one_of: &[],
            required_if: &[],
            required_by: &[],
        }
    }

    /// All parameters, those of the included groups too.
    pub fn all(&self) -> Vec<&Param> {
        let mut out: Vec<_> = self.params.iter().collect();
        for group in self.includes {
            out.extend(group.all());
        }
        out
    }

    /// The parameter of that name or alias.
    pub fn find(&self, name: &str) -> Option<&Param> {
        self.all()
            .into_iter()
            .find(|p| p.name == name || p.aliases.contains(&name))
    }
}

/// A wrong argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParamError {
    /// The argument as the user wrote it, if it is about one.
    pub param: Option<String>,
    /// What is wrong, in Ansible's words.
    pub message: String,
}

/// A struct of parameters.
pub trait Params: Sized {
    /// Its specification.
    const SPEC: Spec;

    /// Reads the struct from normalised arguments.
    fn from_args(args: &Map) -> Result<Self, ParamError>;
}

impl ParamError {
    /// The first error that was noted while the parameters were read.
    pub fn or_unknown(noted: Option<Self>) -> Self {
        noted.unwrap_or_else(|| Self {
            param: None,
            message: "the arguments could not be read".into(),
        })
    }
}

/// Reads one parameter from normalised arguments, or notes why it cannot be; used by the derived code.
pub fn read<T: FromParam>(args: &Map, name: &str, error: &mut Option<ParamError>) -> Option<T> {
    let value = args.get(name).unwrap_or(Value::None);
    let read = T::from_param(&value);
    if read.is_none() {
        note(name, &value, error);
    }
    read
}

fn note(name: &str, value: &Value, error: &mut Option<ParamError>) {
    error.get_or_insert_with(|| ParamError {
        param: Some(name.to_owned()),
        message: if value.is_none() {
            format!("missing required arguments: {name}")
        } else {
            format!("argument '{name}' cannot be {}", value.type_name())
        },
    });
}

/// Reads a shared group of parameters, or notes why it cannot be; used by the derived code.
pub fn group<T: Params>(args: &Map, error: &mut Option<ParamError>) -> Option<T> {
    match T::from_args(args) {
        Ok(group) => Some(group),
        Err(e) => {
            error.get_or_insert(e);
            None
        }
    }
}
