//! kdo-plan
