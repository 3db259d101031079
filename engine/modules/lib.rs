//! The modules: what runs on a host. Each is one file; its parameter struct is its argument specification and its
//! documentation. [`Host`] is the only door to the machine.

// Rules between parameters name the same parameter more than once.
// The rules between parameters name one parameter several times; the lint takes that for a slip.
#![allow(clippy::duplicated_attributes)]
// Tests make the files that modules find.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

/// Documentation of modules and parameters; left out of the agent, which shows none.
#[cfg(feature = "docs")]
macro_rules! documentation {
    ($text:expr) => {
        $text
    };
}
#[cfg(not(feature = "docs"))]
macro_rules! documentation {
    ($text:expr) => {
        ""
    };
}
pub(crate) use documentation;

pub mod commands;
pub mod facts;
pub mod files;
// The door itself; see clippy.toml.
#[allow(clippy::disallowed_methods)]
pub mod host;
pub mod kernel;
mod link;
mod module;
pub mod net;
pub mod packages;
pub mod params;
pub mod pyregex;
pub mod registry;
pub mod selinux;
pub mod source_control;
pub mod storage;
pub mod system;

/// The version of ansible-core that modules behave like, and that they name where they are asked.
pub const REFERENCE: &str = "2.19.14";

pub use host::Host;
pub use link::{Link, NoLink, Stream};
pub use module::{Entry, Example, Failure, Meta, Module, Outcome, Return, Support, entry, short};

/// What every module file uses.
pub mod prelude {
    pub use crate::host::{Command, FileAttrs, Host, Output, Save};
    pub use crate::module::{Example, Failure, Meta, Module, Outcome, Return, Support};
    pub use crate::params::{Kind, ParamError, Params, Spec};
    pub use kdo_derive::{Choice, Params};
    pub use kdo_value::{List, Map, Value};
}
