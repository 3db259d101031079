//! What a module is.

use crate::{
    Host,
    params::{Kind, Param, ParamError, Params, Spec},
};
use kdo_value::{Map, Value};

/// How far a module supports a mode of running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Wholly.
    Full,
    /// In part; the module's text says where.
    Partial,
    /// Not at all: in check mode the step is skipped.
    None,
}

/// A key of the module's result.
pub struct Return {
    /// Its name.
    pub name: &'static str,
    /// When it is there and what it says.
    pub doc: &'static str,
}

/// What modules that leave a file tell of it; `Host::finish` adds these keys.
impl Return {
    /// `gid`
    pub const GID: Self = Self::new("gid", "Number of its group.");
    /// `group`
    pub const GROUP: Self = Self::new("group", "Its group.");
    /// `mode`
    pub const MODE: Self = Self::new("mode", "Its permissions.");
    /// `owner`
    pub const OWNER: Self = Self::new("owner", "Its owner.");
    /// `size`
    pub const SIZE: Self = Self::new("size", "Its size in bytes.");
    /// `uid`
    pub const UID: Self = Self::new("uid", "Number of its owner.");

    const fn new(name: &'static str, doc: &'static str) -> Self {
        Self { name, doc }
    }
}

/// Arguments that show the module's use; on a scratch directory (written `{dir}`) they are run as a test: the first
/// time as `changed` says, the second time unchanged unless `repeats`.
pub struct Example {
    /// What the example does.
    pub title: &'static str,
    /// The module's arguments as JSON.
    pub args: &'static str,
    /// Files that are there before, below the scratch directory.
    pub given: &'static [(&'static str, &'static str)],
    /// Files that must be there after.
    pub then: &'static [(&'static str, &'static str)],
    /// Whether the first run changes something.
    pub changed: bool,
    /// Whether it can be tried on any machine without root, programs or network; else it only documents.
    pub runs: bool,
}

/// What is said about a module beside its parameters.
pub struct Meta {
    /// Full name, `ansible.builtin.stat`.
    pub name: &'static str,
    /// Other full or short names that mean this module.
    pub aliases: &'static [&'static str],
    /// Check mode.
    pub check: Support,
    /// Diff mode.
    pub diff: Support,
    /// Keys of the result beside the usual ones (`changed`, `failed`, `msg`, `diff`).
    pub returns: &'static [Return],
    /// Examples, tested where they can run.
    pub examples: &'static [Example],
}

/// What a module gives back: the keys of its result. `changed` comes from the host unless set here.
#[derive(Default)]
pub struct Outcome {
    /// The result's keys in order.
    pub values: Map,
}

impl Outcome {
    /// An empty result.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<Value>) -> Self {
        self.values.insert(key, value);
        self
    }

    /// Says itself whether something changed (for results that the host cannot know, such as a program's).
    #[must_use]
    pub fn changed(self, changed: bool) -> Self {
        self.with("changed", changed)
    }
}

impl From<Map> for Outcome {
    fn from(values: Map) -> Self {
        Self { values }
    }
}

/// A module's failure: the message and further keys of the result.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    /// Further keys (`rc`, `stdout`, …).
    pub values: Map,
}

impl Failure {
    /// A failure with a message only.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            values: Map::new(),
        }
    }

    /// Adds a key to the result.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<Value>) -> Self {
        self.values.insert(key, value);
        self
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}
impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Self::new(message)
    }
}
impl From<ParamError> for Failure {
    fn from(error: ParamError) -> Self {
        Self::new(error.message)
    }
}

/// A module: parameters (the implementing struct), description and action.
pub trait Module: Params {
    /// Name, support of modes, returns, examples.
    const META: Meta;

    /// Brings the host into the wanted state. All changes go through `host`, which does nothing in check mode.
    fn run(self, host: &mut Host<'_>) -> Result<Outcome, Failure>;
}

/// A module in the registry, its type erased.
pub struct Entry {
    /// Description.
    pub meta: &'static Meta,
    /// Argument specification.
    pub spec: &'static Spec,
    /// Parses normalised arguments and runs.
    pub run: fn(&Map, &mut Host<'_>) -> Result<Outcome, Failure>,
}

/// The registry's entry of a module.
#[cfg(feature = "docs")]
pub const fn entry<M: Module>() -> Entry {
    Entry {
        meta: &M::META,
        spec: &M::SPEC,
        run: run::<M>,
    }
}

/// The registry's entry of a module, without what only documents it.
#[cfg(not(feature = "docs"))]
pub const fn entry<M: Module>() -> Entry {
    let meta = const {
        &Meta {
            name: M::META.name,
            aliases: M::META.aliases,
            check: M::META.check,
            diff: M::META.diff,
            returns: &[],
            examples: &[],
        }
    };
    Entry {
        meta,
        spec: &M::SPEC,
        run: run::<M>,
    }
}

fn run<M: Module>(args: &Map, host: &mut Host<'_>) -> Result<Outcome, Failure> {
    let args = &with_environment(&M::SPEC, args, host);
    warn_of_two_names(&M::SPEC, args, host);
    let args = M::SPEC.normalise(args, short(M::META.name)).map_err(|errors| {
        let messages: Vec<_> = errors.into_iter().map(|e| e.message).collect();
        Failure::new(messages.join("; "))
    })?;
    for param in M::SPEC.all() {
        expand_paths(param, &args);
    }
    if host.check() && M::META.check == Support::None {
        let message = format!("remote module ({}) does not support check mode", M::META.name);
        return Ok(Outcome::new()
            .with("skipped", true)
            .with("msg", message)
            .changed(false));
    }
    if M::META.diff == Support::None {
        host.forget_diff();
    }
    M::from_args(&args)?.run(host)
}

/// A parameter that is given by two of its names is most likely a mistake.
fn warn_of_two_names(spec: &Spec, args: &Map, host: &mut Host<'_>) {
    for param in spec.all() {
        let alias = param.aliases.iter().find(|a| args.contains(a));
        if let Some(alias) = alias.filter(|_| args.contains(param.name)) {
            host.warn(format!(
                "Both option {} and its alias {alias} are set.",
                param.name
            ));
        }
    }
}

/// The arguments, with what the environment says where they are silent: `unsafe_writes`.
fn with_environment(spec: &Spec, args: &Map, host: &Host<'_>) -> Map {
    const NAME: &str = "unsafe_writes";
    let args = args.copied();
    if !args.contains(NAME)
        && spec.find(NAME).is_some()
        && let Some(value) = host.variable("ANSIBLE_UNSAFE_WRITES")
    {
        args.insert(NAME, value);
    }
    args
}

/// Paths, alone and in lists, with `~` and variables of the host.
fn expand_paths(param: &Param, args: &Map) {
    let expanded = |value: &Value| value.as_str().map(|text| Value::str(crate::host::expand(text)));
    match args.get(param.name) {
        Some(value) if param.kind == Kind::Path => {
            if let Some(path) = expanded(&value) {
                args.insert(param.name, path);
            }
        }
        Some(Value::List(list)) if param.elements == Some(Kind::Path) => {
            let items = list.to_vec();
            args.insert(
                param.name,
                Value::list(items.iter().map(|i| expanded(i).unwrap_or_else(|| i.clone()))),
            );
        }
        _ => {}
    }
}

/// The last part of a full name.
pub fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
