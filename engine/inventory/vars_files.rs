//! `group_vars` and `host_vars`.

use crate::LoadContext;
use kdo_syntax::{Diagnostic, LoadOptions, load_secret, load_yaml, read_file};
use kdo_value::{Map, Value};
use std::path::{Path, PathBuf};

/// Directories in directories deeper than this are left out (links may go round).
const MAX_DEPTH: usize = 20;

/// Which of the two directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarsKind {
    /// `group_vars`
    Group,
    /// `host_vars`
    Host,
}

impl VarsKind {
    /// Name of the directory.
    pub fn directory(self) -> &'static str {
        match self {
            Self::Group => "group_vars",
            Self::Host => "host_vars",
        }
    }
}

/// Variables of a group or host beside `base`: `base/group_vars/NAME`, or with one of the extensions of YAML files; the
/// first that exists counts, a directory with all its files. One map for each file, in order. Works for the playbook's
/// directory too.
pub fn load_vars_dir(
    base: &Path,
    kind: VarsKind,
    name: &str,
    context: &LoadContext<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Vec<Map>, Diagnostic> {
    // A path (of a chroot) is no name to look for.
    if name.is_empty() || name.starts_with('/') || name.split('/').any(|p| p == "." || p == "..") {
        return Ok(Vec::new());
    }
    let dir = base.join(kind.directory());
    let extensions = std::iter::once("").chain(context.yaml_extensions.iter().map(String::as_str));
    let mut candidates = extensions.map(|e| dir.join(format!("{name}{e}")));
    let mut files = Vec::new();
    match candidates.find(|p| p.exists()) {
        Some(found) if found.is_dir() => collect(&found, &context.yaml_extensions, &mut files, 0)?,
        Some(found) => files.push(found),
        None => {}
    }
    let mut maps = Vec::with_capacity(files.len());
    for file in files {
        let map = load_vars_file(&file, context, warnings)?;
        map.freeze();
        maps.push(map);
    }
    Ok(maps)
}

fn collect(
    dir: &Path,
    extensions: &[String],
    files: &mut Vec<PathBuf>,
    depth: usize,
) -> Result<(), Diagnostic> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    let failed = |e: std::io::Error| Diagnostic::error(format!("cannot read `{}`: {e}", dir.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy()));
        if path.is_dir() {
            if extension.is_none() {
                collect(&path, extensions, files, depth + 1)?;
            }
        } else if extension.is_none_or(|e| extensions.contains(&e)) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Loads one variables file, encrypted or not; it must hold a dictionary or nothing.
pub fn load_vars_file(
    path: &Path,
    context: &LoadContext<'_>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Map, Diagnostic> {
    let (text, secret) = read_text(path, context)?;
    let mut documents = if secret {
        load_secret(context.sources, path, &text, LoadOptions::TRUSTED)?
    } else {
        let file = context.sources.add(path, text);
        load_yaml(context.sources, file, LoadOptions::TRUSTED)?
    };
    warnings.append(&mut documents.warnings);
    match documents.single()? {
        Value::Map(map) => Ok(map),
        Value::None => Ok(crate::host::frozen()),
        other => Err(Diagnostic::error(format!(
            "`{}` must be a dictionary of variables, it is {}",
            path.display(),
            other.type_name()
        ))),
    }
}

/// The text of a file, decrypted if the whole file is a vault; tells whether it was.
pub(crate) fn read_text(path: &Path, context: &LoadContext<'_>) -> Result<(String, bool), Diagnostic> {
    let text = read_file(path)?;
    if !text.starts_with("$ANSIBLE_VAULT;") {
        return Ok((text, false));
    }
    let sealed =
        |why: String| Diagnostic::error(why).note(format!("in the encrypted file {}", path.display()));
    let Some(decrypt) = context.decrypt else {
        return Err(sealed("Attempting to decrypt but no vault secrets found.".into()));
    };
    let plain = decrypt(text.as_bytes()).map_err(sealed)?;
    Ok((plain, true))
}
