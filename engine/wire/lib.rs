//! kdo-wire
