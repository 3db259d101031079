//! `kdo galaxy sign`: what is published already, in a registry and in a static tree.

use crate::{
    oci_registry::{OciRegistry, has},
    program::{Bench, Said, said},
    registries::{locked_manifest, must, publish, role, run, ssh_key},
};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

#[test]
fn what_a_registry_has_is_signed_by_name_address_and_lock_file() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    if !has("ssh-keygen") {
        return;
    }
    let bench = Bench::new();
    let key = ssh_key(&bench, "key");
    let fingerprint = run("ssh-keygen", &["-l", "-f", &key]);
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    let public = fs::read_to_string(bench.path().join("key.pub")).unwrap();
    let trust = format!("[galaxy_trust]\nacme.* = {}\n", public.trim());
    let to = registry.at("acme");
    for (version, text) in [("1.0", "one"), ("2.0", "two"), ("3.0", "three")] {
        role(&bench, "acme.web", text);
        must(&publish(&bench, "acme.web", version, &to, &[]));
    }
    collection(&bench, "text\n");
    must(&bench.run(&["galaxy", "publish", "tools", "--to", &to]));
    let sign = |args: &[&str]| bench.run(&[&["galaxy", "sign", "--key", &key], args].concat());
    let signer = format!("signed by ssh:{fingerprint}\n");
    let install = |version: &str| {
        bench.file("ansible.cfg", &trust);
        let word = format!("{to},{version},acme.web");
        let done = bench.run(&["galaxy", "role", "install", "--force", &word]);
        bench.file("ansible.cfg", "");
        done.code
    };
    assert_eq!(install("1.0"), 3);
    let done = sign(&["acme.web:1.0", "-s", &to]);
    must(&done);
    assert!(done.out.contains(&signer), "{done:?}");
    assert_eq!((install("1.0"), install("2.0")), (0, 3));
    let again = sign(&["acme.web,1.0", "-s", &to]);
    must(&again);
    assert!(again.out.contains("is signed by this key already"), "{again:?}");
    // A collection, and a role by their addresses.
    let (web, tools) = (format!("{to}/web:2.0"), format!("{to}/tools:1.0.0"));
    must(&sign(&[&web, &tools]));
    assert_eq!(install("2.0"), 0);
    bench.file("ansible.cfg", &trust);
    let from = ["galaxy", "collection", "install", "-s", &to, "acme.tools:1.0.0"];
    must(&bench.run(&from));
    bench.file("ansible.cfg", "");
    // The lock file says which version, and which manifest whatever the tag leads to now.
    bench.file(
        "requirements.yml",
        &format!("roles: [{{name: acme.web, src: '{to}', version: '3.0'}}]\n"),
    );
    let unversioned = sign(&["acme.web"]);
    assert!(
        unversioned.code == 1 && unversioned.err.contains("which version is to be signed?"),
        "{unversioned:?}"
    );
    must(&bench.run(&["galaxy", "lock"]));
    let locked = locked_manifest(&bench);
    let second = registry.ask("GET", "acme/web/manifests/2.0", "").1;
    assert_eq!(registry.ask("PUT", "acme/web/manifests/3.0", &second).0, 201);
    let done = sign(&["acme.web"]);
    must(&done);
    assert!(
        done.out.contains(&format!("{signer}  digest: {locked}\n")),
        "{done:?}"
    );
    bench.file("ansible.cfg", &trust);
    must(&bench.run(&["galaxy", "install", "--locked"]));
    bench.file("ansible.cfg", "");
    let by_hash = format!("{to}/web@{locked}");
    let again = sign(&[&by_hash]);
    must(&again);
    assert!(again.out.contains("is signed by this key already"), "{again:?}");
    // A layout folder is a registry too.
    must(&publish(&bench, "acme.web", "4.0", "oci:layout", &[]));
    must(&sign(&["acme.web:4.0", "-s", "oci:layout"]));
    bench.file("ansible.cfg", &trust);
    must(&bench.run(&["galaxy", "role", "install", "--force", "oci:layout,4.0,acme.web"]));
    for (args, wanted) in [
        (&["oci:layout"][..], "is a folder, not a package in it"),
        (&["acme.web:9.0", "-s", &to], "acme.web 9.0 was not found"),
        (&["acme.none:1.0", "-s", &to], "was not found"),
        (
            &["acme.web:1.0", "-s", "https://galaxy.test/api/"],
            "is no registry of OCI",
        ),
    ] {
        let done = sign(args);
        assert!(done.code == 1 && done.err.contains(wanted), "{wanted}: {done:?}");
    }
}

/// Users of GnuPG with a key each; their agent ends with it.
struct Keys {
    home: PathBuf,
    keyring: String,
}

impl Keys {
    fn of(bench: &Bench, users: &[&str]) -> Option<Self> {
        if !has("gpg") {
            return None;
        }
        let home = bench.path().join("gnupg");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, PermissionsExt::from_mode(0o700)).unwrap();
        let keyring = bench.path().join("keyring.gpg").display().to_string();
        let gpg = |args: &[&str]| {
            let options = ["--batch", "--quiet", "--homedir", home.to_str().unwrap()];
            run("gpg", &[&options[..], args].concat())
        };
        for user in users {
            gpg(&["--quick-generate-key", "--passphrase", "", user, "ed25519"]);
        }
        gpg(&["--output", &keyring, "--export"]);
        Some(Self { home, keyring })
    }

    fn said(&self, bench: &Bench, args: &[&str]) -> Said {
        said(bench.command(args).env("GNUPGHOME", &self.home))
    }

    /// Installs from the static tree, with so many good signatures.
    fn install(&self, bench: &Bench, count: &str) -> Said {
        let server = format!("file://{}/api/", bench.path().join("tree").display());
        let args = [
            "galaxy",
            "collection",
            "install",
            "--force",
            "-s",
            &server,
            "acme.tools",
        ];
        let checked = [
            "--keyring",
            &self.keyring,
            "--required-valid-signature-count",
            count,
        ];
        bench.run(&[&args[..], &checked].concat())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        let mut command = Command::new("gpgconf");
        let _ = command
            .arg("--homedir")
            .arg(&self.home)
            .args(["--kill", "all"])
            .output();
    }
}

/// A collection `acme.tools 1.0.0`.
fn collection(bench: &Bench, text: &str) {
    bench.file("tools/README.md", text);
    bench.file(
        "tools/galaxy.yml",
        "namespace: acme\nname: tools\nversion: 1.0.0\nreadme: README.md\nauthors: [x]\n",
    );
}

#[test]
fn collections_of_a_static_tree_are_signed_by_gpg_each_key_once() {
    let bench = Bench::new();
    let Some(keys) = Keys::of(&bench, &["one@acme.test", "two@acme.test"]) else {
        return;
    };
    collection(&bench, "text\n");
    must(&bench.run(&["galaxy", "publish", "tools", "--to", "static:tree"]));
    let sign = |more: &[&str]| keys.said(&bench, &[&["galaxy", "sign", "-s", "static:tree"], more].concat());
    for (user, word) in [
        ("one", "signed by gpg:"),
        ("one", "is signed by this key already"),
        ("two", "signed by gpg:"),
    ] {
        let done = sign(&[&format!("--gpg={user}@acme.test"), "acme.tools:1.0.0"]);
        must(&done);
        assert!(done.out.contains(word), "{word}: {done:?}");
    }
    must(&keys.install(&bench, "+2"));
    assert_ne!(keys.install(&bench, "+3").code, 0);
    let missing = sign(&["--gpg", "acme.none:1.0.0"]);
    assert!(
        missing.code == 1 && missing.err.contains("does not have acme.none 1.0.0"),
        "{missing:?}"
    );
    let role = [
        "galaxy",
        "role",
        "sign",
        "--gpg",
        "acme.tools:1.0.0",
        "-s",
        "static:tree",
    ];
    let role = keys.said(&bench, &role);
    assert!(
        role.code == 1 && role.err.contains("a role has no MANIFEST.json"),
        "{role:?}"
    );
}

#[test]
fn a_static_tree_is_published_to_and_its_signatures_are_checked() {
    let bench = Bench::new();
    let Some(keys) = Keys::of(&bench, &["one@acme.test"]) else {
        return;
    };
    collection(&bench, "first\n");
    let publish = ["galaxy", "publish", "tools", "--to", "static:tree", "--sign-gpg"];
    let nobody = keys.said(&bench, &[&publish[..], &["nobody@acme.test"]].concat());
    assert!(
        nobody.code == 1 && nobody.err.contains("gpg could not sign"),
        "{nobody:?}"
    );
    let signed = keys.said(&bench, &publish);
    assert!(
        !signed.out.contains("is there already"),
        "published unsigned: {signed:?}"
    );
    must(&signed);
    assert!(signed.out.contains("  signed by gpg:"), "{signed:?}");
    must(&keys.install(&bench, "+1"));
    let missing = Keys {
        home: bench.path().join("none"),
        keyring: "missing.gpg".to_owned(),
    };
    let missing = missing.install(&bench, "1");
    assert!(
        missing.code == 1 && missing.err.contains("keyring"),
        "{missing:?}"
    );
    collection(&bench, "second\n");
    let other = bench.run(&["galaxy", "publish", "tools", "--to", "static:tree"]);
    assert_eq!(other.code, 3, "{other:?}");
}
