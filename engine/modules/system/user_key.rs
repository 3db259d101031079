//! The SSH key that `user` can make.

use super::{keygen::with_passphrase, user::User};
use crate::{
    host::{Command, User as Account},
    prelude::*,
};
use std::{
    fs, io,
    os::unix::fs::lchown,
    path::{Path, PathBuf},
};

/// A comment that means the host's name.
const COMMENT: &str = "ansible-generated on $HOSTNAME";

/// A key pair for the user.
#[derive(Params)]
pub(super) struct KeyParams {
    /// Make an SSH key pair, if there is none (or another one, with `force`).
    generate_ssh_key: Option<bool>,
    /// Bits of the key; without, the program decides.
    #[param(default = 0)]
    ssh_key_bits: i64,
    /// Comment in the public key; without, `ansible-generated on` and the host's name.
    #[param(default = "ansible-generated on $HOSTNAME")]
    ssh_key_comment: String,
    /// File of the key, from the home folder; without, `.ssh/id_` and the type.
    ssh_key_file: Option<PathBuf>,
    /// Passphrase of the key.
    #[param(no_log)]
    ssh_key_passphrase: Option<String>,
    /// Type of the key.
    #[param(default = "rsa")]
    ssh_key_type: String,
}

impl User {
    /// Makes the key pair if wanted and missing, and adds what results say of it.
    pub(super) fn make_key(&self, host: &mut Host<'_>, user: &Account, out: &Map) -> Result<(), Failure> {
        let key = &self.key;
        if key.generate_ssh_key != Some(true) {
            return Ok(());
        }
        let default = PathBuf::from(format!(".ssh/id_{}", key.ssh_key_type));
        let wanted = key.ssh_key_file.as_ref().unwrap_or(&default);
        let home = Path::new(&user.home);
        if !wanted.is_absolute() && !home.exists() && !host.check() {
            return Err(self.failed(1, format!("User {} home directory does not exist", self.name)));
        }
        let file = home.join(wanted);
        self.generate(host, user, &file)?;
        out.insert("ssh_fingerprint", fingerprint(host, &file)?);
        out.insert("ssh_key_file", file.to_string_lossy().into_owned());
        let text = fs::read_to_string(public(&file));
        out.insert(
            "ssh_public_key",
            text.map_or(Value::None, |t| Value::str(t.trim())),
        );
        Ok(())
    }

    fn generate(&self, host: &mut Host<'_>, user: &Account, file: &Path) -> Result<(), Failure> {
        let failed =
            |e: io::Error| self.failed(1, format!("could not make a key in {}: {e}", file.display()));
        let folder = file.parent().unwrap_or(Path::new("/"));
        if !folder.exists() {
            host.mark_changed();
            if host.check() {
                return Ok(());
            }
            host.make_private_directory(folder).map_err(failed)?;
            lchown(folder, Some(user.uid), Some(user.gid)).map_err(failed)?;
        }
        for (path, kind) in [(file.to_owned(), "private"), (public(file), "public")] {
            if !path.exists() {
                continue;
            }
            let shown = path.display();
            if !self.force {
                host.warn(format!(
                    "Found existing ssh key {kind} file \"{shown}\", no force, so skipping ssh-keygen generation"
                ));
                return Ok(());
            }
            host.warn(format!("Overwriting existing ssh key {kind} file \"{shown}\""));
            if !host.check() {
                // The program would ask.
                host.remove(&path)?;
            }
        }
        host.mark_changed();
        if host.check() {
            return Ok(());
        }
        self.call_program(host, file)?;
        for path in [file.to_owned(), public(file)] {
            lchown(&path, Some(user.uid), Some(user.gid)).map_err(failed)?;
        }
        Ok(())
    }

    fn call_program(&self, host: &mut Host<'_>, file: &Path) -> Result<(), Failure> {
        let key = &self.key;
        let program = host.need_program("ssh-keygen", "openssh-client")?;
        let mut c = Command::new(program).arg("-t").arg(&key.ssh_key_type);
        if key.ssh_key_bits > 0 {
            c = c.arg("-b").arg(key.ssh_key_bits.to_string());
        }
        let comment = if key.ssh_key_comment == COMMENT {
            let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
            COMMENT.replace("$HOSTNAME", &name)
        } else {
            key.ssh_key_comment.clone()
        };
        c = c.arg("-C").arg(comment).arg("-f").path(file);
        let Some(passphrase) = &key.ssh_key_passphrase else {
            let out = host.query(c.arg("-N").arg(""))?;
            return match out.rc {
                0 => Ok(()),
                rc => Err(self.failed(rc, out.stderr_text())),
            };
        };
        let said = with_passphrase(host, &c, passphrase)?;
        match said.rc {
            Some(0) => Ok(()),
            Some(rc) => Err(self.failed(rc, said.output.trim())),
            None => Err(self.failed(1, "ssh-keygen took more than 900 seconds")),
        }
    }
}

fn fingerprint(host: &mut Host<'_>, file: &Path) -> Result<String, Failure> {
    if !file.exists() {
        return Ok(String::new());
    }
    let program = host.need_program("ssh-keygen", "openssh-client")?;
    let answer = host.query(Command::new(program).arg("-l").arg("-f").path(file))?;
    let words = if answer.rc == 0 {
        answer.stdout_text()
    } else {
        answer.stderr_text()
    };
    Ok(words.trim().to_owned())
}

fn public(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}
