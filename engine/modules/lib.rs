//! kdo-modules
