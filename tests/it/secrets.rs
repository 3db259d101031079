use crate::program::{Bench, said_with_input};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

#[test]
fn a_vault_file_goes_there_and_back() {
    let bench = Bench::new();
    bench.file("pw", "secret\n");
    let file = bench.file("v.yml", "a: 1\n");
    let vault =
        |args: &[&str]| bench.run(&[&["vault"], args, &["--vault-password-file", "pw", "v.yml"]].concat());
    assert_eq!(vault(&["encrypt"]).code, 0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("$ANSIBLE_VAULT;1.1;AES256\n"), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    assert!(vault(&["encrypt"]).err.contains("already encrypted"));
    assert_eq!(vault(&["view"]).out, "a: 1\n");
    assert_eq!(vault(&["decrypt"]).code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "a: 1\n");
}

/// What ansible-vault made of the text `x: 1` with the password `pw`.
const OF_ANSIBLE: &str = "$ANSIBLE_VAULT;1.1;AES256
35626539396634643638653139393064376666623834396231316166383939376361666164636432
3037343032306565626633323563396161356233656335320a636432376538393937316262393237
35313234383262636335383564396361646634653065633837643862336436656163643335643234
3361366565616165640a303539613361303361323332633731396364386232623234363134336566
3163
";

#[test]
fn what_ansible_encrypted_is_read() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    bench.file("v.yml", OF_ANSIBLE);
    let said = bench.run(&["vault", "view", "--vault-password-file", "pw", "v.yml"]);
    assert_eq!((said.code, said.out.as_str()), (0, "x: 1\n"), "{said:?}");
}

#[test]
fn a_wrong_password_changes_nothing() {
    let bench = Bench::new();
    bench.file("pw", "wrong\n");
    let file = bench.file("v.yml", OF_ANSIBLE);
    for args in [&["decrypt"][..], &["rekey", "--new-vault-password-file", "pw"]] {
        let said = bench.run(&[&["vault"], args, &["--vault-password-file", "pw", "v.yml"]].concat());
        assert_eq!(said.code, 1);
        assert!(said.err.contains("Decryption failed"), "{said:?}");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), OF_ANSIBLE);
}

#[test]
fn another_label_and_password_replace_the_old_ones() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    bench.file("new", "better\n");
    let file = bench.file("v.yml", OF_ANSIBLE);
    let args = [
        "vault",
        "rekey",
        "--vault-password-file",
        "pw",
        "--new-vault-id",
        "dev@new",
        "v.yml",
    ];
    assert_eq!(bench.run(&args).code, 0);
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("$ANSIBLE_VAULT;1.2;AES256;dev\n")
    );
    assert_eq!(
        bench
            .run(&["vault", "view", "--vault-id", "dev@new", "v.yml"])
            .out,
        "x: 1\n"
    );
    assert_eq!(
        bench
            .run(&["vault", "view", "--vault-password-file", "pw", "v.yml"])
            .code,
        1
    );
}

#[test]
fn a_program_gives_the_password_and_learns_its_label() {
    let bench = Bench::new();
    let script = bench.file("my-client.sh", "#!/bin/sh\necho \"$1=$2\"\n");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
    bench.file("plain", "--vault-id=dev\n");
    bench.file("v", "text");
    assert_eq!(
        bench
            .run(&["vault", "encrypt", "--vault-id", "dev@my-client.sh", "v"])
            .code,
        0
    );
    assert_eq!(
        bench.run(&["vault", "view", "--vault-id", "dev@plain", "v"]).out,
        "text\n"
    );
}

#[test]
fn texts_are_encrypted_ready_for_yaml() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    let args = [
        "vault",
        "encrypt_string",
        "--vault-password-file",
        "pw",
        "foo",
        "-n",
        "bar",
    ];
    let said = bench.run(&args);
    assert!(
        said.out
            .starts_with("bar: !vault |\n          $ANSIBLE_VAULT;1.1;AES256\n          "),
        "{said:?}"
    );
    bench.file(
        "hosts",
        &format!(
            "all:\n  hosts:\n    h:\n      {}",
            said.out.replace('\n', "\n      ")
        ),
    );
    let args = [
        "vault",
        "encrypt_string",
        "--vault-password-file",
        "pw",
        "--stdin-name",
        "s",
    ];
    let said = said_with_input(&mut bench.command(&args), "from stdin");
    assert!(said.out.starts_with("s: !vault |\n"), "{said:?}");
}

#[test]
fn several_passwords_need_a_choice_to_encrypt() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    bench.file("v", "text");
    let said = bench.run(&[
        "vault",
        "encrypt",
        "--vault-id",
        "a@pw",
        "--vault-id",
        "b@pw",
        "v",
    ]);
    assert_eq!(said.code, 5);
    assert!(
        said.err.contains("The vault-ids a,b are available to encrypt"),
        "{said:?}"
    );
    let args = [
        "vault",
        "encrypt",
        "--vault-id",
        "a@pw",
        "--vault-id",
        "b@pw",
        "--encrypt-vault-id",
        "b",
        "v",
    ];
    assert_eq!(bench.run(&args).code, 0);
    assert!(
        std::fs::read_to_string(bench.path().join("v"))
            .unwrap()
            .starts_with("$ANSIBLE_VAULT;1.2;AES256;b\n")
    );
}

#[test]
fn an_edited_file_is_encrypted_again_and_leaves_nothing() {
    let bench = Bench::new();
    bench.file("pw", "pw\n");
    let file = bench.file("v.yml", OF_ANSIBLE);
    std::fs::create_dir(bench.path().join("tmp")).unwrap();
    let mut command = bench.command(&[
        "vault",
        "edit",
        "--skip-tty-check",
        "--vault-password-file",
        "pw",
        "v.yml",
    ]);
    command
        .env("EDITOR", "sed -i s/1/2/")
        .env("TMPDIR", bench.path().join("tmp"));
    assert!(command.status().unwrap().success());
    assert_ne!(std::fs::read_to_string(&file).unwrap(), OF_ANSIBLE);
    let create = bench.run(&["vault", "create", "--vault-password-file", "pw", "new.yml"]);
    assert!(create.err.contains("not a tty"), "{create:?}");
    assert_eq!(
        bench
            .run(&["vault", "view", "--vault-password-file", "pw", "v.yml"])
            .out,
        "x: 2\n"
    );
    assert_eq!(std::fs::read_dir(bench.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_missing_module_is_told_under_no_log_but_nothing_of_its_task() {
    let bench = Bench::new();
    bench.file(
        "p.yml",
        r#"- hosts: localhost
  gather_facts: false
  tasks:
    - {community.mysql.mysql_user: {name: x, password: s3cr3t}, no_log: true, ignore_errors: true}
    - community.mysql.mysql_user: {name: x, password: "{{ item }}"}
      loop: [s3cr3t]
      no_log: true
"#,
    );
    let said = bench.run(&["play", "p.yml"]);
    assert_eq!(said.code, 2, "{said:?}");
    let told = "the module `community.mysql.mysql_user` is not part of kdo";
    let all = said.out + &said.err;
    assert_eq!(all.matches(told).count(), 2, "{all}");
    assert!(!all.contains("s3cr3t"), "{all}");
}
