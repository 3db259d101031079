//! Public host keys of the SSH server.

use super::{Gather, source};

pub(super) fn collect(g: &mut Gather<'_, '_>) {
    for folder in ["/etc/ssh", "/etc/openssh", "/etc"] {
        let mut found = false;
        for kind in ["dsa", "rsa", "ecdsa", "ed25519"] {
            let Some(line) = source::text(format!("{folder}/ssh_host_{kind}_key.pub")) else {
                continue;
            };
            let mut words = line.split_whitespace();
            if let (Some(keytype), Some(key)) = (words.next(), words.next()) {
                g.facts.insert(format!("ssh_host_key_{kind}_public"), key);
                g.facts
                    .insert(format!("ssh_host_key_{kind}_public_keytype"), keytype);
                found = true;
            }
        }
        if found {
            return;
        }
    }
}
