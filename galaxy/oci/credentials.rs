//! Who we are to registries: the files that docker and podman keep, and the programs they ask.

use crate::{Failure, Result};
use base64::{Engine, engine::general_purpose::STANDARD};
use kdo_value::{Map, Value, json};
use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a registry or its server of tokens takes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    Password {
        user: String,
        password: String,
    },
    /// A token that is exchanged for others.
    Identity(String),
}

/// The files, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    files: Vec<PathBuf>,
    /// For a login that is tried before it is kept.
    given: Option<(String, String)>,
}

/// The name under which Docker Hub is kept.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl Credentials {
    pub(crate) fn of_user() -> Self {
        let variable = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let home = env::home_dir();
        let docker = variable("DOCKER_CONFIG")
            .or_else(|| Some(home.as_ref()?.join(".docker")))
            .map(|d| d.join("config.json"));
        let podman = variable("XDG_RUNTIME_DIR").map(|d| d.join("containers/auth.json"));
        let podman_home = variable("XDG_CONFIG_HOME").or_else(|| Some(home?.join(".config")));
        let podman_home = podman_home.map(|c| c.join("containers/auth.json"));
        let files = match variable("REGISTRY_AUTH_FILE") {
            Some(file) => vec![file],
            None => [docker, podman, podman_home].into_iter().flatten().collect(),
        };
        Self { files, given: None }
    }

    pub(crate) fn given(user: &str, password: &str) -> Self {
        Self {
            files: Vec::new(),
            given: Some((user.to_owned(), password.to_owned())),
        }
    }

    /// Where they come from, to be shown.
    pub(crate) fn origin(&self) -> String {
        let there: Vec<String> = self
            .files
            .iter()
            .filter(|f| f.is_file())
            .map(|f| f.display().to_string())
            .collect();
        if there.is_empty() {
            "what was typed".to_owned()
        } else {
            there.join(", ")
        }
    }

    /// The secret for a repository of a host.
    pub(crate) fn of(&self, host: &str, repository: &str) -> Result<Option<Secret>> {
        if let Some((user, password)) = &self.given {
            return Ok(Some(Secret::Password {
                user: user.clone(),
                password: password.clone(),
            }));
        }
        for file in &self.files {
            let Some(config) = read(file)? else { continue };
            let told = |f: Failure| f.of(file.display());
            if let Some(helper) = helper_of(&config, host)
                && let Some(secret) = ask(&helper, host).map_err(told)?
            {
                return Ok(Some(secret));
            }
            let Some(auths) = config.get("auths").and_then(|a| a.as_map().cloned()) else {
                continue;
            };
            for key in keys(host, repository) {
                if let Some(entry) = auths.get(&key)
                    && let Some(secret) = secret_of(&entry).map_err(told)?
                {
                    return Ok(Some(secret));
                }
            }
        }
        Ok(None)
    }
}

/// The keys that may hold a host's secret, the most special first: podman keeps some by repository.
fn keys(host: &str, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut path = repository;
    while !path.is_empty() {
        keys.push(format!("{host}/{path}"));
        path = path.rsplit_once('/').map_or("", |(start, _)| start);
    }
    keys.push(host.to_owned());
    keys.extend([
        format!("https://{host}"),
        format!("https://{host}/"),
        format!("https://{host}/v1/"),
        format!("https://{host}/v2/"),
    ]);
    if host == "docker.io" || host.ends_with(".docker.io") {
        keys.push(DOCKER_HUB.to_owned());
    }
    keys
}

fn read(file: &Path) -> Result<Option<Value>> {
    match fs::read_to_string(file) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => json::read(&text)
            .map(Some)
            .map_err(|e| Failure::invalid(format!("{}: this is no JSON: {e}", file.display()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Failure::file(file, &e)),
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    let found = value.get(key)?.as_str()?.to_owned();
    Some(found).filter(|t| !t.is_empty())
}

fn secret_of(entry: &Value) -> Result<Option<Secret>> {
    if let Some(token) = text(entry, "identitytoken") {
        return Ok(Some(Secret::Identity(token)));
    }
    if let Some(coded) = text(entry, "auth") {
        let plain = STANDARD
            .decode(coded.trim())
            .ok()
            .and_then(|b| String::from_utf8(b).ok());
        let pair = plain.as_deref().and_then(|p| p.split_once(':'));
        let (user, password) =
            pair.ok_or_else(|| Failure::invalid("an `auth` is not base64 of user:password"))?;
        return Ok(Some(Secret::Password {
            user: user.to_owned(),
            password: password.trim_end_matches('\0').to_owned(),
        }));
    }
    let both = text(entry, "username").zip(text(entry, "password"));
    Ok(both.map(|(user, password)| Secret::Password { user, password }))
}

fn helper_of(config: &Value, host: &str) -> Option<String> {
    let own = config.get("credHelpers").and_then(|h| text(&h, host));
    own.or_else(|| text(config, "credsStore"))
}

/// Runs `docker-credential-NAME ACTION`; gives what it says, or none where it knows nothing.
fn run(helper: &str, action: &str, input: &str) -> Result<Option<String>> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if helper.is_empty() || !helper.chars().all(fits) {
        return Err(Failure::invalid(format!("{helper:?} is no credential helper")));
    }
    let program = format!("docker-credential-{helper}");
    let failed = |e: std::io::Error| Failure::invalid(format!("the credential helper {program}: {e}"));
    let mut child = Command::new(&program)
        .arg(action)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        match stdin.write_all(input.as_bytes()) {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(failed(e)),
            _ => {}
        }
    }
    let output = child.wait_with_output().map_err(failed)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(Some(said));
    }
    let why = format!("{} {}", said, String::from_utf8_lossy(&output.stderr));
    if why.to_lowercase().contains("not found") {
        return Ok(None);
    }
    Err(Failure::invalid(format!(
        "the credential helper {program} failed: {}",
        why.trim()
    )))
}

fn ask(helper: &str, host: &str) -> Result<Option<Secret>> {
    let server = if host == "docker.io" { DOCKER_HUB } else { host };
    let Some(said) = run(helper, "get", server)? else {
        return Ok(None);
    };
    let value = json::read(&said).map_err(|_| {
        Failure::invalid(format!(
            "the credential helper docker-credential-{helper} answers no JSON"
        ))
    })?;
    let Some((user, password)) = text(&value, "Username").zip(text(&value, "Secret")) else {
        return Ok(None);
    };
    Ok(Some(if user == "<token>" {
        Secret::Identity(password)
    } else {
        Secret::Password { user, password }
    }))
}

/// Keeps a user and password where docker and podman look for them too; gives where.
pub(crate) fn keep(host: &str, user: &str, password: &str) -> Result<String> {
    let file = own_file()?;
    let config = read(&file)?.unwrap_or_else(|| Value::Map(Map::new()));
    if let Some(helper) = helper_of(&config, host) {
        let map = Map::new();
        map.insert("ServerURL", host);
        map.insert("Username", user);
        map.insert("Secret", password);
        run(&helper, "store", &json::line(&Value::Map(map)))?;
        return Ok(format!("the credential helper {helper}"));
    }
    let entry = Map::new();
    entry.insert("auth", STANDARD.encode(format!("{user}:{password}")));
    change(&file, config, |auths| {
        auths.insert(host, Value::Map(entry));
    })?;
    Ok(file.display().to_string())
}

/// Forgets what was kept; says whether there was anything.
pub(crate) fn forget(host: &str) -> Result<bool> {
    let file = own_file()?;
    let Some(config) = read(&file)? else {
        return Ok(false);
    };
    let mut known = false;
    if let Some(helper) = helper_of(&config, host) {
        known = run(&helper, "erase", host)?.is_some();
    }
    let auths = config.get("auths").and_then(|a| a.as_map().cloned());
    if auths.is_some_and(|a| a.contains(host)) {
        change(&file, config, |auths| {
            auths.remove(host);
        })?;
        known = true;
    }
    Ok(known)
}

fn own_file() -> Result<PathBuf> {
    let first = Credentials::of_user().files.into_iter().next();
    first.ok_or_else(|| Failure::invalid("there is no home folder for credentials: set REGISTRY_AUTH_FILE"))
}

/// Writes the file anew, for the user alone, with all that was in it.
fn change(file: &Path, config: Value, edit: impl FnOnce(&Map)) -> Result<()> {
    let Value::Map(config) = config else {
        return Err(Failure::invalid(format!("{} is no JSON object", file.display())));
    };
    let auths = config.get("auths").and_then(|a| a.as_map().cloned());
    let auths = auths.unwrap_or_else(Map::new);
    edit(&auths);
    config.insert("auths", Value::Map(auths));
    let text = json::write(&Value::Map(config), &json::Layout::pretty(1)).map_err(Failure::invalid)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let write = || {
        fs::create_dir_all(folder)?;
        // Readable by the user only, as it is made.
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(file).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|e: std::io::Error| Failure::file(file, &e))
}
