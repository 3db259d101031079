//! kdo-lab
