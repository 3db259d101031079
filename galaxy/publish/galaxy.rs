//! To a server of Galaxy.

use super::{Publication, Published};
use crate::{Failure, Kind, Result, Sources};

pub(super) fn publish(made: &Publication, server: &str, sources: &Sources) -> Result<Published> {
    if made.package.kind() == Kind::Role {
        return Err(
            Failure::invalid("a Galaxy server takes no roles: it imports them from GitHub")
                .help("publish it to oci://HOST/NAMESPACE or to static:FOLDER, or as part of a collection"),
        );
    }
    let new = sources.upload(server, &made.package, &made.version, &made.archive)?;
    Ok(Published {
        address: format!("{server} {}:{}", made.package, made.version),
        digest: made.archive,
        was_there: !new,
        signer: None,
        settling: None,
    })
}
