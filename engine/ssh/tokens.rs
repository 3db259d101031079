//! `%` tokens and `${VARIABLE}` in configuration values.

use crate::environment::Environment;

/// What the tokens stand for.
pub(crate) struct Tokens<'a> {
    pub(crate) environment: &'a Environment,
    /// Name as given by the caller (`%n`).
    pub(crate) original: &'a str,
    /// Name or address connected to (`%h`).
    pub(crate) host: &'a str,
    /// Name under which the host key is looked up (`%k`).
    pub(crate) host_key_name: &'a str,
    pub(crate) port: u16,
    /// Remote user (`%r`).
    pub(crate) user: &'a str,
}

impl Tokens<'_> {
    /// Expands the tokens; an unknown one is an error that names it.
    pub(crate) fn expand(&self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') => out.push('%'),
                Some('h') => out.push_str(self.host),
                Some('n') => out.push_str(self.original),
                Some('k') => out.push_str(self.host_key_name),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.user),
                Some('u') => out.push_str(&self.environment.user),
                Some('i') => out.push_str(&self.environment.uid.to_string()),
                Some('d') => out.push_str(&self.environment.home.to_string_lossy()),
                Some('l') => out.push_str(&self.environment.hostname),
                Some('L') => out.push_str(self.environment.hostname.split('.').next().unwrap_or_default()),
                Some(other) => return Err(format!("unknown token %{other} in '{text}'")),
                None => return Err(format!("'{text}' ends in a lone %")),
            }
        }
        Ok(out)
    }

    /// Expands `${VARIABLE}` from the environment, then the tokens.
    pub(crate) fn expand_path(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, tail)) = after.split_once('}') else {
                break;
            };
            let value = std::env::var(name).map_err(|_| format!("${{{name}}} in '{text}' is not set"))?;
            out.push_str(before);
            out.push_str(&value);
            rest = tail;
        }
        out.push_str(rest);
        self.expand(&out)
    }
}
