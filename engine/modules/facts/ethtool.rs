//! What network cards can do, where the program that tells it is installed.

use super::Gather;
use crate::host::Command;
use kdo_value::{Map, Value};

pub(super) fn collect(g: &mut Gather<'_, '_>, interfaces: &Map) {
    let Some(program) = g.host.find_program("ethtool") else {
        return;
    };
    for (name, facts) in interfaces.text_entries() {
        let Value::Map(facts) = facts else { continue };
        let mut ask = |option: &str| {
            let command = Command::new(&program).args([option, &name]).timeout(g.limit);
            let answer = g.host.query(command).ok().filter(|a| a.rc == 0);
            answer.map(|a| a.stdout_text())
        };
        // An alias is no device of its own.
        if !facts.contains("device") {
            continue;
        }
        if let Some(text) = ask("-k") {
            facts.insert("features", features(&text));
        }
        if let Some(text) = ask("-T") {
            timestamps(&text, &facts);
        }
    }
}

fn features(text: &str) -> Map {
    let pair = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.trim().replace('-', "_"), value.trim().to_owned()))
    };
    text.lines()
        .filter(|l| !l.ends_with(':'))
        .filter_map(pair)
        .collect()
}

fn timestamps(text: &str, facts: &Map) {
    let words = |prefix: &str| {
        let found = text.match_indices(prefix).filter_map(|(at, _)| {
            let rest = text.get(at + prefix.len()..)?;
            let word: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            (!word.is_empty()).then(|| Value::from(word.to_lowercase()))
        });
        Value::list(found)
    };
    facts.insert("timestamping", words("SOF_TIMESTAMPING_"));
    facts.insert("hw_timestamp_filters", words("HWTSTAMP_FILTER_"));
    let clock = text
        .split_once("PTP Hardware Clock: ")
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    if let Some(index) = clock.and_then(|c| c.parse::<i64>().ok()) {
        facts.insert("phc_index", index);
    }
}

#[cfg(test)]
mod tests {
    use super::{features, timestamps};
    use kdo_value::{Map, json};

    #[test]
    fn features_and_time_stamps_are_read() {
        let text = "Features for lo:\nrx-checksumming: on [fixed]\n\ttx-checksum-ipv4: off [fixed]\n";
        assert_eq!(
            json::line(&features(text).into()),
            r#"{"rx_checksumming": "on [fixed]", "tx_checksum_ipv4": "off [fixed]"}"#
        );
        let facts = Map::new();
        let text = "Capabilities:\n\ttx (SOF_TIMESTAMPING_TX_SOFTWARE)\nPTP Hardware Clock: 0\nfilters:\n\tall (HWTSTAMP_FILTER_ALL)\n";
        timestamps(text, &facts);
        assert_eq!(
            json::line(&facts.into()),
            r#"{"timestamping": ["tx_software"], "hw_timestamp_filters": ["all"], "phc_index": 0}"#
        );
    }
}
