//! The syntax tree that is evaluated. It owns its text, so that parsed templates can be kept and macros can
//! outlive the template that defined them.

use kdo_value::{Value, number::Operator};
use std::{collections::HashSet, rc::Rc};

/// A name in a template.
pub(crate) type Name = Rc<str>;

/// Byte range in the template's text.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A parsed template.
#[derive(Default)]
pub(crate) struct Template {
    pub(crate) source: Rc<str>,
    pub(crate) body: Vec<Stmt>,
    /// All blocks, at any depth.
    pub(crate) blocks: Vec<Rc<Block>>,
    /// Variables whose containers the template may change: they are copied into its scope at the first look-up.
    pub(crate) changed: Rc<HashSet<Name>>,
}

/// An expression.
pub(crate) struct Expr {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What an expression is.
pub(crate) enum Kind {
    Const(Value),
    /// A literal that holds a template: terms of lookups and literals of conditions are evaluated once more.
    Embedded(Value),
    Var(Name),
    Slice(Box<Expr>, [Option<Box<Expr>>; 3]),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Concat(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    If {
        test: Box<Expr>,
        yes: Box<Expr>,
        no: Option<Box<Expr>>,
    },
    Filter(Name, Option<Box<Expr>>, Vec<Arg>),
    Test(Name, Box<Expr>, Vec<Arg>),
    Attr(Box<Expr>, Name),
    Item(Box<Expr>, Box<Expr>),
    Call(Box<Expr>, Vec<Arg>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Map(Vec<(Expr, Expr)>),
}

/// A comparison operator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

/// An argument of a call.
pub(crate) enum Arg {
    Positional(Expr),
    Keyword(Name, Expr),
    Splat(Expr),
    KeywordSplat(Expr),
}

/// A statement.
pub(crate) enum Stmt {
    Text(Value),
    Emit(Expr),
    For(Rc<For>),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    With(Vec<(Target, Expr)>, Vec<Stmt>),
    Set(Target, Expr),
    Capture(Target, Option<Expr>, Vec<Stmt>),
    Filter(Expr, Vec<Stmt>),
    Scope(Vec<Stmt>),
    Block(Rc<Block>),
    Extends(Expr),
    Include {
        name: Expr,
        ignore_missing: bool,
        context: bool,
    },
    Import {
        name: Expr,
        target: Name,
        context: bool,
    },
    From {
        name: Expr,
        names: Vec<(Name, Name)>,
        context: bool,
    },
    Macro(Rc<Macro>),
    CallBlock(Expr, Rc<Macro>),
    Do(Expr),
    Break,
    Continue,
}

/// A loop.
pub(crate) struct For {
    pub(crate) target: Target,
    pub(crate) iter: Expr,
    pub(crate) filter: Option<Expr>,
    pub(crate) recursive: bool,
    pub(crate) body: Vec<Stmt>,
    pub(crate) otherwise: Vec<Stmt>,
}

/// What is assigned to.
pub(crate) enum Target {
    Name(Name),
    Attr(Expr, Name),
    Tuple(Vec<Target>),
}

/// A block of template inheritance.
pub(crate) struct Block {
    pub(crate) name: Name,
    pub(crate) required: bool,
    pub(crate) body: Vec<Stmt>,
}

/// A macro, or the body of a call block.
pub(crate) struct Macro {
    pub(crate) name: Name,
    /// Parameters with their defaults.
    pub(crate) params: Vec<(Name, Option<Expr>)>,
    pub(crate) body: Vec<Stmt>,
    /// Whether the body mentions `varargs` and `kwargs`.
    pub(crate) varargs: bool,
    pub(crate) kwargs: bool,
}
