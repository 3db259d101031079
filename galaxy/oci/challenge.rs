//! What a registry asks for when it answers 401.

/// How it wants to know who we are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    Basic,
    /// A token of that server, for that scope.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
}

impl Challenge {
    /// The first of a header's challenges that is understood.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let fields = fields(rest);
        let field = |name: &str| {
            let found = fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            found.map(|(_, v)| v.clone()).filter(|v| !v.is_empty())
        };
        Some(Self::Bearer {
            realm: field("realm")?,
            service: field("service"),
            scope: field("scope"),
        })
    }
}

/// `name="value", name=value`; quoted values may hold commas.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        found.push((name.trim().to_owned(), value.trim().to_owned()));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Challenge;

    #[test]
    fn challenges_of_registries() {
        let asked = r#"Bearer realm="https://a.test/token",service="reg",scope="repository:x/y:pull,push""#;
        let wanted = Challenge::Bearer {
            realm: "https://a.test/token".to_owned(),
            service: Some("reg".to_owned()),
            scope: Some("repository:x/y:pull,push".to_owned()),
        };
        assert_eq!(Challenge::parse(asked), Some(wanted));
        assert_eq!(
            Challenge::parse("basic realm=\"Registry\""),
            Some(Challenge::Basic)
        );
        assert_eq!(Challenge::parse("Negotiate"), None);
        assert_eq!(Challenge::parse("Bearer service=x"), None);
    }
}
