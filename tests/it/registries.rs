//! `kdo galaxy publish` and what installs from there: a real registry of OCI, skopeo, oras, ssh-keygen.

use crate::{
    oci_registry::{OciRegistry, has},
    program::{Bench, Said, root, said, said_with_input},
    venv::python_program,
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

pub(crate) fn role(bench: &Bench, name: &str, says: &str) {
    bench.file(
        &format!("{name}/tasks/main.yml"),
        &format!("- debug: msg='{says}'\n"),
    );
}

pub(crate) fn publish(bench: &Bench, path: &str, version: &str, to: &str, more: &[&str]) -> Said {
    let args = [
        &["galaxy", "publish", path, "--version", version, "--to", to],
        more,
    ];
    bench.run(&args.concat())
}

pub(crate) fn must(said: &Said) {
    assert_eq!(said.code, 0, "{said:?}");
}

pub(crate) fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a key without a passphrase; its file.
pub(crate) fn ssh_key(bench: &Bench, name: &str) -> String {
    let path = bench.path().join(name).display().to_string();
    run(
        "ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &path],
    );
    path
}

/// The hash of the first manifest in the lock file.
pub(crate) fn locked_manifest(bench: &Bench) -> String {
    let lock = fs::read_to_string(bench.path().join("requirements.lock")).unwrap();
    let rest = lock.split("manifest = \"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn the_roles_of_this_project_go_through_a_registry_into_an_empty_project() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    let roles = root().join("roles");
    for name in ["bootlinux", "fstests", "selftests"] {
        let path = roles.join(name).display().to_string();
        let done = publish(&bench, &path, "1.2.3", &registry.at("kdo"), &[]);
        must(&done);
        assert!(
            done.out.contains(&format!("/kdo/{name}:1.2.3 published\n")),
            "{done:?}"
        );
    }
    let asked = ["bootlinux", "fstests", "selftests"].map(|n| {
        format!(
            "  - src: {}\n    version: 1.2.3\n",
            registry.at(&format!("kdo/{n}"))
        )
    });
    bench.file("requirements.yml", &format!("roles:\n{}", asked.concat()));
    must(&bench.run(&["galaxy", "lock"]));
    must(&bench.run(&["galaxy", "install", "--locked"]));
    must(&bench.run(&["galaxy", "verify"]));
    for name in ["bootlinux", "fstests", "selftests"] {
        let tasks = bench.run(&["play", name, "-i", "host1,", "--limit", "host1", "--list-tasks"]);
        must(&tasks);
        assert!(tasks.out.contains(&format!("{name} : ")), "{tasks:?}");
    }
    // What is installed is what lies here, but for what installers write.
    let other = |folder: &Path| {
        let installed = bench.path().join(".ansible/roles/fstests");
        let output = Command::new("diff")
            .args(["-r", "--exclude=.galaxy_install_info"])
            .arg(folder)
            .arg(installed)
            .output();
        output.unwrap()
    };
    let other = other(&roles.join("fstests"));
    assert!(other.status.success(), "{other:?}");
    // From the store, with the registry gone.
    drop(registry);
    fs::remove_dir_all(bench.path().join(".ansible/roles")).unwrap();
    must(&bench.run(&["galaxy", "install", "--locked", "--offline"]));
}

#[test]
fn a_published_version_never_changes() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "acme.web", "first");
    let to = registry.at("x");
    must(&publish(&bench, "acme.web", "1.0.0+a", &to, &[]));
    let before = registry.ask("GET", "x/acme/web/manifests/1.0.0_a", "");
    assert_eq!(before.0, 200);
    let again = publish(&bench, "acme.web", "1.0.0+a", &to, &[]);
    must(&again);
    assert!(
        again.out.contains("is there already, with the same content"),
        "{again:?}"
    );
    role(&bench, "acme.web", "second");
    let other = publish(&bench, "acme.web", "1.0.0+a", &to, &[]);
    assert_eq!(other.code, 3, "{other:?}");
    assert!(
        other.err.contains("is there already with other content"),
        "{other:?}"
    );
    assert_eq!(registry.ask("GET", "x/acme/web/manifests/1.0.0_a", ""), before);
    // Somebody who moves the tag all the same is found out by the lock.
    bench.file("requirements.yml", &format!("roles:\n  - src: {to}/acme/web\n"));
    must(&bench.run(&["galaxy", "lock"]));
    must(&publish(&bench, "acme.web", "2.0", &to, &[]));
    let moved = registry.ask("GET", "x/acme/web/manifests/2.0", "").1;
    let status = registry.ask("PUT", "x/acme/web/manifests/1.0.0_a", &moved).0;
    assert_eq!(status, 201);
    must(&bench.run(&["galaxy", "install", "--locked", "-p", "from-store"]));
    let forget = || fs::remove_dir_all(bench.path().join(".cache/kdo/galaxy")).unwrap();
    // What was locked is still there, under its hash.
    forget();
    must(&bench.run(&["galaxy", "install", "--locked", "-p", "by-hash"]));
    let tasks = fs::read_to_string(bench.path().join("by-hash/web/tasks/main.yml")).unwrap();
    assert!(tasks.contains("first"), "{tasks}");
    let locked = locked_manifest(&bench);
    assert_eq!(
        registry
            .ask("DELETE", &format!("x/acme/web/manifests/{locked}"), "")
            .0,
        202
    );
    forget();
    let refused = bench.run(&["galaxy", "install", "--locked"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let told = format!(
        "the manifest that was locked, {locked}, is not on {to}/acme/web; the tag 1.0.0_a leads to sha256:"
    );
    assert!(refused.err.contains(&told), "{refused:?}");
    assert!(!bench.path().join(".ansible/roles/web").exists());
}

#[test]
fn what_a_role_does_not_say_is_found_out_and_shown() {
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    bench.file("acme.web/README.md", "# web\n\nServes pages.\n");
    let shown = publish(&bench, "acme.web", "1.0", "oci:layout", &["--dry-run"]);
    must(&shown);
    for line in [
        "  description: Serves pages. (README)\n",
        "  meta/main.yml: written",
        "  tasks/main.yml\n",
    ] {
        assert!(shown.out.contains(line), "{line}: {shown:?}");
    }
    assert!(!bench.path().join("layout").exists());
    let unversioned = bench.run(&["galaxy", "publish", "acme.web", "--to", "oci:layout"]);
    assert_eq!(unversioned.code, 1, "{unversioned:?}");
    assert!(unversioned.err.contains("there is no version"), "{unversioned:?}");
    must(&publish(&bench, "acme.web", "1.0", "oci:layout", &[]));
    assert!(!bench.path().join("acme.web/meta").exists());
    must(&bench.run(&[
        "galaxy",
        "role",
        "install",
        "-p",
        "roles",
        "oci:layout,1.0,acme.web",
    ]));
    let meta = fs::read_to_string(bench.path().join("roles/acme.web/meta/main.yml")).unwrap();
    assert!(
        meta.contains("namespace: acme\n") && meta.contains("description: Serves pages.\n"),
        "{meta}"
    );
}

#[test]
fn a_registry_with_tls_and_a_password() {
    let Some(registry) = OciRegistry::guarded() else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    let authority = registry.authority().display().to_string();
    let (host, to) = (registry.host(), registry.at("acme"));
    let trusting = |args: &[&str]| {
        let mut command = bench.command(args);
        command.env("KDO_CA_FILE", &authority);
        command
    };
    let send = ["galaxy", "publish", "acme.web", "--version", "1.0", "--to", &to];
    let distrusted = bench.run(&send);
    assert!(
        distrusted.code == 1 && distrusted.err.contains("certificate"),
        "{distrusted:?}"
    );
    let unknown = said(&mut trusting(&send));
    let wanted = format!("{host}: the registry wants to know who we are\n");
    assert!(unknown.code == 1 && unknown.err.contains(&wanted), "{unknown:?}");
    let login = |password: &str| {
        let args = ["galaxy", "login", "-u", "me", "--password-stdin", &host];
        said_with_input(&mut trusting(&args), password)
    };
    let wrong = login("wrong");
    let wanted = format!("{host}: wrong user or password (as \"me\", from what was typed)\n");
    assert!(wrong.code == 1 && wrong.err.contains(&wanted), "{wrong:?}");
    let kept = bench.path().join(".docker/config.json");
    assert!(!kept.exists());
    must(&login("secret\n"));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    must(&said(&mut trusting(&send)));
    let word = format!("{to}/web");
    let install = ["galaxy", "role", "install", "--force", &word];
    must(&said(&mut trusting(&install)));
    must(&bench.run(&["galaxy", "logout", &host]));
    assert_eq!(said(&mut trusting(&install)).code, 1);
    // From a program that keeps passwords; it gets the host by its standard input and nothing by a shell.
    let helper = bench.file(
        "bin/docker-credential-test",
        "#!/bin/sh\nread -r host\n[ \"$1 $host\" = \"get $WANTED\" ] || exit 1\n\
         echo '{\"Username\": \"me\", \"Secret\": \"secret\"}'\n",
    );
    fs::set_permissions(&helper, PermissionsExt::from_mode(0o755)).unwrap();
    bench.file(".docker/config.json", r#"{"credsStore": "test"}"#);
    let path = format!(
        "{}:{}",
        bench.path().join("bin").display(),
        std::env::var("PATH").unwrap()
    );
    let mut asking = trusting(&install);
    must(&said(asking.env("PATH", path).env("WANTED", &host)));
    bench.file(".docker/config.json", r#"{"credsStore": "../evil"}"#);
    let refused = said(&mut trusting(&install));
    assert!(refused.err.contains("is no credential helper"), "{refused:?}");
}

#[test]
fn signatures_are_made_checked_locked_and_wanted() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    if !has("ssh-keygen") {
        return;
    }
    let bench = Bench::new();
    let at = |name: &str| bench.path().join(name).display().to_string();
    for key in ["ours", "theirs"] {
        ssh_key(&bench, key);
    }
    run(
        "ssh-keygen",
        &["-q", "-t", "rsa", "-N", "pass", "-f", &at("locked")],
    );
    role(&bench, "acme.web", "text");
    let to = registry.at("acme");
    must(&publish(&bench, "acme.web", "1.0", &to, &[]));
    must(&publish(&bench, "acme.web", "2.0", &to, &["--sign", &at("ours")]));
    let public = fs::read_to_string(at("ours.pub")).unwrap();
    bench.file("signers", &format!("me@acme.test {public}"));
    bench.file("ansible.cfg", "[galaxy_trust]\nacme.* = signers\n");
    let word = |version: &str| format!("{to},{version},acme.web");
    let unsigned = bench.run(&["galaxy", "role", "install", &word("1.0")]);
    assert!(
        unsigned.code == 3
            && unsigned
                .err
                .contains("acme.web 1.0: it is not signed by an SSH key"),
        "{unsigned:?}"
    );
    assert!(!bench.path().join(".ansible/roles/acme.web").exists());
    must(&bench.run(&["galaxy", "role", "install", &word("2.0")]));
    bench.file(
        "requirements.yml",
        &format!("roles: [{{src: '{to}', name: acme.web}}]\n"),
    );
    must(&bench.run(&["galaxy", "lock"]));
    let lock = fs::read_to_string(at("requirements.lock")).unwrap();
    let fingerprint = run("ssh-keygen", &["-l", "-f", &at("ours.pub")]);
    let fingerprint = fingerprint.split(' ').nth(1).unwrap();
    assert!(lock.contains(&format!("\"ssh:{fingerprint}\"")), "{lock}");
    // Another key beside it is no harm, and alone it is not enough.
    must(&publish(
        &bench,
        "acme.web",
        "2.0",
        &to,
        &["--sign", &at("theirs")],
    ));
    must(&bench.run(&["galaxy", "role", "install", "--force", &word("2.0")]));
    must(&publish(
        &bench,
        "acme.web",
        "3.0",
        &to,
        &["--sign", &at("theirs")],
    ));
    let other = bench.run(&["galaxy", "role", "install", &word("3.0")]);
    assert!(
        other.code == 3 && other.err.contains("it is signed by SHA256:"),
        "{other:?}"
    );
    // A policy that cannot be read lets nothing through.
    bench.file("ansible.cfg", "[galaxy_trust]\nacme.* = missing\n");
    let unread = bench.run(&["galaxy", "role", "install", "--force", &word("2.0")]);
    assert!(unread.code == 1 && unread.err.contains("missing"), "{unread:?}");
    bench.file("ansible.cfg", "");
    // ssh-keygen agrees with what was signed.
    let manifest = registry.ask("GET", "acme/web/manifests/2.0", "").1;
    let tags = registry.ask("GET", "acme/web/tags/list", "").1;
    let index = tags
        .split('"')
        .find(|t| {
            t.starts_with("sha256-") && {
                let index = registry.ask("GET", &format!("acme/web/manifests/{t}"), "").1;
                index.matches("\"digest\"").count() == 2
            }
        })
        .unwrap();
    let index = registry.ask("GET", &format!("acme/web/manifests/{index}"), "").1;
    let digests = |text: &str| -> Vec<String> {
        let found = text.split('"').filter(|t| t.starts_with("sha256:"));
        found.map(str::to_owned).collect()
    };
    let mut agreed = 0;
    for digest in digests(&index) {
        let image = registry.ask("GET", &format!("acme/web/manifests/{digest}"), "").1;
        let layer = image.split("\"layers\"").nth(1).unwrap();
        let blob = format!("acme/web/blobs/{}", digests(layer)[0]);
        let signature = bench.file("signature", &registry.ask("GET", &blob, "").1);
        let mut command = Command::new("ssh-keygen");
        command
            .args(["-Y", "verify", "-n", "kdo-package@v1", "-I", "me@acme.test", "-f"])
            .arg(at("signers"))
            .arg("-s")
            .arg(&signature);
        agreed += u32::from(said_with_input(&mut command, &manifest).code == 0);
    }
    assert_eq!(agreed, 1);
}

#[test]
fn other_tools_carry_packages() {
    let (Some(first), Some(second)) = (OciRegistry::start(), OciRegistry::start()) else {
        return;
    };
    if !has("skopeo") {
        return;
    }
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    must(&publish(&bench, "acme.web", "1.0", &first.at("acme"), &[]));
    let from = format!("docker://{}/acme/web:1.0", first.host());
    let layout = format!("oci:{}:1.0", bench.path().join("layout").display());
    let to = format!("docker://{}/acme/web:1.0", second.host());
    run("skopeo", &["copy", "--src-tls-verify=false", &from, &layout]);
    run("skopeo", &["copy", "--dest-tls-verify=false", &layout, &to]);
    let lock = |source: &str| {
        let text = format!("roles: [{{src: '{source}', name: acme.web}}]\n");
        bench.file("requirements.yml", &text);
        must(&bench.run(&["galaxy", "lock"]));
        let lock = fs::read_to_string(bench.path().join("requirements.lock")).unwrap();
        let same = |l: &&str| !l.starts_with("source") && !l.starts_with("requirements-hash");
        lock.lines().filter(same).collect::<Vec<_>>().join("\n")
    };
    let wanted = lock(&first.at("acme"));
    assert!(wanted.contains("manifest = "), "{wanted}");
    assert_eq!(lock("oci:layout"), wanted);
    assert_eq!(lock(&second.at("acme")), wanted);
    must(&bench.run(&["galaxy", "install", "--locked"]));
    let Some(python) = python_program("python3") else {
        return;
    };
    let script = format!(
        "import oras.client\nclient = oras.client.OrasClient(insecure=True)\n\
         print(client.pull(target='{}/acme/web:1.0', outdir='{}'))\n",
        first.host(),
        bench.path().join("pulled").display()
    );
    run(&python.display().to_string(), &["-c", &script]);
    let pulled = bench.path().join("pulled/acme.web-1.0.tar.gz");
    let listed = run("tar", &["tzf", &pulled.display().to_string()]);
    assert!(listed.contains("tasks/main.yml\n"), "{listed}");
}

#[test]
fn collections_are_resolved_by_what_the_registry_tells_of_them() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    let to = registry.at("mirror");
    let collection = |name: &str, version: &str, needs: &str| {
        let info = format!(
            "namespace: acme\nname: {name}\nversion: {version}\nreadme: README.md\nauthors: [x]\ndependencies: {needs}\n"
        );
        bench.file(&format!("{name}/galaxy.yml"), &info);
        bench.file(&format!("{name}/README.md"), "text\n");
        must(&bench.run(&["galaxy", "collection", "publish", name, "--to", &to]));
    };
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
        collection("base", version, "{}");
    }
    collection("tools", "1.0.0", "{acme.base: '>=1.0.0,<2.0.0'}");
    bench.file("ansible.cfg", &format!("[galaxy_sources]\nacme.* = {to}\n"));
    let done = bench.run(&["galaxy", "collection", "install", "acme.tools"]);
    must(&done);
    assert!(
        done.out.contains("acme.base:1.1.0 was installed successfully"),
        "{done:?}"
    );
    // A role of that name would share the repository.
    role(&bench, "acme.base", "text");
    let mixed = publish(&bench, "acme.base", "3.0.0", &to, &[]);
    assert!(
        mixed.code == 1 && mixed.err.contains("holds something else than roles"),
        "{mixed:?}"
    );
}
