//! Modules that run programs.

pub mod command;
pub mod words;
