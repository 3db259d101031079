//! kdo-event
