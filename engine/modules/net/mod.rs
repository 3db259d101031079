//! Modules: net.
