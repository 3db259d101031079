//! What a running module may ask of the controller.

use std::io::{self, Write};

/// Which of a program's streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The way back to the controller while a module runs.
pub trait Link {
    /// Fetches the content of a file that the controller offers under `name` with this step.
    fn fetch(&mut self, name: &str, into: &mut dyn Write) -> io::Result<u64>;

    /// Asks for files ahead of fetching them in this order, so that they are on their way meanwhile.
    fn ask(&mut self, names: &[String]) -> io::Result<()>;

    /// Sends content of the host's file to the controller (fetch); may be called repeatedly.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Shows output of a running program.
    fn output(&mut self, stream: Stream, bytes: &[u8]);

    /// Whether the controller has asked to stop this step.
    fn cancelled(&self) -> bool;
}

/// A link to nobody, for tests and detached jobs.
pub struct NoLink;

impl Link for NoLink {
    fn fetch(&mut self, name: &str, _into: &mut dyn Write) -> io::Result<u64> {
        Err(io::Error::other(format!("no controller to fetch {name} from")))
    }
    fn ask(&mut self, _names: &[String]) -> io::Result<()> {
        Ok(())
    }
    fn send(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn output(&mut self, _stream: Stream, _bytes: &[u8]) {}
    fn cancelled(&self) -> bool {
        false
    }
}
