//! The SSH key that `user` can make.

use crate::{
    host::{Command, User as Account},
    prelude::*,
};
use std::{
    fs,
    os::unix::fs::lchown,
    path::{Path, PathBuf},
};

/// A key pair for the user.
#[derive(Params)]
pub(super) struct KeyParams {
    /// Make an SSH key pair, if there is none.
    #[param(default = false)]
    generate_ssh_key: bool,
    /// Bits of the key; without, the program decides.
    ssh_key_bits: Option<i64>,
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

impl KeyParams {
    /// Makes the key pair if wanted and missing, and adds what results say of it.
    pub(super) fn generate(&self, host: &mut Host<'_>, user: &Account, out: &Map) -> Result<(), Failure> {
        if !self.generate_ssh_key {
            return Ok(());
        }
        let home = Path::new(&user.home);
        let default = PathBuf::from(format!(".ssh/id_{}", self.ssh_key_type));
        let file = home.join(self.ssh_key_file.as_ref().unwrap_or(&default));
        let failed =
            |e: std::io::Error| Failure::new(format!("could not make a key in {}: {e}", file.display()));
        if !file.exists() {
            let program = host.need_program("ssh-keygen", "openssh-client")?;
            let folder = file.parent().unwrap_or(home);
            if !home.exists() && !host.check() {
                return Err(Failure::new(format!(
                    "User {} home directory does not exist",
                    user.name
                )));
            }
            if !folder.exists() && !host.check() {
                fs::create_dir_all(folder).map_err(failed)?;
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
                fs::set_permissions(folder, private).map_err(failed)?;
                lchown(folder, Some(user.uid), Some(user.gid)).map_err(failed)?;
            }
            let node = rustix::system::uname().nodename().to_string_lossy().into_owned();
            let mut c = Command::new(program).args(["-q", "-t"]).arg(&self.ssh_key_type);
            if let Some(bits) = self.ssh_key_bits.filter(|b| *b > 0) {
                c = c.arg("-b").arg(bits.to_string());
            }
            c = c
                .arg("-C")
                .arg(self.ssh_key_comment.replace("$HOSTNAME", &node))
                .arg("-f")
                .path(&file);
            c = c.arg("-N").arg(self.ssh_key_passphrase.as_deref().unwrap_or(""));
            if let Some(answer) = host.execute(c)? {
                answer.success("ssh-keygen failed")?;
                for path in [file.clone(), public(&file)] {
                    lchown(&path, Some(user.uid), Some(user.gid)).map_err(failed)?;
                }
            }
        }
        if file.exists() {
            let path = public(&file);
            let answer = host.query(
                Command::new(host.need_program("ssh-keygen", "openssh-client")?)
                    .arg("-l")
                    .arg("-f")
                    .path(&path),
            )?;
            let words = if answer.rc == 0 {
                answer.stdout_text()
            } else {
                answer.stderr_text()
            };
            out.insert("ssh_fingerprint", words.trim());
            out.insert("ssh_key_file", file.to_string_lossy().into_owned());
            let key = fs::read_to_string(&path).unwrap_or_default();
            out.insert("ssh_public_key", key.trim());
        }
        Ok(())
    }
}

fn public(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}
