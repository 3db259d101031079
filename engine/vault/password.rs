//! Passwords from files and from programs that print them.

use crate::{VaultError, VaultKeys, is_sealed};
use std::{
    env, fs,
    io::Read,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// Exit status of a client program that has no password of that label.
const UNKNOWN: i32 = 2;

/// The file of a vault password.
pub fn find(path: &Path) -> Result<PathBuf, VaultError> {
    let path = absolute(path);
    let shown = path.display();
    if !path.exists() {
        return Err(VaultError::new(format!(
            "The vault password file {shown} was not found"
        )));
    }
    if path.is_dir() {
        return Err(VaultError::new(format!(
            "The vault password file provided '{shown}' can not be a directory"
        )));
    }
    Ok(path)
}

/// A vault password from a file that was found. An executable file is run; one whose name ends with `-client` is told the
/// label. A file may itself be sealed with one of the `known` passwords.
pub fn of_vault(path: &Path, label: Option<&str>, known: &VaultKeys) -> Result<Vec<u8>, VaultError> {
    let shown = path.display();
    let (bytes, from) = if is_program(path) {
        (printed(path, label)?, "script")
    } else {
        let bytes = fs::read(path)
            .map_err(|e| VaultError::new(format!("Could not read vault password file '{shown}': {e}")))?;
        let text = bytes.trim_ascii();
        let clear = if is_sealed(text) {
            known.open(&String::from_utf8_lossy(text))?
        } else {
            text.to_vec()
        };
        (clear, "file")
    };
    let password = without_line_end(&bytes);
    if password.is_empty() {
        return Err(VaultError::new(format!(
            "Invalid vault password was provided from {from} ({shown})"
        )));
    }
    Ok(password.to_vec())
}

/// What a program prints.
fn printed(path: &Path, label: Option<&str>) -> Result<Vec<u8>, VaultError> {
    let shown = path.display();
    let client = path
        .file_stem()
        .is_some_and(|n| n.as_bytes().ends_with(b"-client"));
    let kind = if client { "client script" } else { "script" };
    let mut command = Command::new(path);
    if client {
        command.args(label.iter().flat_map(|l| ["--vault-id", l]));
        command.stderr(Stdio::piped());
    } else {
        // Such a program may ask the user something.
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    }
    let Output { status, stdout, stderr } = command.output().map_err(|e| {
        VaultError::new(format!(
            "Problem running vault password {kind} {shown} ({e}). If this is not a script, remove the executable bit from \
             the file."
        ))
    })?;
    if status.success() {
        return Ok(stdout);
    }
    let code = status.code().unwrap_or(-1);
    let said = String::from_utf8_lossy(&stderr).trim_end().to_owned();
    let id = label.unwrap_or("None");
    Err(VaultError::new(match (client, code) {
        (true, UNKNOWN) => {
            format!("Vault password client script {shown} did not find a secret for vault-id={id}: {said}")
        }
        (true, _) => format!(
            "Vault password client script {shown} returned non-zero ({code}) when getting secret for vault-id={id}: {said}"
        ),
        (false, _) => format!("Vault password script {shown} returned non-zero ({code}): None"),
    }))
}

/// Any other password (`what`: the connection's, the become user's): from a file, a program or, for `-`, standard input.
pub fn of_file(path: &Path, what: &str) -> Result<String, VaultError> {
    let shown = path.display();
    let failed =
        |e: std::io::Error| VaultError::new(format!("Could not read {what} password file {shown}: {e}"));
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map_err(failed)?;
        bytes
    } else {
        let path = absolute(path);
        if !path.exists() {
            return Err(VaultError::new(format!(
                "The password file {} was not found",
                path.display()
            )));
        }
        if path.is_dir() {
            return Err(VaultError::new(format!(
                "The password file provided '{}' can not be a directory",
                path.display()
            )));
        }
        if is_program(&path) {
            let result = Command::new(&path)
                .stdin(Stdio::inherit())
                .stderr(Stdio::inherit())
                .output()
                .map_err(|e| {
                    VaultError::new(format!(
                        "Problem occurred when trying to run the password script {shown} ({e}). If this is not a script, \
                         remove the executable bit from the file."
                    ))
                })?;
            if !result.status.success() {
                return Err(VaultError::new(format!(
                    "The password script {shown} returned an error (rc={})",
                    result.status.code().unwrap_or(-1)
                )));
            }
            result.stdout
        } else {
            fs::read(&path).map_err(failed)?
        }
    };
    let password = without_line_end(&bytes);
    if password.is_empty() {
        return Err(VaultError::new(format!(
            "Empty password was provided from {shown}"
        )));
    }
    String::from_utf8(password.to_vec())
        .map_err(|_| VaultError::new(format!("the {what} password in {shown} is not UTF-8")))
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o111 != 0)
}

fn without_line_end(bytes: &[u8]) -> &[u8] {
    let is_end = |b: &&u8| matches!(b, b'\r' | b'\n');
    let start = bytes.iter().take_while(is_end).count();
    let end = bytes.iter().rev().take_while(is_end).count();
    bytes
        .get(start..bytes.len() - end.min(bytes.len() - start))
        .unwrap_or_default()
}

/// `~` is the home directory; links stay, so that a program finds what is beside it.
fn absolute(path: &Path) -> PathBuf {
    let expanded = match (path.strip_prefix("~"), env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    };
    std::path::absolute(&expanded).unwrap_or(expanded)
}

#[cfg(test)]
mod tests {
    use super::{find, of_file, of_vault, without_line_end};
    use crate::{VaultKeys, VaultSecret};
    use std::{
        fs::{Permissions, set_permissions, write},
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
    };

    fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[test]
    fn files_programs_and_clients_give_passwords() {
        let dir = tempfile::tempdir().unwrap();
        let none = VaultKeys::default();
        let file = dir.path().join("pw");
        write(&file, " secret \r\n").unwrap();
        assert_eq!(of_vault(&file, None, &none).unwrap(), b"secret");
        assert_eq!(of_file(&file, "become").unwrap(), " secret ");
        let plain = script(dir.path(), "ask.sh", "echo \" $#\"");
        assert_eq!(of_vault(&plain, Some("dev"), &none).unwrap(), b" 0");
        let client = script(dir.path(), "x-client.sh", "echo \"$@\"");
        assert_eq!(of_vault(&client, Some("dev"), &none).unwrap(), b"--vault-id dev");
        let lost = script(dir.path(), "lost-client", "echo no such >&2; exit 2");
        let told = of_vault(&lost, Some("dev"), &none).unwrap_err().0;
        assert!(
            told.ends_with("did not find a secret for vault-id=dev: no such"),
            "{told}"
        );
    }

    #[test]
    fn a_password_may_be_sealed_itself() {
        let dir = tempfile::tempdir().unwrap();
        let outer = VaultSecret {
            id: "default".into(),
            password: b"outer".to_vec(),
        };
        let file = dir.path().join("pw");
        write(&file, outer.seal(b"inner\n").unwrap()).unwrap();
        let known = VaultKeys::new(vec![outer]);
        assert_eq!(of_vault(&file, None, &known).unwrap(), b"inner");
        assert!(of_vault(&file, None, &VaultKeys::default()).is_err());
    }

    #[test]
    fn what_is_no_password_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let empty = dir.path().join("empty");
        write(&empty, "\n").unwrap();
        let told = |p: &Path| of_vault(p, None, &VaultKeys::default()).unwrap_err().0;
        assert!(told(&empty).starts_with("Invalid vault password was provided from file ("));
        let lost = |p: &Path| find(p).unwrap_err().0;
        assert!(lost(dir.path()).ends_with("can not be a directory"));
        assert!(lost(&dir.path().join("none")).ends_with("was not found"));
        assert!(of_file(&empty, "connection").is_err());
        assert_eq!(without_line_end(b"\n\n"), b"");
    }
}
