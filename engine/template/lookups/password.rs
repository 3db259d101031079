//! The lookup of passwords that are kept in files on the controller.

use super::options::split_term;
use crate::{Call, Callable, Check, TemplateError, declare::callable, iterate::text, mersenne::Random};
use kdo_crypt::{self as crypt, Scheme};
use kdo_value::Value;
use std::{
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(crate) const CALLABLES: &[Callable] = &[
    callable!("ansible.builtin.password", password, "A random password, the same one as long as its file exists.", [];
        "{{ lookup('password', '/dev/null', seed='x', length=8, chars=['ascii_letters', 'digits']) }}" => r#""OuMMEeW6""#,
        "{{ lookup('password', '/dev/null', seed='x') }}" => r#""O9iX65WvW9::bS:gx:86""#,
        "{{ lookup('password', '/dev/null length=5 chars=a') }}" => r#""aaaaa""#),
];

/// How long another run may hold the lock.
const PATIENCE: Duration = Duration::from_secs(7);

struct Settings {
    path: PathBuf,
    length: usize,
    chars: Vec<String>,
    encrypt: Option<String>,
    ident: Option<String>,
    seed: Value,
}

impl Settings {
    fn of(call: &Call<'_>, term: &str) -> Result<Self, TemplateError> {
        // the file's name may hold blanks: it ends before the first `key=value`
        let (name, pairs) = split_term(term);
        let mut settings = Self {
            path: PathBuf::new(),
            length: 20,
            chars: ["ascii_letters", "digits", ".,:-_"].map(str::to_owned).into(),
            encrypt: None,
            ident: None,
            seed: Value::None,
        };
        for (key, value) in &call.kwargs {
            settings.set(call, key, value)?;
        }
        for (key, value) in &pairs {
            if !settings.set(call, key, &Value::str(value.as_str()))? {
                return call.fail(format!(
                    "Unrecognized parameter(s) given to password lookup: {key}"
                ));
            }
        }
        let expanded = crate::filters::expand_user(&name);
        settings.path = if expanded.starts_with('/') {
            PathBuf::from(expanded)
        } else {
            // relative names belong to the playbook's folder, the farthest base
            call.environment
                .search
                .bases
                .last()
                .map_or_else(|| PathBuf::from(&expanded), |b| b.join(&expanded))
        };
        Ok(settings)
    }

    fn set(&mut self, call: &Call<'_>, key: &str, value: &Value) -> Result<bool, TemplateError> {
        let value = value.check()?;
        match key {
            "length" => {
                let n: usize = value
                    .to_text()
                    .parse()
                    .map_err(|_| TemplateError::new(format!("'{}' is no length", value.to_text())))?;
                if n > 1 << 20 {
                    return call.fail("the password is too long");
                }
                self.length = n;
            }
            "chars" => {
                self.chars = match value.as_sequence() {
                    Some(items) => items.iter().map(Value::to_text).collect(),
                    None => {
                        let given = value.to_text();
                        // a comma is wanted where two stand together
                        let mut parts: Vec<String> = Vec::new();
                        if given.contains(",,") {
                            parts.push(",".into());
                        }
                        parts.extend(
                            given
                                .replace(",,", ",")
                                .split(',')
                                .filter(|p| !p.is_empty())
                                .map(str::to_owned),
                        );
                        parts
                    }
                };
            }
            "encrypt" => self.encrypt = (value.truthy()).then(|| value.to_text()),
            "ident" => self.ident = (!value.is_none()).then(|| value.to_text()),
            "seed" => self.seed = value.clone(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn alphabet(&self) -> Vec<char> {
        let lower = "abcdefghijklmnopqrstuvwxyz";
        let mut out = String::new();
        for part in &self.chars {
            match part.as_str() {
                "ascii_lowercase" => out.push_str(lower),
                "ascii_uppercase" => out.push_str(&lower.to_uppercase()),
                "ascii_letters" => out.push_str(&format!("{lower}{}", lower.to_uppercase())),
                "digits" => out.push_str("0123456789"),
                "hexdigits" => out.push_str("0123456789abcdefABCDEF"),
                "octdigits" => out.push_str("01234567"),
                "punctuation" => out.push_str("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
                "whitespace" => out.push_str(" \t\n\r\x0b\x0c"),
                "printable" => out.push_str(&format!(
                    "0123456789{lower}{}!\"#$%&'()*+,-./:;<=>?@[\\]^_`{{|}}~ \t\n\r\x0b\x0c",
                    lower.to_uppercase()
                )),
                other => out.push_str(&other.replace(['"', '\''], "")),
            }
        }
        out.chars().collect()
    }

    fn generate(&self) -> String {
        let alphabet = self.alphabet();
        let mut random = Random::seeded(&self.seed);
        (0..self.length)
            .filter_map(|_| random.choice(&alphabet))
            .collect()
    }
}

/// Removes the lock when it goes out of scope.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> Result<Self, TemplateError> {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let lock = path.with_file_name(format!("{name}.lock"));
        let begun = Instant::now();
        loop {
            match std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&lock)
            {
                Ok(_) => return Ok(Self(lock)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                    if begun.elapsed() > PATIENCE {
                        return Err(format!(
                            "Password lookup cannot get the lock in 7 seconds, abort... ({}) is there",
                            lock.display()
                        )
                        .into());
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(e) => return Err(format!("password: {}: {e}", lock.display()).into()),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// `PASSWORD salt=SALT ident=IDENT` as kept in the file.
fn parse(contents: &str) -> (String, Option<String>, Option<String>) {
    let line = contents.trim_end_matches(['\n', '\r']);
    let Some((password, rest)) = line.rsplit_once(" salt=") else {
        return (line.to_owned(), None, None);
    };
    match rest.rsplit_once(" ident=") {
        Some((salt, ident)) => (password.to_owned(), Some(salt.to_owned()), Some(ident.to_owned())),
        None => (password.to_owned(), Some(rest.to_owned()), None),
    }
}

fn store(path: &Path, contents: &str) -> Result<(), TemplateError> {
    let failed = |e: std::io::Error| TemplateError::new(format!("password: {}: {e}", path.display()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(failed)?;
    writeln!(file, "{contents}").map_err(failed)
}

fn one(call: &Call<'_>, settings: &Settings) -> Result<String, TemplateError> {
    let scheme = match &settings.encrypt {
        None => None,
        Some(name) => match Scheme::of(name) {
            Some(scheme) => Some(scheme),
            None => {
                return call.fail(format!(
                    "{name} is not in the list of supported passlib algorithms: md5, blowfish, sha256, sha512"
                ));
            }
        },
    };
    let kept = settings.path != Path::new("/dev/null");
    let _lock = if kept {
        if let Some(folder) = settings.path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|e| TemplateError::new(format!("password: {}: {e}", folder.display())))?;
        }
        Some(Lock::take(&settings.path)?)
    } else {
        None
    };
    let found = if kept {
        std::fs::read_to_string(&settings.path).ok()
    } else {
        None
    };
    let (password, salt, ident) = match &found {
        Some(contents) => parse(contents),
        None => (settings.generate(), None, None),
    };
    let mut changed = found.is_none();
    let mut line = password.clone();
    let mut result = password.clone();
    if let Some(scheme) = scheme {
        let ident = ident.or_else(|| settings.ident.clone());
        let ident = ident.or_else(|| (scheme == Scheme::Bcrypt).then(|| "2b".to_owned()));
        changed |= salt.is_none();
        let salt = salt.unwrap_or_else(|| crate::filters::random_salt(scheme.salt_size()));
        line = format!("{password} salt={salt}");
        if let Some(ident) = &ident {
            line = format!("{line} ident={ident}");
        }
        result = crypt::hash(scheme, &password, &salt, None, ident.as_deref())?;
    } else if let (Some(salt), Some(_)) = (&salt, &found) {
        line = format!("{password} salt={salt}");
    }
    if kept && changed {
        store(&settings.path, &line)?;
    }
    Ok(result)
}

fn password(call: &Call<'_>) -> Result<Value, TemplateError> {
    let mut out = Vec::new();
    for term in &call.args {
        let settings = Settings::of(call, &text(term)?)?;
        out.push(Value::str(one(call, &settings)?));
    }
    Ok(Value::list(out))
}
