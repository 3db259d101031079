//! kdo-derive
