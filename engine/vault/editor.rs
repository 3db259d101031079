//! Clear texts in the user's editor.

use crate::{VaultError, file};
use std::{env, fs, path::Path, process::Command};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Lets the user edit a clear text with `editor` (a program and its arguments); the text afterwards. `name` gives the
/// ending by which an editor knows what it is. The text is in a folder that only the user can enter, in memory where the
/// system has such a place, and it is overwritten before it is removed.
pub fn edit(clear: &[u8], name: &Path, editor: &[String]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let failed = |e: std::io::Error| VaultError::new(format!("cannot keep the text to edit: {e}"));
    let private = env::var_os("XDG_RUNTIME_DIR").filter(|d| Path::new(d).is_dir());
    let folder = match private {
        Some(base) => TempDir::with_prefix_in("kdo-vault-", base),
        None => TempDir::with_prefix("kdo-vault-"),
    }
    .map_err(failed)?;
    let ending = name.extension().map(|e| format!(".{}", e.to_string_lossy()));
    let path = folder
        .path()
        .join(format!("secret{}", ending.unwrap_or_default()));
    file::write(&path, clear).map_err(failed)?;
    let result = run(editor, &path).and_then(|()| file::read(&path).map_err(failed));
    if let Ok(about) = fs::metadata(&path) {
        let zeros = vec![0; usize::try_from(about.len()).unwrap_or(0)];
        // It is removed in any case.
        let _ = fs::write(&path, zeros);
    }
    result
}

fn run(editor: &[String], path: &Path) -> Result<(), VaultError> {
    let (program, words) = editor
        .split_first()
        .ok_or_else(|| VaultError::new("no editor is set"))?;
    let shown = || format!("{} {}", editor.join(" "), path.display());
    match Command::new(program).args(words).arg(path).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(VaultError::new(format!(
            "the editor {program} ended with {status}; nothing was changed"
        ))),
        Err(e) => Err(VaultError::new(format!(
            "Unable to execute the command \"{}\": {e}",
            shown()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::edit;
    use std::path::Path;

    fn with(script: &str) -> Result<Vec<u8>, String> {
        let editor = ["sh", "-c", script, "sh"].map(str::to_owned);
        edit(b"old\n", Path::new("a.yml"), &editor)
            .map(|t| t.to_vec())
            .map_err(|e| e.0)
    }

    #[test]
    fn the_edited_text_comes_back_and_nothing_stays() {
        assert_eq!(with("echo new >> $1").unwrap(), b"old\nnew\n");
        let told = with("echo $1 >&2; case $1 in *.yml) echo \"$1\" > \"$1\";; esac").unwrap();
        let path = String::from_utf8(told).unwrap();
        assert!(path.trim().ends_with(".yml") && !Path::new(path.trim()).exists());
        assert!(with("exit 3").unwrap_err().contains("nothing was changed"));
        let none = edit(b"", Path::new("x"), &["/no/such/editor".to_owned()]).unwrap_err();
        assert!(
            none.0
                .starts_with("Unable to execute the command \"/no/such/editor ")
        );
    }
}
