//! kdo-run
