//! kdo-value
