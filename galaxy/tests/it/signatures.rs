//! Signatures by OpenPGP of collections on a Galaxy server, checked with a real keyring.

use crate::bench::{Answer, Project, Web, collection, collection_archive};
use kdo_galaxy::{Cause, Digest, Failure, Overrides, Requirements, Signatures, Sources};
use kdo_syntax::SourceMap;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

/// A user of GnuPG with one key; its agent ends with it.
struct Signer {
    home: tempfile::TempDir,
}

impl Signer {
    fn new() -> Self {
        let signer = Self {
            home: tempfile::tempdir().unwrap(),
        };
        let new = [
            "--quick-generate-key",
            "--passphrase",
            "",
            "test@acme.test",
            "ed25519",
        ];
        signer.gpg(&new);
        signer
    }

    fn gpg(&self, args: &[&str]) -> Vec<u8> {
        let output = Command::new("gpg")
            .args(["--batch", "--quiet", "--homedir"])
            .arg(self.home.path())
            .args(args)
            .output()
            .unwrap();
        assert!(output.status.success(), "gpg {args:?}: {output:?}");
        output.stdout
    }

    fn sign(&self, bytes: &[u8]) -> String {
        let file = self.home.path().join("message");
        fs::write(&file, bytes).unwrap();
        let args = [
            "--armor",
            "--detach-sign",
            "--output",
            "-",
            file.to_str().unwrap(),
        ];
        String::from_utf8(self.gpg(&args)).unwrap()
    }

    fn keyring(&self, folder: &Path) -> PathBuf {
        let file = folder.join("given-keyring.gpg");
        fs::write(&file, self.gpg(&["--export"])).unwrap();
        file
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .arg("--homedir")
            .arg(self.home.path())
            .args(["--kill", "all"])
            .output();
    }
}

fn manifest_of(archive: &[u8]) -> Vec<u8> {
    let mut tar = Command::new("tar")
        .args(["xzO", "MANIFEST.json"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut tar.stdin.take().unwrap(), archive).unwrap();
    let mut found = Vec::new();
    tar.stdout.take().unwrap().read_to_end(&mut found).unwrap();
    tar.wait().unwrap();
    found
}

/// A server with one collection and these signatures.
fn server(archive: Vec<u8>, signatures: &[String]) -> Web {
    let listed = signatures.iter().map(|s| {
        let quoted = s.replace('\n', "\\n");
        format!("{{\"signature\": \"{quoted}\"}}")
    });
    let listed = listed.collect::<Vec<_>>().join(", ");
    let (archive, hash) = (Arc::new(archive.clone()), Digest::of(&archive).hex());
    Web::start(move |asked, _| match asked.target.as_str() {
        "/api/" => Answer::of(200, r#"{"available_versions": {"v3": "v3/"}}"#),
        "/api/v3/collections/acme/tools/versions/?limit=100" => Answer::of(
            200,
            r#"{"data": [{"version": "1.0.0"}], "links": {"next": null}}"#,
        ),
        "/api/v3/collections/acme/tools/versions/1.0.0/" => Answer::of(
            200,
            format!(
                r#"{{"version": "1.0.0", "download_url": "/file", "artifact": {{"sha256": "{hash}"}},
                "metadata": {{"dependencies": {{}}}}, "signatures": [{listed}]}}"#
            ),
        ),
        "/file" => Answer::of(200, archive.to_vec()),
        _ => Answer::of(404, "{}"),
    })
}

fn install(server: &Web, keyring: Option<PathBuf>, required: &str) -> Result<(), Failure> {
    let mut project = Project::new();
    project.overrides.server = Some(server.url("/api/"));
    project.overrides.signatures = Signatures {
        keyring,
        required: Some(required.to_owned()),
        ..Signatures::default()
    };
    let done = project.install(&[collection("acme.tools", "*")]);
    if done.is_err() {
        project.must_be_untouched();
    }
    done.map(|_| ())
}

#[test]
fn what_is_signed_by_a_key_of_the_keyring_is_installed_and_nothing_else() {
    let (ours, theirs) = (Signer::new(), Signer::new());
    let archive = collection_archive("acme.tools", "1.0.0", &[]);
    let manifest = manifest_of(&archive);
    let folder = tempfile::tempdir().unwrap();
    let keyring = Some(ours.keyring(folder.path()));
    let (good, foreign) = (ours.sign(&manifest), theirs.sign(&manifest));
    let of_another = ours.sign(b"{}");
    let with = |signatures: &[&String], required: &str| {
        let signatures: Vec<String> = signatures.iter().map(|s| (*s).clone()).collect();
        install(&server(archive.clone(), &signatures), keyring.clone(), required)
    };
    with(&[&good], "1").unwrap();
    with(&[&foreign, &good], "1").unwrap();
    // As Ansible has it: what has none passes, unless there is a `+`.
    with(&[], "1").unwrap();
    for (signatures, required, why) in [
        (vec![&foreign], "1", "NO_PUBKEY"),
        (vec![&of_another], "1", "BADSIG"),
        (vec![&good, &foreign], "all", "1 of 2"),
        (vec![&good], "2", "1 of 1"),
        (vec![], "+1", "no signature"),
        (vec![&"nonsense".to_owned()], "1", "0 of 1"),
    ] {
        let failure = with(&signatures, required).unwrap_err();
        assert_eq!(failure.cause, Cause::Mismatch, "{required}: {failure}");
        assert!(failure.to_string().contains(why), "{why}: {failure}");
    }
}

#[test]
fn a_keyring_that_cannot_be_used_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.gpg");
    fs::write(&empty, "").unwrap();
    let text = folder.path().join("text.gpg");
    fs::write(&text, "no keyring at all\n").unwrap();
    for keyring in [folder.path().join("missing.gpg"), empty, text] {
        let config = kdo_config::Config::load_from(kdo_config::Environment::of_process()).unwrap();
        let overrides = Overrides {
            signatures: Signatures {
                keyring: Some(keyring.clone()),
                ..Signatures::default()
            },
            ..Overrides::default()
        };
        let failure = Sources::new(&config, &overrides, Project::new().store())
            .err()
            .unwrap();
        assert!(failure.to_string().contains("keyring"), "{failure}");
        let disabled = Overrides {
            signatures: Signatures {
                keyring: Some(keyring),
                disabled: true,
                ..Signatures::default()
            },
            ..Overrides::default()
        };
        assert!(Sources::new(&config, &disabled, Project::new().store()).is_ok());
    }
}

/// The fingerprint of a user's only key.
fn fingerprint(signer: &Signer) -> String {
    let listed = String::from_utf8(signer.gpg(&["--with-colons", "--list-keys"])).unwrap();
    let line = listed.lines().find(|l| l.starts_with("fpr:")).unwrap();
    line.split(':').nth(9).unwrap().to_owned()
}

#[test]
fn a_policy_names_keys_of_gnupg_for_collections() {
    let (ours, theirs) = (Signer::new(), Signer::new());
    let archive = collection_archive("acme.tools", "1.0.0", &[]);
    let manifest = manifest_of(&archive);
    let (good, foreign) = (ours.sign(&manifest), theirs.sign(&manifest));
    let folder = tempfile::tempdir().unwrap();
    let keyring = ours.keyring(folder.path());
    let both = folder.path().join("given-both.gpg");
    let keys = [ours.gpg(&["--export"]), theirs.gpg(&["--export"])].concat();
    fs::write(&both, keys).unwrap();
    let try_with = |policy: &str, signatures: &[&String], all: Option<&PathBuf>| {
        let signatures: Vec<String> = signatures.iter().map(|s| (*s).clone()).collect();
        let server = server(archive.clone(), &signatures);
        let mut project = Project::new();
        project.overrides.server = Some(server.url("/api/"));
        project.overrides.signatures.keyring = all.cloned();
        project.settings = format!("[galaxy_trust]\nacme.* = {policy}\n");
        let list = [collection("acme.tools", "*")];
        let done = project.install(&list);
        match &done {
            Err(_) => project.must_be_untouched(),
            Ok(_) => {
                let lock = project.lock(&list).unwrap();
                assert_eq!(lock.packages[0].signers, [format!("gpg:{}", fingerprint(&ours))]);
            }
        }
        done.map(|_| ())
    };
    let by_keyring = format!("gpg:{}", keyring.display());
    let by_key = format!("gpg:{}", fingerprint(&ours));
    try_with(&by_keyring, &[&foreign, &good], None).unwrap();
    // Where the key is known, only the one that is named counts.
    try_with(&by_key, &[&good], Some(&both)).unwrap();
    for (policy, signatures) in [
        (&by_keyring, vec![]),
        (&by_keyring, vec![&foreign]),
        (&by_key, vec![&foreign]),
    ] {
        let failure = try_with(policy, &signatures, Some(&both)).unwrap_err();
        assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
        let help = failure.diagnostic.help.clone().unwrap();
        assert!(help.contains("[galaxy_trust]") && help.contains("gpg:"), "{help}");
    }
}

#[test]
fn signed_means_that_every_installed_byte_is_covered() {
    let signer = Signer::new();
    let archive = collection_archive("acme.tools", "1.0.0", &[]);
    let signature = signer.sign(&manifest_of(&archive));
    let folder = tempfile::tempdir().unwrap();
    let keyring = Some(signer.keyring(folder.path()));
    // Another task, and a FILES.json that says so: the signed MANIFEST.json does not.
    let other = folder.path().join("other");
    crate::bench::collection_folder(&other, "acme.tools", "1.0.0", &[]);
    fs::write(other.join("roles/demo/tasks/main.yml"), "- command: rm -rf /\n").unwrap();
    let mut changed = Vec::new();
    kdo_galaxy::Building::of_folder(&other)
        .unwrap()
        .write(&mut changed)
        .unwrap();
    let repacked = |tar: &str| {
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for (path, bytes) in [(&from, &changed), (&to, &archive)] {
            let _ = fs::remove_dir_all(path);
            fs::create_dir_all(path).unwrap();
            fs::write(path.join("a.tar.gz"), bytes).unwrap();
            let args = ["xzf", "a.tar.gz", "--one-top-level=x"];
            assert!(
                Command::new("tar")
                    .args(args)
                    .current_dir(path)
                    .status()
                    .unwrap()
                    .success()
            );
        }
        let script = format!(
            "set -e; {tar}; cd from/x; tar czf ../../made.tar.gz MANIFEST.json FILES.json $(ls | grep -v json)"
        );
        let done = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .status();
        assert!(done.unwrap().success());
        fs::read(folder.path().join("made.tar.gz")).unwrap()
    };
    let attempts = [
        (
            "only a file is changed",
            "cp to/x/MANIFEST.json to/x/FILES.json from/x/",
        ),
        ("its list is changed too", "cp to/x/MANIFEST.json from/x/"),
        (
            "a file is added",
            "cp -r to/x/. from/x/; echo x > from/x/roles/demo/more.yml",
        ),
        (
            "its hash is left out",
            "cp -r to/x/. from/x/; sed -i 's/\"chksum_sha256\": \"[0-9a-f]*\"/\"chksum_sha256\": null/' from/x/FILES.json; echo x >> from/x/README.md",
        ),
    ];
    install(
        &server(archive.clone(), std::slice::from_ref(&signature)),
        keyring.clone(),
        "+1",
    )
    .unwrap();
    for (what, script) in attempts {
        let made = repacked(script);
        let server = server(made, std::slice::from_ref(&signature));
        let failure = install(&server, keyring.clone(), "1").expect_err(what);
        assert!(
            matches!(failure.cause, Cause::Mismatch | Cause::Refused),
            "{what}: {failure}"
        );
    }
}

/// Here the real ansible-galaxy ends with a traceback (2.19.14).
#[test]
fn a_keyring_does_not_keep_files_from_being_installed() {
    let signer = Signer::new();
    let archive = collection_archive("acme.tools", "1.0.0", &[]);
    let signature = signer.sign(&manifest_of(&archive));
    let mut project = Project::new();
    let file = project.path("given.tar.gz");
    fs::write(&file, &archive).unwrap();
    let armour = project.write("given.asc", &signature);
    project.overrides.signatures = Signatures {
        keyring: Some(signer.keyring(file.parent().unwrap())),
        ..Signatures::default()
    };
    let entry = |project: &Project, more: &str| {
        let text = format!(
            "collections:\n- {{name: '{}', type: file{more}}}\n",
            file.display()
        );
        let read = Requirements::read(&project.write("given.yml", &text), &SourceMap::new());
        read.unwrap().list
    };
    project.install(&entry(&project, "")).unwrap();
    let mut strict = Project::new();
    strict.overrides = project.overrides;
    strict.overrides.signatures.required = Some("+1".to_owned());
    let failure = strict.install(&entry(&strict, "")).unwrap_err();
    assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
    let named = format!(", signatures: 'file://{}'", armour.display());
    strict.install(&entry(&strict, &named)).unwrap();
}
