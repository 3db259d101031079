//! What zypper says with `--xmlout`.

/// A package in the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Solvable {
    pub(super) name: String,
    pub(super) edition: String,
    pub(super) old_edition: String,
    /// The element it stands in: `to-install`, `to-upgrade`, `to-remove`, …
    pub(super) group: String,
}

/// What counts of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Packages, each name once; the last counts.
    pub(super) solvables: Vec<Solvable>,
    pub(super) messages: Vec<String>,
}

fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    text
}

fn attribute(tag: &str, name: &str) -> String {
    let from = tag
        .split_once(&format!(" {name}=\""))
        .map_or("", |(_, rest)| rest);
    unescaped(from.split('"').next().unwrap_or_default())
}

impl Answer {
    /// Reads an answer; `None` if it is no XML document that has been written to its end.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut answer = Self::default();
        let mut open: Vec<&str> = Vec::new();
        let mut rest = text.split_once('<')?.1;
        loop {
            let (tag, after) = rest.split_once('>')?;
            let name = tag.split([' ', '/', '\n']).next().unwrap_or_default();
            let (words, next) = match after.split_once('<') {
                Some((words, next)) => (words, Some(next)),
                None => (after, None),
            };
            if let Some(closed) = tag.strip_prefix('/') {
                if open.pop()? != closed.trim() {
                    return None;
                }
            } else if !tag.starts_with(['?', '!']) {
                match name {
                    "solvable" => {
                        let solvable = Solvable {
                            name: attribute(tag, "name"),
                            edition: attribute(tag, "edition"),
                            old_edition: attribute(tag, "edition-old"),
                            group: open.last().copied().unwrap_or_default().to_owned(),
                        };
                        answer.solvables.retain(|s| s.name != solvable.name);
                        answer.solvables.push(solvable);
                    }
                    "message" => answer.messages.push(unescaped(words)),
                    _ => {}
                }
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
            match next {
                Some(next) => rest = next,
                None => return open.is_empty().then_some(answer),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn packages_and_messages_are_found() {
        let text = "<?xml version='1.0'?>\n<stream>\n<message type=\"info\">Loading &amp; reading</message>\n\
                    <install-summary packages-to-change=\"2\">\n<to-upgrade>\n<solvable type=\"package\" name=\"foo\" edition=\"2-1\" edition-old=\"1-1\"/>\n</to-upgrade>\n\
                    <to-install><solvable type=\"package\" name=\"bar\" edition=\"1-1\"/></to-install>\n</install-summary>\n</stream>\n";
        let answer = Answer::read(text).unwrap();
        assert_eq!(answer.messages, ["Loading & reading"]);
        let found: Vec<_> = answer
            .solvables
            .iter()
            .map(|s| {
                (
                    s.name.as_str(),
                    s.edition.as_str(),
                    s.old_edition.as_str(),
                    s.group.as_str(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("foo", "2-1", "1-1", "to-upgrade"),
                ("bar", "1-1", "", "to-install")
            ]
        );
    }

    #[test]
    fn what_is_no_document_is_told() {
        for text in ["", "zypper: error", "<stream><message>cut", "<a></b>"] {
            assert_eq!(Answer::read(text), None, "{text}");
        }
    }
}
