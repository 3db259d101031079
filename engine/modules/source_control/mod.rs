//! Modules: source_control.
