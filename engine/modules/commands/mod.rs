//! Modules that run programs.

pub mod command;
pub mod make;
pub mod script;
pub mod words;
