use std::io::{self, Write};

use crate::LabError;
use crate::error::During;

/// Tells the user something on standard error; a closed standard error is no reason to stop.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints the result of a command; a reader that went away is no error.
pub(crate) fn print(text: &str) -> Result<(), LabError> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.during(|| "standard output"),
    }
}
