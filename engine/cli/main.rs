//! The `kdo` command.
fn main() {}
