//! Modules that run programs.

pub mod command;
pub mod expect;
pub mod make;
pub mod script;
pub mod words;
