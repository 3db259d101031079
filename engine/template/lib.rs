//! kdo-template
