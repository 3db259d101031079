//! The limit of open files.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one: each connection takes several files.
pub(crate) fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where this is refused the run works with what there is.
    let _ = setrlimit(Resource::Nofile, limit);
}
