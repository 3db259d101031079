//! Modules: packages.
