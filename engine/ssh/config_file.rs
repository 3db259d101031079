//! Own reading of ssh_config files: `Host`, `Match`, `Include` and the values under them.

use crate::{
    environment::Environment,
    glob,
    options::Options,
    tokens::Tokens,
    words::{split_keyword, split_words},
};
use std::path::{Path, PathBuf};

const DEEPEST_INCLUDE: usize = 16;

/// Keywords that change neither where nor how safely a host is reached when tasks are run over the connection.
const WITHOUT_EFFECT: &[&str] = &[
    "batchmode",
    "checkhostip",
    "clearallforwardings",
    "compression",
    "connectionattempts",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dynamicforward",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fingerprinthash",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "gssapikeyexchange",
    "hostbasedauthentication",
    "ignoreunknown",
    "ipqos",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "nohostauthenticationforlocalhost",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "permitlocalcommand",
    "permitremoteopen",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "sendenv",
    "sessiontype",
    "setenv",
    "stdinnull",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "syslogfacility",
    "tcpkeepalive",
    "tunnel",
    "tunneldevice",
    "updatehostkeys",
    "usekeychain",
    "addkeystoagent",
    "verifyhostkeydns",
    "versionaddendum",
    "visualhostkey",
    "xauthlocation",
    "ciphers",
    "kexalgorithms",
    "macs",
    "rekeylimit",
    "casignaturealgorithms",
    "hostbasedacceptedalgorithms",
    "channeltimeout",
    "protocol",
    "rsaauthentication",
];

/// Keywords the rest of this crate acts on.
const HANDLED: &[&str] = &[
    "addressfamily",
    "bindaddress",
    "certificatefile",
    "challengeresponseauthentication",
    "connecttimeout",
    "globalknownhostsfile",
    "hashknownhosts",
    "hostkeyalgorithms",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "kbdinteractiveauthentication",
    "passwordauthentication",
    "port",
    "preferredauthentications",
    "proxycommand",
    "proxyjump",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "pubkeyauthentication",
    "revokedhostkeys",
    "serveralivecountmax",
    "serveraliveinterval",
    "stricthostkeychecking",
    "user",
    "userknownhostsfile",
];

/// Gathers the values for one host.
pub(crate) struct ConfigReader<'a> {
    pub(crate) environment: &'a Environment,
    /// Name as the caller gave it.
    pub(crate) original: &'a str,
    pub(crate) options: Options,
    /// The first thing met that only the user's own `ssh` answers exactly.
    pub(crate) beyond: Option<String>,
}

impl ConfigReader<'_> {
    /// Reads one file; one that does not exist is empty unless `required`.
    pub(crate) fn read(&mut self, path: &Path, required: bool) -> Result<(), String> {
        match std::fs::read_to_string(path) {
            Ok(text) => self.apply(path, &text, true, 0),
            Err(e) if !required && e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(format!("ssh configuration {}: {e}", path.display())),
        }
    }

    fn apply(&mut self, path: &Path, text: &str, outer: bool, depth: usize) -> Result<(), String> {
        let mut active = outer;
        for (index, line) in text.lines().enumerate() {
            let Some((keyword, rest)) = split_keyword(line) else {
                continue;
            };
            let at = || format!("{}:{}", path.display(), index + 1);
            match keyword.as_str() {
                "host" => {
                    let words = split_words(rest);
                    active = outer && glob::any_matches(words.iter().map(String::as_str), self.original);
                }
                "match" => {
                    self.beyond.get_or_insert_with(|| format!("Match at {}", at()));
                    active = outer
                        && self
                            .matches(&split_words(rest))
                            .map_err(|e| format!("{}: {e}", at()))?;
                }
                "include" if depth >= DEEPEST_INCLUDE => {
                    return Err(format!("{}: Include nested too deeply", at()));
                }
                "include" => {
                    for word in split_words(rest) {
                        for file in self.included(&word, path) {
                            let text = std::fs::read_to_string(&file).unwrap_or_default();
                            self.apply(&file, &text, active, depth + 1)?;
                        }
                    }
                }
                _ if !active => {}
                _ if rest.is_empty() => return Err(format!("{}: {keyword} lacks its value", at())),
                name if HANDLED.contains(&name) => self.take(&keyword, rest),
                name if WITHOUT_EFFECT.contains(&name) => {}
                "canonicalizehostname" if rest.eq_ignore_ascii_case("no") => {}
                "canonicalizefallbacklocal"
                | "canonicalizemaxdots"
                | "canonicaldomains"
                | "canonicalizepermittedcnames" => {}
                "pkcs11provider" | "securitykeyprovider" if matches!(rest, "none" | "internal") => {}
                "proxyusefdpass" if rest.eq_ignore_ascii_case("no") => {}
                _ => {
                    self.beyond
                        .get_or_insert_with(|| format!("{keyword} at {}", at()));
                    self.options.add(&keyword, rest);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, keyword: &str, rest: &str) {
        // ProxyCommand is a shell text in which quotes and # mean what they mean to the shell.
        if keyword == "proxycommand" {
            self.options.add(keyword, rest);
            return;
        }
        let words = split_words(rest);
        match keyword {
            "userknownhostsfile" | "globalknownhostsfile" => self.options.add(keyword, rest),
            _ => self
                .options
                .add(keyword, words.first().map_or("", String::as_str)),
        }
    }

    fn matches(&self, words: &[String]) -> Result<bool, String> {
        let mut result = true;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (negated, word) = word
                .strip_prefix('!')
                .map_or((false, word.as_str()), |w| (true, w));
            let (name, glued) = word
                .split_once('=')
                .map_or((word, None), |(name, value)| (name, Some(value)));
            let name = name.to_ascii_lowercase();
            let holds = match name.as_str() {
                "all" => true,
                // Both belong to ssh's second pass, which is done by `ssh -G` only.
                "canonical" | "final" => false,
                "host" | "originalhost" | "user" | "localuser" | "exec" | "localnetwork" | "tagged" => {
                    let value = match glued {
                        Some(value) => value,
                        None => words
                            .next()
                            .ok_or_else(|| format!("Match {name} lacks its value"))?,
                    };
                    self.holds(&name, value)?
                }
                _ => return Err(format!("Match {name} is not known")),
            };
            result &= holds != negated;
        }
        Ok(result)
    }

    fn holds(&self, name: &str, value: &str) -> Result<bool, String> {
        let user = self.options.get("user").unwrap_or(&self.environment.user);
        let host = self
            .options
            .get("hostname")
            .map(|h| h.replace("%h", self.original).replace("%%", "%"));
        let host = host.as_deref().unwrap_or(self.original);
        let among = |text: &str| Ok(glob::any_matches(value.split(','), text));
        match name {
            "host" => among(&host.to_ascii_lowercase()),
            "originalhost" => among(self.original),
            "user" => among(user),
            "localuser" => among(&self.environment.user),
            "exec" => {
                let tokens = Tokens {
                    environment: self.environment,
                    original: self.original,
                    host,
                    host_key_name: self.options.get("hostkeyalias").unwrap_or(host),
                    port: self
                        .options
                        .get("port")
                        .and_then(|p| p.parse().ok())
                        .unwrap_or(22),
                    user,
                };
                let command = tokens.expand(value)?;
                let status = std::process::Command::new("/bin/sh")
                    .args(["-c", &command])
                    .stdin(std::process::Stdio::null())
                    .stdout(std::process::Stdio::null())
                    .stderr(std::process::Stdio::null())
                    .status();
                Ok(status.is_ok_and(|status| status.success()))
            }
            _ => Ok(false),
        }
    }

    /// The files an Include names, in order.
    fn included(&self, word: &str, from: &Path) -> Vec<PathBuf> {
        let path = self.environment.untilde(word);
        let path = if path.is_absolute() {
            path
        } else if from.starts_with("/etc") {
            Path::new("/etc/ssh").join(path)
        } else {
            self.environment.ssh_dir().join(path)
        };
        let mut found = vec![PathBuf::new()];
        for part in path.components() {
            let part = part.as_os_str().to_string_lossy();
            if !part.contains(['*', '?']) {
                for path in &mut found {
                    path.push(part.as_ref());
                }
                continue;
            }
            let mut next = Vec::new();
            for directory in &found {
                let Ok(listing) = std::fs::read_dir(directory) else {
                    continue;
                };
                for entry in listing.flatten() {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if !name.starts_with('.') && glob::matches(&part, &name) {
                        next.push(directory.join(name));
                    }
                }
            }
            next.sort();
            found = next;
        }
        found.retain(|path| path.is_file());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(home: &Path) -> Environment {
        Environment {
            home: home.to_owned(),
            user: "me".into(),
            uid: 1000,
            hostname: "desk.example".into(),
            agent_socket: None,
            system_config: home.join("system"),
        }
    }

    fn read(text: &str, host: &str) -> (Options, Option<String>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".ssh/conf.d")).unwrap();
        std::fs::write(dir.path().join(".ssh/conf.d/b.conf"), "User from-include\n").unwrap();
        std::fs::write(dir.path().join(".ssh/conf.d/a.conf"), "Host inc\n Port 77\n").unwrap();
        std::fs::write(dir.path().join(".ssh/config"), text).unwrap();
        let environment = environment(dir.path());
        let mut reader = ConfigReader {
            environment: &environment,
            original: host,
            options: Options::default(),
            beyond: None,
        };
        reader.read(&dir.path().join(".ssh/config"), true).unwrap();
        (reader.options, reader.beyond)
    }

    #[test]
    fn the_first_value_counts_and_settings_before_any_host_are_for_all() {
        let (options, beyond) = read(
            "Port=2200\nHost a* !ab\n\tPort 1\n HostName \"h\"\nHost *\n User last\n",
            "ac",
        );
        assert_eq!(options.get("port"), Some("2200"));
        assert_eq!(options.get("hostname"), Some("h"));
        assert_eq!(options.get("user"), Some("last"));
        assert_eq!(beyond, None);
        let (options, _) = read("Host a* !ab\n HostName h\n", "ab");
        assert_eq!(options.get("hostname"), None);
    }

    #[test]
    fn identity_files_add_up() {
        let (options, _) = read("Host x\n IdentityFile ~/a\nHost *\n IdentityFile ~/b\n", "x");
        assert_eq!(options.identity_files, ["~/a", "~/b"]);
    }

    #[test]
    fn include_reads_sorted_files_and_its_host_blocks_end_with_the_file() {
        let (options, _) = read("Include conf.d/*.conf\nHostName here\n", "inc");
        assert_eq!(options.get("port"), Some("77"));
        assert_eq!(options.get("user"), Some("from-include"));
        assert_eq!(options.get("hostname"), Some("here"));
        let (options, _) = read("Host other\n Include conf.d/*.conf\n", "inc");
        assert_eq!(options.get("user"), None);
    }

    #[test]
    fn match_criteria_are_all_needed_and_may_be_negated() {
        let text = "Host w\n HostName w.lab\nMatch host *.lab !user root exec \"test %h = w.lab\"\n Port 5\n\
                    Match originalhost w user root\n Port 6\nMatch all\n Port 7\n";
        let (options, beyond) = read(text, "w");
        assert_eq!(options.get("port"), Some("5"));
        assert!(beyond.unwrap().starts_with("Match"));
        let (options, _) = read(text, "z");
        assert_eq!(options.get("port"), Some("7"));
    }

    #[test]
    fn a_keyword_that_changes_routing_and_is_not_handled_is_noticed() {
        assert!(read("ProxyUseFdpass yes\n", "x").1.is_some());
        assert!(read("PKCS11Provider /lib/x.so\n", "x").1.is_some());
        assert!(read("ControlMaster auto\nForwardAgent yes\n", "x").1.is_none());
    }

    #[test]
    fn proxy_command_keeps_its_quotes() {
        let (options, _) = read("ProxyCommand sh -c \"nc %h %p\" # x\nProxyJump j\n", "x");
        assert_eq!(options.raw("proxycommand"), Some("sh -c \"nc %h %p\" # x"));
        assert_eq!(options.get("proxyjump"), Some("none"));
    }
}
