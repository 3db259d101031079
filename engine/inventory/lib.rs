//! kdo-inventory
