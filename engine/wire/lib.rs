//! The protocol between controller and agent: framed, versioned, without any I/O of its own.
//!
//! A frame is `length (u32, little endian) | kind (u8) | step (u64, little endian) | payload`. Structured payloads
//! are one value in the codec of `kdo-value`; bulk data is raw.

mod frame;
mod hello;
mod invoke;

pub use frame::{Decoder, Frame, FrameError, Kind, MAX_FRAME};
pub use hello::{Greeting, MAGIC, VERSION};
pub use invoke::Invoke;
