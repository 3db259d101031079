//! Host names, users and `[user@]host[:port]` texts, checked before they reach a command line or the network.

/// Refuses what OpenSSH refuses as a host name: leading `-`, blanks, control characters and what a shell interprets.
pub(crate) fn check_host(host: &str) -> Result<(), String> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "'`\"$\\;&<>|(){},*?!#".contains(c);
    if host.is_empty() || host.starts_with('-') || host.contains(bad) {
        return Err(format!("host name {host:?} contains invalid characters"));
    }
    Ok(())
}

/// Refuses a user name that a shell or ssh itself could take for something else.
pub(crate) fn check_user(user: &str) -> Result<(), String> {
    let bad = |c: char| c.is_control() || "'`\"$;&<>|(){}".contains(c);
    let option = user.starts_with('-') || user.contains(" -");
    if user.is_empty() || option || user.contains(bad) || user.ends_with('\\') {
        return Err(format!("remote user name {user:?} contains invalid characters"));
    }
    Ok(())
}

/// One hop of `ProxyJump`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) user: Option<String>,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Hop {
    /// Reads `[user@]host[:port]`, `[user@][v6]:port` or `ssh://…`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no jump host ([user@]host[:port])");
        let rest = text.trim();
        let rest = rest
            .strip_prefix("ssh://")
            .map_or(rest, |uri| uri.trim_end_matches('/'));
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, rest),
        };
        let (host, port) = if let Some(rest) = rest.strip_prefix('[') {
            let (host, tail) = rest.split_once(']').ok_or_else(wrong)?;
            (host, tail.strip_prefix(':'))
        } else {
            match rest.split_once(':') {
                // More than one colon: a bare IPv6 address.
                Some((_, tail)) if tail.contains(':') => (rest, None),
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        let port = port.map(|p| p.parse::<u16>().map_err(|_| wrong())).transpose()?;
        check_host(host).map_err(|_| wrong())?;
        if let Some(user) = &user {
            check_user(user).map_err(|_| wrong())?;
        }
        Ok(Self {
            user,
            host: host.to_owned(),
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_options_or_shell_text_are_refused() {
        for bad in [
            "-oProxyCommand=touch x",
            "a b",
            "$(id)",
            "a\nb",
            "a\0b",
            "",
            "a;b",
            "`x`",
        ] {
            assert!(check_host(bad).is_err(), "{bad:?}");
        }
        for good in ["web1.example.com", "::1", "fe80::1%eth0", "a_b", "198.18.0.1"] {
            assert!(check_host(good).is_ok(), "{good:?}");
        }
        assert!(check_user("-x").is_err());
        assert!(check_user("DOMAIN\\user").is_ok());
    }

    #[test]
    fn hops_are_read_in_all_their_forms() {
        let hop = |user: Option<&str>, host: &str, port| Hop {
            user: user.map(Into::into),
            host: host.into(),
            port,
        };
        assert_eq!(Hop::parse("a"), Ok(hop(None, "a", None)));
        assert_eq!(Hop::parse("u@a:22"), Ok(hop(Some("u"), "a", Some(22))));
        assert_eq!(Hop::parse("u@[::1]:22"), Ok(hop(Some("u"), "::1", Some(22))));
        assert_eq!(Hop::parse("::1"), Ok(hop(None, "::1", None)));
        assert_eq!(Hop::parse("ssh://u@a:23/"), Ok(hop(Some("u"), "a", Some(23))));
        assert!(Hop::parse("a:b").is_err());
        assert!(Hop::parse("-J").is_err());
    }
}
