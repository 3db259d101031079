//! What templates know of the world beside their variables.

use crate::{Plugins, Settings, TemplateError, filters::expand_user};
use kdo_value::{Origin, Text, VaultText};
use kdo_vault::VaultKeys;
use std::path::{Component, Path, PathBuf};

/// Decrypts `!vault` values.
pub trait Vault {
    /// The clear text, marked as secret.
    fn decrypt(&self, vault: &VaultText) -> Result<Text, TemplateError>;

    /// Decrypts armoured text, as the `unvault` filter and lookup need it.
    fn decrypt_text(&self, armoured: &str) -> Result<Vec<u8>, TemplateError>;
}

/// Folders in which relative file names of a task are looked for, nearest first: the role's (with its
/// sub-folder for the kind of file, then the role itself and its `tasks`), the including roles', the playbook's.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    /// Folder bases, nearest first.
    pub bases: Vec<PathBuf>,
}

impl SearchPath {
    /// The first of `BASE/SUBFOLDER/NAME` and `BASE/NAME` that exists, in the order of the bases.
    pub fn find(&self, subfolder: &str, name: &str) -> Option<PathBuf> {
        self.candidates(subfolder, name).into_iter().find(|p| p.exists())
    }

    /// All places where `find` looks, in order.
    pub fn candidates(&self, subfolder: &str, name: &str) -> Vec<PathBuf> {
        let expanded = PathBuf::from(expand_user(name));
        if expanded.is_absolute() {
            return vec![expanded];
        }
        let mut out = Vec::new();
        for base in &self.bases {
            for path in [base.join(subfolder).join(&expanded), base.join(&expanded)] {
                let path = without_detours(&path);
                if !out.contains(&path) {
                    out.push(path);
                }
            }
        }
        out
    }
}

/// The path with `.` and `NAME/..` taken out by its words alone, as Ansible does before it looks: `templates/../x` is
/// found even where there is no folder `templates`.
fn without_detours(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            _ => out.push(part),
        }
    }
    out
}

/// Settings of one evaluation.
#[derive(Clone, Default)]
pub struct Environment<'a> {
    /// Decrypts vault values; without one they are errors.
    pub vault: Option<&'a dyn Vault>,
    /// For relative file names of lookups and includes.
    pub search: SearchPath,
    /// `jinja2_native: false` and the like are not needed: results are native, as in ansible-core 2.19.
    /// Doubles backslashes in string literals, as Ansible does for templates in tasks but not in files.
    pub escape_backslashes: bool,
    /// `--strict`: conditionals must be boolean, as in ansible-core 2.19.
    pub strict_conditions: bool,
    /// Names of Jinja extensions that are switched on: `jinja2.ext.do`, `jinja2.ext.loopcontrols`.
    pub jinja2_extensions: Vec<String>,
    /// Filters, tests and lookups of users.
    pub plugins: Option<&'a dyn Plugins>,
    /// The settings, for the lookup of them.
    pub settings: Option<&'a dyn Settings>,
    /// Is told of doubtful templates, with the place where they are written.
    pub warn: Option<&'a dyn Fn(String, Option<Origin>)>,
}

impl Vault for VaultKeys {
    fn decrypt(&self, vault: &VaultText) -> Result<Text, TemplateError> {
        let clear = self.decrypt_text(&vault.ciphertext)?;
        let text = String::from_utf8(clear)
            .map_err(|_| TemplateError::new("the decrypted value is not valid UTF-8"))?;
        Ok(Text::secret(text))
    }

    fn decrypt_text(&self, armoured: &str) -> Result<Vec<u8>, TemplateError> {
        self.open(armoured).map_err(|e| TemplateError::new(e.0))
    }
}
