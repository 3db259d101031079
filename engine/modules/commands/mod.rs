//! Modules that run programs.

pub mod command;
pub mod custom;
pub mod expect;
pub mod make;
pub mod script;
pub mod words;
