//! Modules that run programs.

pub mod command;
pub mod custom;
pub mod expect;
pub mod make;
pub mod python;
pub mod script;
pub mod words;
