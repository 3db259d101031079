//! kdo-report
