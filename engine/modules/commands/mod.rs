//! Modules that run programs.

pub mod command;
pub mod script;
pub mod words;
