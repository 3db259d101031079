//! Tests of the crate as a whole: real archives, repositories and servers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::print_stdout,
    missing_docs
)]

mod archives;
mod bench;
mod git_servers;
mod hostile;
mod interop;
mod mirror;
mod oauth;
mod random_catalogues;
mod requirements;
mod resolving;
mod role_imports;
mod servers;
mod signatures;
mod sources;
