//! What `iscsiadm` prints.

/// Names of the targets in `--mode node`: lines `ADDRESS:PORT,GROUP TARGET`, of that address if one is given; `None`
/// for a line of another form.
pub(super) fn nodes(printed: &str, address: Option<&str>) -> Option<Vec<String>> {
    let mut out = Vec::new();
    for line in printed.lines().filter(|l| !l.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [place, target] = words[..] else {
            return None;
        };
        if address.is_none_or(|a| at(place, a)) {
            out.push(target.to_owned());
        }
    }
    Some(out)
}

/// Whether `ADDRESS:PORT,GROUP` (IPv6 in brackets) is of that address.
fn at(place: &str, address: &str) -> bool {
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']') == address
}

/// Whether `--mode session` has the target, by that portal if one is given: lines
/// `tcp: [1] ADDRESS:PORT,GROUP TARGET (KIND)`.
pub(super) fn has_session(printed: &str, target: &str, portal: Option<(&str, &str)>) -> bool {
    printed.lines().any(|line| {
        let mut words = line.split_whitespace();
        let place = words.find(|w| w.contains(',')).unwrap_or_default();
        let port = place.rsplit_once(':').and_then(|(_, p)| p.split(',').next());
        let fits = portal.is_none_or(|(address, wanted)| at(place, address) && port == Some(wanted));
        fits && words.next() == Some(target)
    })
}

/// Whether a node's record says that its login is done at boot.
pub(super) fn starts_by_itself(record: &str) -> bool {
    let line = record.lines().find(|l| l.contains("node.startup"));
    line.is_some_and(|l| l.contains("automatic"))
}

#[cfg(test)]
mod tests {
    use super::{has_session, nodes, starts_by_itself};

    const NODES: &str = "10.0.0.1:3260,1 iqn.2024-01.com.example:a\n10.0.0.2:3260,1 iqn.2024-01.com.example:b\n[fd00::1]:3260,-1 iqn.2024-01.com.example:c\n";
    const SESSIONS: &str = "tcp: [1] 10.0.0.1:3260,1 iqn.2024-01.com.example:a (non-flash)\ntcp: [2] [fd00::1]:3260,1 iqn.2024-01.com.example:c\n";

    #[test]
    fn targets_are_listed_by_their_portal() {
        let short = |list: Option<Vec<String>>| {
            list.map(|l| l.iter().filter_map(|n| n.chars().last()).collect::<String>())
        };
        assert_eq!(short(nodes(NODES, None)).as_deref(), Some("abc"));
        assert_eq!(short(nodes(NODES, Some("10.0.0.2"))).as_deref(), Some("b"));
        assert_eq!(short(nodes(NODES, Some("fd00::1"))).as_deref(), Some("c"));
        assert_eq!(nodes("", None), Some(vec![]));
        assert_eq!(nodes("one two three\n", None), None);
    }

    #[test]
    fn sessions_are_those_of_the_whole_name() {
        let a = "iqn.2024-01.com.example:a";
        assert!(has_session(SESSIONS, a, None));
        assert!(has_session(SESSIONS, a, Some(("10.0.0.1", "3260"))));
        assert!(!has_session(SESSIONS, a, Some(("10.0.0.1", "3261"))));
        assert!(!has_session(SESSIONS, "iqn.2024-01.com.example", None));
        assert!(has_session(
            SESSIONS,
            "iqn.2024-01.com.example:c",
            Some(("fd00::1", "3260"))
        ));
        assert!(!has_session("", a, None));
    }

    #[test]
    fn the_record_of_a_node_tells_whether_it_starts_at_boot() {
        assert!(starts_by_itself(
            "# BEGIN RECORD 2.1.8\nnode.name = x\nnode.startup = automatic\n"
        ));
        assert!(!starts_by_itself("node.startup = manual\n"));
        assert!(!starts_by_itself(""));
    }
}
