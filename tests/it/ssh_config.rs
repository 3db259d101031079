use crate::program::{Bench, said};
use std::{fs, process::Command};

const HOSTS: &str = "all:
  vars: {domain: example.org, ansible_user: op}
  hosts:
    host1: {ansible_host: 'host1.{{ domain }}', ansible_port: 2222, ansible_ssh_common_args: '-o Compression=yes -J jump'}
    here: {ansible_connection: local}
";

#[test]
fn ssh_reaches_hosts_as_the_inventory_says() {
    let bench = Bench::new();
    bench.file("hosts.yml", HOSTS);
    bench.file(".ssh/config", "Host *\n  User me\n");
    for _ in 0..2 {
        let said = bench.run(&["ssh-config", "-i", "hosts.yml", "--name", "x", "--write"]);
        assert_eq!(said.code, 0, "{said:?}");
    }
    let config = fs::read_to_string(bench.path().join(".ssh/config")).unwrap();
    assert_eq!(config, "Include config.d/kdo-*\nHost *\n  User me\n");
    // Files of others' homes are looked for in theirs: the written file is given by name.
    let written = bench.path().join(".ssh/config.d/kdo-x");
    let read = said(Command::new("ssh").arg("-F").arg(&written).args(["-G", "host1"]));
    assert_eq!(read.code, 0, "{read:?}");
    for line in [
        "user op",
        "hostname host1.example.org",
        "port 2222",
        "compression yes",
        "proxyjump jump",
    ] {
        assert!(read.out.lines().any(|l| l == line), "{line}: {read:?}");
    }
    assert!(!fs::read_to_string(&written).unwrap().contains("Host here"));
    assert_eq!(bench.run(&["ssh-config", "--name", "x", "--remove"]).code, 0);
    assert!(!written.exists());
}

#[test]
fn a_value_that_would_be_further_lines_is_refused() {
    let bench = Bench::new();
    bench.file(
        "hosts.yml",
        "all: {hosts: {h: {ansible_host: \"a\\nProxyCommand evil\"}}}\n",
    );
    let said = bench.run(&["ssh-config", "-i", "hosts.yml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("h: ") && !said.out.contains("evil"), "{said:?}");
}
