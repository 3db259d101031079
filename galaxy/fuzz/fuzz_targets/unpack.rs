//! Bytes as an archive.
#![no_main]

mod harmless;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|archive: &[u8]| harmless::check(archive));
