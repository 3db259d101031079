//! How a host's task ended, and the totals.

/// How a host's task (or one item of its loop) ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Done, nothing changed.
    Ok,
    /// Done, something changed.
    Changed,
    /// Failed.
    Failed,
    /// Left out because of its condition (or check mode).
    Skipped,
    /// The host could not be reached.
    Unreachable,
}

/// A host's totals, as the recap shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Tasks that ended well, changed ones included.
    pub ok: u64,
    /// Tasks that changed something.
    pub changed: u64,
    /// Times the host could not be reached.
    pub unreachable: u64,
    /// Tasks that failed for good.
    pub failed: u64,
    /// Tasks left out.
    pub skipped: u64,
    /// Failed tasks that a `rescue` took over.
    pub rescued: u64,
    /// Failed tasks whose failure was ignored.
    pub ignored: u64,
}
