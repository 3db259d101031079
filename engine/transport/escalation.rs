//! Privilege escalation: the command line that runs a shell command as another user.

use crate::Secret;

/// How another user's rights are taken.
#[derive(Clone)]
pub struct Become {
    /// `sudo`, `su` or `doas`.
    pub method: String,
    /// The user; `root` by default.
    pub user: String,
    /// The program, if not the method's usual one.
    pub executable: Option<String>,
    /// Flags, passed as they are; `None`: the method's default.
    pub flags: Option<String>,
    /// The folder that `sudo` is called in.
    pub folder: Option<String>,
    /// The password, if one is needed.
    pub password: Option<Secret>,
    /// What `su` asks with, without the colon; none: the words for a password in many languages.
    pub prompts: Vec<String>,
}

/// Words for a password as `su` has them in its translations.
const PROMPTS: [&str; 31] = [
    "password",
    "passwort",
    "passord",
    "mot de passe",
    "contraseña",
    "contrasenya",
    "contrasinal",
    "senha",
    "palavra-passe",
    "parola d'ordine",
    "parola",
    "parolă",
    "parole",
    "parool",
    "pasahitza",
    "wachtwoord",
    "adgangskode",
    "lösenord",
    "salasana",
    "lykilorð",
    "hasło",
    "heslo",
    "geslo",
    "lozinka",
    "jelszó",
    "пароль",
    "парола",
    "лозинка",
    "パスワード",
    "密码",
    "密碼",
];

/// The prompt that sudo is told to print, so that the password is only sent when it is asked for.
pub(crate) const PROMPT: &str = "kdo-become-password:";

impl Become {
    /// What distinguishes one escalation from another: two tasks with the same key share an agent.
    pub fn key(&self) -> String {
        let flags = self.flags.as_deref().unwrap_or("-");
        format!(
            "{} {} {} {flags} {}",
            self.method,
            self.user,
            self.executable.as_deref().unwrap_or("-"),
            self.folder.as_deref().unwrap_or("-")
        )
    }

    /// The command line, built as Ansible's plugins build theirs: `sudo FLAGS -u USER /bin/sh -c COMMAND` and so on.
    /// `flags` go in as written (`su - -c` under sudo is in wide use and works by its words).
    pub fn command(&self, command: &str) -> Result<String, String> {
        let quoted = quote(command);
        // Nobody named is whom the program takes then.
        let named = Some(quote(&self.user)).filter(|_| !self.user.is_empty());
        let option = named.as_ref().map_or_else(String::new, |u| format!(" -u {u}"));
        let exe = |default: &str| self.executable.clone().unwrap_or_else(|| default.to_owned());
        let flags = |default: &str| self.flags.clone().unwrap_or_else(|| default.to_owned());
        Ok(match self.method.as_str() {
            "sudo" => {
                let mut flags = flags("-H -S -n");
                if self.password.is_some() {
                    let kept: Vec<_> = flags.split_whitespace().filter_map(asking).collect();
                    flags = format!("{} -p {PROMPT}", kept.join(" "));
                }
                let folder = self.folder.as_ref().filter(|f| !f.is_empty());
                let go = folder.map_or_else(String::new, |f| format!("cd {} && ", quote(f)));
                format!("{go}{} {flags}{option} /bin/sh -c {quoted}", exe("sudo"))
            }
            "su" => format!(
                "{} {} {} -c {}",
                exe("su"),
                flags(""),
                named.unwrap_or_default(),
                quote(&format!("/bin/sh -c {quoted}"))
            ),
            "doas" => {
                let flags = if self.password.is_some() {
                    flags("")
                } else {
                    format!("{} -n", flags(""))
                };
                format!("{} {flags}{option} /bin/sh -c {quoted}", exe("doas"))
            }
            other => {
                return Err(format!(
                    "become method `{other}` is not supported: sudo, su and doas are"
                ));
            }
        })
    }

    /// Whether a line of the program's output asks for the password.
    pub(crate) fn asks(&self, output: &str) -> bool {
        let lower = output.to_lowercase();
        match self.method.as_str() {
            "sudo" => output.contains(PROMPT),
            _ => {
                let line = lower.lines().last().unwrap_or_default().trim_end();
                let asked = line.strip_suffix([':', '\u{ff1a}']).map(str::trim_end);
                let ends = |words: &str| asked.is_some_and(|a| a.ends_with(words));
                if self.prompts.is_empty() {
                    PROMPTS.iter().any(|p| ends(p))
                } else {
                    self.prompts.iter().any(|p| ends(&p.to_lowercase()))
                }
            }
        }
    }

    /// What to say if a password is asked for and there is none.
    pub(crate) fn missing_password(&self) -> String {
        format!("Missing {} password", self.method)
    }

    /// Whether the output says that the password was wrong or escalation is not allowed.
    pub fn refused(&self, output: &str) -> Option<String> {
        let lower = output.to_lowercase();
        if [
            "sorry, try again",
            "incorrect password",
            "authentication failure",
            "authentication failed",
        ]
        .iter()
        .any(|w| lower.contains(w))
        {
            return Some(format!("Incorrect {} password", self.method));
        }
        if ["a password is required", "a terminal is required"]
            .iter()
            .any(|w| lower.contains(w))
        {
            return Some(self.missing_password());
        }
        if [
            "not in the sudoers",
            "not allowed to execute",
            "permission denied",
            "may not run sudo",
        ]
        .iter()
        .any(|w| lower.contains(w))
        {
            return Some(format!("{} does not allow to become {}", self.method, self.user));
        }
        None
    }
}

/// A flag of sudo without what keeps it from asking for a password.
fn asking(flag: &str) -> Option<String> {
    if matches!(flag, "-n" | "--non-interactive") {
        return None;
    }
    // Several letters behind one dash.
    let without = flag
        .strip_prefix('-')
        .filter(|f| !f.starts_with('-'))
        .and_then(|f| {
            let end = f
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(f.len());
            let at = f[..end].rfind('n')?;
            Some(format!("-{}{}", &f[..at], &f[at + 1..]))
        });
    without.or_else(|| Some(flag.to_owned()))
}

/// A word quoted for a POSIX shell.
pub fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }
}

#[cfg(test)]
mod tests {
    use super::Become;

    fn with(method: &str, flags: Option<&str>) -> Become {
        Become {
            method: method.into(),
            user: "root".into(),
            executable: None,
            flags: flags.map(str::to_owned),
            folder: None,
            password: None,
            prompts: Vec::new(),
        }
    }

    #[test]
    fn command_lines_are_those_of_the_reference_engine() {
        assert_eq!(
            with("sudo", None).command("id -u").unwrap(),
            "sudo -H -S -n -u root /bin/sh -c 'id -u'"
        );
        assert_eq!(
            with("sudo", Some("su - -c")).command("id").unwrap(),
            "sudo su - -c -u root /bin/sh -c id"
        );
        assert_eq!(
            with("su", None).command("id").unwrap(),
            "su  root -c '/bin/sh -c id'"
        );
        assert!(with("runas", None).command("id").is_err());
        let somewhere = Become {
            user: String::new(),
            folder: Some("/a b".to_owned()),
            ..with("sudo", Some("-E"))
        };
        assert_eq!(
            somewhere.command("id").unwrap(),
            "cd '/a b' && sudo -E /bin/sh -c id"
        );
    }

    #[test]
    fn with_a_password_sudo_may_ask() {
        let asking = Become {
            password: Some(crate::Secret::new("x".to_owned())),
            ..with("sudo", Some("-HSn --non-interactive -n -u x --set-home"))
        };
        assert_eq!(
            asking.command("id").unwrap(),
            "sudo -HS -u x --set-home -p kdo-become-password: -u root /bin/sh -c id"
        );
    }
}
