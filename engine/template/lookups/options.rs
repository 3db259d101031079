//! Options of lookups: keyword arguments and the old `term key=value` form.

use crate::{Call, TemplateError, iterate::text};
use kdo_value::Value;

/// A keyword argument as text.
pub(super) fn word(call: &Call<'_>, name: &str) -> Result<Option<String>, TemplateError> {
    match call.keyword(name) {
        None | Some(Value::None) => Ok(None),
        Some(v) => text(v).map(Some),
    }
}

/// A keyword argument as truth; words such as `no` count as what they mean.
pub(super) fn flag(call: &Call<'_>, name: &str, default: bool) -> bool {
    match call.keyword(name) {
        None | Some(Value::None) => default,
        Some(v) => crate::filters::read_bool(v).unwrap_or_else(|| v.truthy()),
    }
}

/// Splits `term key=value …` at blanks outside quotes; words without `=` belong to the term.
pub(super) fn split_term(term: &str) -> (String, Vec<(String, String)>) {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in term.chars() {
        match (c, quote) {
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    let mut plain = Vec::new();
    let mut pairs = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((k, v)) if !k.is_empty() && !k.contains(['"', '\'', '\\']) => {
                let bare = ['"', '\'']
                    .iter()
                    .find_map(|q| v.strip_prefix(*q).and_then(|v| v.strip_suffix(*q)));
                pairs.push((k.to_owned(), bare.unwrap_or(v).to_owned()));
            }
            _ => plain.push(word),
        }
    }
    (plain.join(" "), pairs)
}

/// Finds a file of the controller; the error says that there is none.
pub(super) fn find(call: &Call<'_>, folder: &str, name: &str) -> Result<std::path::PathBuf, TemplateError> {
    call.environment
        .search
        .find(folder, name)
        .ok_or_else(|| TemplateError::new(format!("Unable to access the file '{name}': File not found.")))
}

/// A file's bytes, decrypted if it is encrypted.
pub(super) fn read(call: &Call<'_>, path: &std::path::Path) -> Result<Vec<u8>, TemplateError> {
    let bytes = std::fs::read(path)
        .map_err(|e| TemplateError::new(format!("Unable to access the file '{}': {e}", path.display())))?;
    if !bytes.starts_with(b"$ANSIBLE_VAULT;") {
        return Ok(bytes);
    }
    match call.environment.vault {
        Some(vault) => vault.decrypt_text(&String::from_utf8_lossy(&bytes)),
        None => Err(format!("'{}' is encrypted and there are no vault secrets", path.display()).into()),
    }
}
