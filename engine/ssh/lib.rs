//! kdo-ssh
