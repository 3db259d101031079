//! Who we are, kept for later: for registries of OCI where docker keeps it, for Galaxy in the file of its token.

use crate::{
    Failure, Result, Sources,
    oci::{Credentials, forget, host_of, keep},
};
use kdo_config::Config;
use kdo_syntax::{EmitOptions, emit_yaml};
use kdo_value::{Map, Value};
use std::{fs, io::Write, path::PathBuf};

/// Tries user and password at a registry and keeps them if it takes them; gives where.
pub fn login(sources: &Sources, registry: &str, user: &str, password: &str) -> Result<String> {
    let (plain, host) = host_of(registry)?;
    sources
        .remote_as(&host, plain, Credentials::given(user, password))?
        .check()?;
    keep(&host, user, password)
}

/// Forgets a registry's; says whether there was anything.
pub fn logout(registry: &str) -> Result<bool> {
    forget(&host_of(registry)?.1)
}

/// Keeps the token for the Galaxy server without a name; gives where.
pub fn keep_token(config: &Config, token: &str) -> Result<PathBuf> {
    let path = token_path(config)?;
    let folder = path.parent().unwrap_or(std::path::Path::new("."));
    let map = Map::new();
    map.insert("token", token);
    let text = emit_yaml(&Value::Map(map), &EmitOptions::default());
    let write = || {
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(&path).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(|e: std::io::Error| Failure::file(&path, &e))?;
    Ok(path)
}

/// Forgets the token; says whether there was one.
pub fn forget_token(config: &Config) -> Result<bool> {
    let path = token_path(config)?;
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(Failure::file(&path, &e)),
    }
}

fn token_path(config: &Config) -> Result<PathBuf> {
    let path = config.path("galaxy_token_path");
    path.ok_or_else(|| Failure::invalid("there is no file for the token: set token_path in [galaxy]"))
}
