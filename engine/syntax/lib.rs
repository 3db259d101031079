//! kdo-syntax
