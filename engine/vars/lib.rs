//! kdo-vars
