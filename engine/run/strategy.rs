//! The strategies: how the hosts of a play wait for each other.

/// How hosts walk the plan. Names with or without `ansible.builtin.`; those of mitogen mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// All hosts do a task before any goes on to the next.
    Linear {
        /// Failures open the task debugger.
        debug: bool,
    },
    /// Each host goes on by itself; tasks of all hosts take turns.
    Free,
    /// At most `forks` hosts at a time, each from start to end.
    HostPinned,
}

impl Strategy {
    /// The strategy of a name in a play or in the configuration.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.rsplit('.').next().unwrap_or(name) {
            "linear" | "mitogen_linear" | "mitogen" => Some(Self::Linear { debug: false }),
            "debug" => Some(Self::Linear { debug: true }),
            "free" | "mitogen_free" => Some(Self::Free),
            "host_pinned" | "mitogen_host_pinned" => Some(Self::HostPinned),
            _ => None,
        }
    }

    pub(crate) fn is_linear(self) -> bool {
        matches!(self, Self::Linear { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::Strategy;

    #[test]
    fn names_with_and_without_namespace_are_known_and_others_are_not() {
        assert_eq!(Strategy::named("ansible.builtin.free"), Some(Strategy::Free));
        assert_eq!(Strategy::named("host_pinned"), Some(Strategy::HostPinned));
        assert_eq!(Strategy::named("debug"), Some(Strategy::Linear { debug: true }));
        assert_eq!(Strategy::named("fre"), None);
    }
}
