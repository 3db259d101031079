//! How one host is reached, all questions of configuration answered.

use crate::{address, environment::Environment, options::Options, tokens::Tokens};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// What to do with a host key that no file vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// Refuse unknown and changed keys (also for `ask`: there is nobody to ask).
    Strict,
    /// Add unknown keys, refuse changed ones.
    AcceptNew,
    /// Accept any key, but send no password to a host whose key changed.
    Off,
}

/// The way to a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// A TCP connection.
    None,
    /// Through these SSH hosts, in this order.
    Jump(Vec<address::Hop>),
    /// Through the standard input and output of a program; with the tokens not expanded, which names the route.
    Command { command: String, template: String },
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) identity_files: Vec<PathBuf>,
    /// The identity files were named by someone, they are not OpenSSH's defaults.
    pub(crate) identities_named: bool,
    pub(crate) certificate_files: Vec<PathBuf>,
    pub(crate) identities_only: bool,
    pub(crate) agent_socket: Option<PathBuf>,
    pub(crate) proxy: Proxy,
    pub(crate) strictness: Strictness,
    pub(crate) host_key_name: Option<String>,
    pub(crate) user_known_hosts: Vec<PathBuf>,
    pub(crate) global_known_hosts: Vec<PathBuf>,
    /// `RevokedHostKeys`: file of keys never to be trusted.
    pub(crate) revoked_keys: Option<PathBuf>,
    pub(crate) hash_known_hosts: bool,
    pub(crate) alive_interval: Duration,
    pub(crate) alive_count: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) methods: Vec<String>,
    /// `Some(false)`: IPv4 only, `Some(true)`: IPv6 only.
    pub(crate) ipv6: Option<bool>,
    pub(crate) bind_address: Option<IpAddr>,
    /// Signatures with SHA-1 were asked for by name.
    pub(crate) sha1_host_keys: bool,
    /// `-F`, which counts for jump hosts too.
    pub(crate) config_file: Option<String>,
}

const DEFAULT_IDENTITIES: &[&str] = &["id_ed25519", "id_ecdsa", "id_rsa"];
const ALL_DEFAULT_IDENTITIES: &[&str] = &[
    "id_ed25519",
    "id_ecdsa",
    "id_rsa",
    "id_ecdsa_sk",
    "id_ed25519_sk",
    "id_xmss",
    "id_dsa",
];

impl Settings {
    /// Interprets `options` for the host the caller calls `original`.
    pub(crate) fn new(
        options: &Options,
        original: &str,
        environment: &Environment,
        connect_timeout: Duration,
        config_file: Option<String>,
    ) -> Result<Self, String> {
        let port = match options.get("port") {
            Some(text) => text
                .parse()
                .ok()
                .filter(|p| *p != 0)
                .ok_or(format!("'{text}' is no port"))?,
            None => 22,
        };
        let user = options.get("user").unwrap_or(&environment.user).to_owned();
        address::check_user(&user)?;
        let alias = options.get("hostkeyalias").map(str::to_owned);
        let base = Tokens {
            environment,
            original,
            host: original,
            host_key_name: original,
            port,
            user: &user,
        };
        let host = match options.get("hostname") {
            Some(name) => base.expand(name)?,
            None => original.to_owned(),
        };
        address::check_host(&host)?;
        let tokens = Tokens {
            host: &host,
            host_key_name: alias.as_deref().unwrap_or(&host),
            ..base
        };
        let path = |text: &str| tokens.expand_path(text).map(|text| environment.untilde(&text));
        let paths = |list: &[String]| list.iter().map(|text| path(text)).collect::<Result<Vec<_>, _>>();
        let flag = |keyword: &str, default: bool| options.flag(keyword).unwrap_or(default);

        let defaults: Vec<_> = ALL_DEFAULT_IDENTITIES
            .iter()
            .map(|n| environment.ssh_dir().join(n))
            .collect();
        let mut identity_files = paths(&options.identity_files)?;
        identity_files.retain(|file| file.as_os_str() != "none");
        let identities_named = identity_files.iter().any(|file| !defaults.contains(file));
        if options.identity_files.is_empty() || (!identities_named && !identity_files.is_empty()) {
            identity_files = DEFAULT_IDENTITIES
                .iter()
                .map(|n| environment.ssh_dir().join(n))
                .collect();
        }
        let agent_socket = match options.get("identityagent") {
            None | Some("SSH_AUTH_SOCK") => environment.agent_socket.clone(),
            Some("none") => None,
            Some(text) => match text.strip_prefix('$').filter(|name| !name.starts_with('{')) {
                Some(name) => std::env::var_os(name).map(PathBuf::from),
                None => Some(path(text)?),
            },
        };
        let files = |keyword: &str, default: &[PathBuf]| match options.raw(keyword) {
            None => Ok(default.to_vec()),
            Some("none") => Ok(Vec::new()),
            Some(list) => paths(&crate::words::split_words(list)),
        };
        let ssh = environment.ssh_dir();
        let strictness = match options
            .get("stricthostkeychecking")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            None | Some("yes" | "true" | "ask") => Strictness::Strict,
            Some("accept-new") => Strictness::AcceptNew,
            Some("no" | "off" | "false") => Strictness::Off,
            Some(other) => return Err(format!("StrictHostKeyChecking '{other}' is not known")),
        };
        let number = |keyword: &str, default: u64| match options.get(keyword) {
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| format!("{keyword} '{text}' is no number")),
            None => Ok(default),
        };
        let alive_interval = match number("serveraliveinterval", 0)? {
            0 => 15,
            seconds => seconds,
        };
        Ok(Self {
            proxy: proxy(options, &tokens)?,
            identity_files,
            identities_named,
            certificate_files: paths(&options.certificate_files)?,
            identities_only: flag("identitiesonly", false),
            agent_socket,
            strictness,
            host_key_name: alias.clone(),
            user_known_hosts: files(
                "userknownhostsfile",
                &[ssh.join("known_hosts"), ssh.join("known_hosts2")],
            )?,
            global_known_hosts: files(
                "globalknownhostsfile",
                &[
                    "/etc/ssh/ssh_known_hosts".into(),
                    "/etc/ssh/ssh_known_hosts2".into(),
                ],
            )?,
            revoked_keys: options
                .get("revokedhostkeys")
                .filter(|text| *text != "none")
                .map(path)
                .transpose()?,
            hash_known_hosts: flag("hashknownhosts", false),
            alive_interval: Duration::from_secs(alive_interval),
            alive_count: usize::try_from(number("serveralivecountmax", 3)?).unwrap_or(3),
            connect_timeout,
            methods: methods(options),
            ipv6: match options
                .get("addressfamily")
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("inet") => Some(false),
                Some("inet6") => Some(true),
                _ => None,
            },
            bind_address: options.get("bindaddress").and_then(|text| text.parse().ok()),
            sha1_host_keys: options.get("hostkeyalgorithms").is_some_and(|list| {
                list.split(',')
                    .any(|name| name.trim_start_matches('+') == "ssh-rsa")
            }),
            config_file,
            port,
            user: user.clone(),
            host: host.clone(),
        })
    }

    /// `user@host port N`, for messages.
    pub(crate) fn label(&self) -> String {
        if self.port == 22 {
            self.host.clone()
        } else {
            format!("{} port {}", self.host, self.port)
        }
    }
}

fn proxy(options: &Options, tokens: &Tokens<'_>) -> Result<Proxy, String> {
    if let Some(jumps) = options
        .get("proxyjump")
        .filter(|text| !text.eq_ignore_ascii_case("none"))
    {
        let jumps = tokens.expand(jumps)?;
        return Ok(Proxy::Jump(
            jumps
                .split(',')
                .map(address::Hop::parse)
                .collect::<Result<_, _>>()?,
        ));
    }
    match options
        .raw("proxycommand")
        .filter(|text| !text.eq_ignore_ascii_case("none"))
    {
        Some(template) => Ok(Proxy::Command {
            command: tokens.expand(template)?,
            template: template.to_owned(),
        }),
        None => Ok(Proxy::None),
    }
}

/// The authentication methods to try, in order.
fn methods(options: &Options) -> Vec<String> {
    let preferred = options
        .get("preferredauthentications")
        .unwrap_or("publickey,password,keyboard-interactive");
    let allowed = |name: &str| match name {
        "publickey" => options
            .get("pubkeyauthentication")
            .is_none_or(|value| value != "no" && value != "false"),
        "password" => options.flag("passwordauthentication").unwrap_or(true),
        "keyboard-interactive" => options.flag("kbdinteractiveauthentication").unwrap_or(true),
        _ => false,
    };
    preferred
        .split(',')
        .map(str::trim)
        .filter(|name| allowed(name))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn environment() -> Environment {
        Environment {
            home: "/home/me".into(),
            user: "me".into(),
            uid: 1000,
            hostname: "desk.example".into(),
            agent_socket: Some("/agent".into()),
            system_config: "/nonexistent".into(),
        }
    }

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let mut options = Options::default();
        for (keyword, value) in pairs {
            options.add(keyword, value);
        }
        Settings::new(&options, "web", &environment(), Duration::from_secs(10), None)
    }

    #[test]
    fn without_configuration_the_defaults_of_openssh_hold() {
        let settings = settings(&[]).unwrap();
        assert_eq!(
            (settings.host.as_str(), settings.port, settings.user.as_str()),
            ("web", 22, "me")
        );
        assert_eq!(settings.identity_files[0], Path::new("/home/me/.ssh/id_ed25519"));
        assert!(!settings.identities_named);
        assert_eq!(settings.strictness, Strictness::Strict);
        assert_eq!(settings.agent_socket.as_deref(), Some(Path::new("/agent")));
    }

    #[test]
    fn tokens_and_tilde_are_expanded() {
        let settings = settings(&[
            ("hostname", "%h.example"),
            ("identityfile", "~/keys/%r@%h"),
            ("user", "op"),
            ("proxycommand", "nc %h %p"),
            ("port", "2222"),
        ])
        .unwrap();
        assert_eq!(settings.host, "web.example");
        assert_eq!(
            settings.identity_files,
            [Path::new("/home/me/keys/op@web.example")]
        );
        assert!(settings.identities_named);
        assert!(matches!(settings.proxy, Proxy::Command { command, .. } if command == "nc web.example 2222"));
    }

    #[test]
    fn the_default_files_that_ssh_lists_itself_do_not_count_as_named() {
        let settings = settings(&[
            ("identityfile", "~/.ssh/id_rsa"),
            ("identityfile", "~/.ssh/id_xmss"),
        ])
        .unwrap();
        assert!(!settings.identities_named);
        assert_eq!(settings.identity_files.len(), 3);
    }

    #[test]
    fn methods_follow_preference_and_switches() {
        let settings = settings(&[
            ("preferredauthentications", "hostbased,publickey,password"),
            ("passwordauthentication", "no"),
        ]);
        assert_eq!(settings.unwrap().methods, ["publickey"]);
    }

    #[test]
    fn a_hostname_from_the_configuration_is_checked_too() {
        assert!(settings(&[("hostname", "-oProxyCommand=x")]).is_err());
        assert!(settings(&[("port", "0")]).is_err());
        assert!(settings(&[("identityfile", "%z")]).is_err());
    }
}
