//! `kdo lab`

use crate::stop::{Result, Stop};

/// Runs a lab command. No thread may have been started before: it enters namespaces.
pub(crate) fn lab(args: kdo_lab::LabArgs) -> Result<u8> {
    kdo_lab::main(args).map_err(|e| Stop::new(e.to_string()))
}
