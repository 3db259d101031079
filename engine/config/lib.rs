//! kdo-config
