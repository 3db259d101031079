//! What is known about one setting.

/// Type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `yes`, `true`, `on`, `1`, `y`, `t` in any case; everything else is false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// Text; quotes around a file's value are dropped.
    Str,
    /// Texts separated by commas.
    List,
    /// One path, made absolute.
    Path,
    /// Paths separated by commas.
    PathList,
    /// Paths separated by colons.
    PathSpec,
}

/// What setting it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// kdo follows it.
    Used,
    /// It has no meaning here and nobody will miss it.
    Harmless,
    /// kdo cannot follow it; a warning says so.
    Unsupported,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name by which the code asks for it.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Default as it would be written; `None`: not set.
    pub default: Option<&'static str>,
    /// `section.key` in the file; the last one that is set wins.
    pub keys: &'static [&'static str],
    /// Environment variables; the last one that is set wins, and over the file.
    pub env: &'static [&'static str],
    /// What it does.
    pub effect: Effect,
    /// Allowed texts; none: all.
    pub choices: &'static [&'static str],
}
