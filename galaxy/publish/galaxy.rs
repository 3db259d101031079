//! To a server of Galaxy.

use super::{Publication, Published};
use crate::{Result, Sources, http::shown};

pub(super) fn publish(made: &Publication, server: &str, sources: &Sources) -> Result<Published> {
    let new = sources.upload(server, &made.package, &made.version, &made.archive)?;
    Ok(Published {
        address: format!("{} {}:{}", shown(server), made.package, made.version),
        digest: made.archive,
        was_there: !new,
        signer: None,
        settling: None,
    })
}
