//! kdo-transport
