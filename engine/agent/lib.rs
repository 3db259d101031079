//! kdo-agent
