use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Flavor, Lab, State};

/// An Ansible inventory in YAML, with a group for each flavor. `kdo_lab_console` is where a host's console is written down.
pub(crate) fn ansible(lab: &Lab, state: &State) -> String {
    let mut out = String::from("all:\n  hosts:\n");
    let key = yaml(&lab.key().display().to_string());
    let options = yaml(&format!(
        "-o UserKnownHostsFile={} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes",
        lab.known_hosts().display()
    ));
    let mut groups: BTreeMap<Flavor, Vec<&str>> = BTreeMap::new();
    for host in &state.hosts {
        let _ = write!(
            out,
            "    {}:\n      ansible_host: {}\n      ansible_user: {}\n      ansible_ssh_private_key_file: {key}\n      \
             ansible_ssh_common_args: {options}\n",
            host.name, host.address, host.user
        );
        if host.port != 22 {
            let _ = writeln!(out, "      ansible_port: {}", host.port);
        }
        if let Some(log) = lab.console(host) {
            let _ = writeln!(out, "      kdo_lab_console: {}", yaml(&log.display().to_string()));
        }
        groups.entry(host.flavor).or_default().push(&host.name);
    }
    if state.hosts.is_empty() {
        return "all:\n  hosts: {}\n".to_owned();
    }
    out.push_str("  children:\n");
    for (flavor, names) in groups {
        let _ = write!(out, "    {}:\n      hosts:\n", flavor.group());
        for name in names {
            let _ = writeln!(out, "        {name}:");
        }
    }
    out
}

/// A part of an OpenSSH client configuration.
pub(crate) fn ssh_config(lab: &Lab, state: &State) -> String {
    let mut out = String::new();
    for host in &state.hosts {
        let _ = write!(
            out,
            "Host {}\n  HostName {}\n  Port {}\n  User {}\n  IdentityFile \"{}\"\n  IdentitiesOnly yes\n  \
             UserKnownHostsFile \"{}\"\n  StrictHostKeyChecking yes\n\n",
            host.name,
            host.address,
            host.port,
            host.user,
            lab.key().display(),
            lab.known_hosts().display()
        );
    }
    out
}

/// [`Lab`] takes no folder with quotes in its path, but the rule is cheap to keep.
fn yaml(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Host;

    #[test]
    fn inventory_has_hosts_and_a_group_for_each_flavor() {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab::at(2, folder.path()).unwrap();
        let mut one = Host::new("host1", Flavor::Minimal);
        one.address = lab.address(1);
        let mut two = Host::new("sd1", Flavor::SystemdPython);
        (two.address, two.port) = (lab.address(2), 2222);
        let place = lab.cache().display().to_string();
        let text = ansible(
            &lab,
            &State {
                hosts: vec![one, two],
            },
        );
        let expected = format!(
            "all:
  hosts:
    host1:
      ansible_host: 198.19.32.11
      ansible_user: root
      ansible_ssh_private_key_file: '{place}/id_ed25519'
      ansible_ssh_common_args: '-o UserKnownHostsFile={place}/run2/known_hosts -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes'
      kdo_lab_console: '{place}/run2/hosts/host1/console.log'
    sd1:
      ansible_host: 198.19.32.12
      ansible_user: root
      ansible_ssh_private_key_file: '{place}/id_ed25519'
      ansible_ssh_common_args: '-o UserKnownHostsFile={place}/run2/known_hosts -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes'
      ansible_port: 2222
      kdo_lab_console: '{place}/run2/hosts/sd1/console.log'
  children:
    minimal:
      hosts:
        host1:
    systemd_python:
      hosts:
        sd1:
"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn an_empty_lab_is_an_empty_inventory() {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab::at(0, folder.path()).unwrap();
        assert_eq!(ansible(&lab, &State::default()), "all:\n  hosts: {}\n");
        assert_eq!(ssh_config(&lab, &State::default()), "");
    }
}
