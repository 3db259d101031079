//! Several at once, and a registry that is killed: a real registry, with something before it that makes them meet.

use crate::{
    oci_proxy::{Meeting, Pass, Proxy, Request},
    oci_registry::{OciRegistry, has},
    program::{Bench, Said},
    registries::{must, publish, role, run, ssh_key},
};
use std::{
    fs::File,
    io::{Read, copy},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// Runs commands at the same time.
fn at_once(commands: Vec<Command>) -> Vec<Said> {
    let mut begun = Vec::new();
    for mut command in commands {
        begun.push(
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
    }
    let ended = begun.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    });
    ended.collect()
}

/// Those who write that tag, or an index of signatures where none is named, wait for each other once.
fn meeting(registry: &OciRegistry, tag: Option<&'static str>) -> Proxy {
    let meeting = Arc::new(Meeting::default());
    Proxy::start(registry.port(), move |request: &Request, _| {
        let reference = request.target.rsplit('/').next().unwrap_or_default();
        let is_it = match tag {
            Some(tag) => reference == tag,
            None => reference.starts_with("sha256-"),
        };
        if request.method == "PUT" && is_it {
            meeting.of(2);
        }
        Pass::On
    })
}

#[test]
fn of_two_who_publish_a_version_at_once_one_wins_and_the_other_is_told() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "one", "first");
    role(&bench, "two", "second");
    let send = |folder: &str, proxy: &Proxy, version: &str| {
        let (to, name) = (proxy.at("acme"), ["--name", "acme.web"]);
        let args = ["galaxy", "publish", folder, "--version", version, "--to", &to];
        bench.command(&[&args[..], &name].concat())
    };
    let proxy = meeting(&registry, Some("1.0"));
    let done = at_once(vec![send("one", &proxy, "1.0"), send("two", &proxy, "1.0")]);
    let (won, lost): (Vec<&Said>, Vec<&Said>) = done.iter().partition(|d| d.code == 0);
    let ([won], [lost]) = (won.as_slice(), lost.as_slice()) else {
        panic!("{done:?}");
    };
    assert!(
        lost.code == 3 && lost.err.contains("is there already with other content"),
        "{done:?}"
    );
    assert!(!lost.out.contains("published"), "{done:?}");
    let manifest = registry.ask("GET", "acme/web/manifests/1.0", "").1;
    let digest = bench.file("manifest", &manifest);
    let digest = run("sha256sum", &[&digest.display().to_string()]);
    let wanted = format!(
        "published\n  digest: sha256:{}\n",
        digest.split(' ').next().unwrap()
    );
    assert!(won.out.contains(&wanted), "{wanted}: {won:?}");
    // The same content is no matter of dispute.
    let proxy = meeting(&registry, Some("2.0"));
    let done = at_once(vec![send("one", &proxy, "2.0"), send("one", &proxy, "2.0")]);
    assert!(done.iter().all(|d| d.code == 0), "{done:?}");
    assert_eq!(registry.ask("GET", "acme/web/manifests/2.0", "").0, 200);
}

#[test]
fn a_layout_folder_takes_one_of_those_who_publish_at_once() {
    let bench = Bench::new();
    let folders = ["one", "two", "three", "four"];
    for folder in folders {
        role(&bench, folder, folder);
    }
    let send = |folder: &&str| {
        let args = [
            "galaxy",
            "publish",
            folder,
            "--version",
            "1.0",
            "--to",
            "oci:layout",
        ];
        bench.command(&[&args[..], &["--name", "acme.web"]].concat())
    };
    let done = at_once(folders.iter().map(send).collect());
    let mut codes: Vec<i32> = done.iter().map(|d| d.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 3, 3, 3], "{done:?}");
    must(&bench.run(&[
        "galaxy",
        "role",
        "install",
        "-p",
        "roles",
        "oci:layout,1.0,acme.web",
    ]));
    let index = std::fs::read_to_string(bench.path().join("layout/index.json")).unwrap();
    assert_eq!(index.matches("acme.web:1.0").count(), 1, "{index}");
}

#[test]
fn of_two_who_sign_at_once_both_signatures_stay() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    if !has("ssh-keygen") {
        return;
    }
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    must(&publish(&bench, "acme.web", "1.0", &registry.at("acme"), &[]));
    let at = |name: &str| bench.path().join(name).display().to_string();
    let proxy = meeting(&registry, None);
    let commands = ["ours", "theirs"].map(|key| {
        let (key, to) = (ssh_key(&bench, key), proxy.at("acme"));
        bench.command(&["galaxy", "sign", "acme.web:1.0", "--key", &key, "-s", &to])
    });
    let done = at_once(commands.into());
    assert!(done.iter().all(|d| d.code == 0), "{done:?}");
    for key in ["ours", "theirs"] {
        let public = std::fs::read_to_string(at(&format!("{key}.pub"))).unwrap();
        bench.file(
            "ansible.cfg",
            &format!("[galaxy_trust]\nacme.* = {}\n", public.trim()),
        );
        let word = format!("{},1.0,acme.web", registry.at("acme"));
        must(&bench.run(&["galaxy", "role", "install", "--force", &word]));
    }
}

/// A role with a file that no packing makes smaller.
fn large_role(bench: &Bench, megabytes: u64) {
    role(bench, "acme.web", "text");
    let file = bench.file("acme.web/files/large", "");
    let mut random = File::open("/dev/urandom").unwrap().take(megabytes << 20);
    copy(&mut random, &mut File::create(file).unwrap()).unwrap();
}

/// Waits until a megabyte more is uploaded than before, while the publisher is still at it.
fn wait_for_upload(registry: &OciRegistry, before: u64, publisher: &mut Child) {
    let until = Instant::now() + Duration::from_secs(120);
    while registry.uploading("acme/web") <= before + (1 << 20) {
        assert!(Instant::now() < until, "nothing is uploaded");
        assert!(publisher.try_wait().unwrap().is_none(), "it was too fast");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_registry_or_a_publisher_killed_in_the_midst_leaves_no_version_and_the_next_publishing_ends_well() {
    let Some(mut registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    large_role(&bench, 50);
    let to = registry.at("acme");
    let begin = || {
        let args = ["galaxy", "publish", "acme.web", "--version", "1.0", "--to", &to];
        let mut command = bench.command(&args);
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let must_have_no_version = |registry: &OciRegistry| {
        let tags = registry.ask("GET", "acme/web/tags/list", "");
        assert!(tags.0 == 404 || !tags.1.contains("1.0"), "{tags:?}");
        assert_eq!(registry.ask("GET", "acme/web/manifests/1.0", "").0, 404);
    };
    let mut publisher = begin();
    wait_for_upload(&registry, 0, &mut publisher);
    publisher.kill().unwrap();
    publisher.wait().unwrap();
    must_have_no_version(&registry);
    // What the killed one sent stays there until the registry clears up.
    let mut publisher = begin();
    wait_for_upload(&registry, registry.uploading("acme/web"), &mut publisher);
    registry.kill();
    assert!(!publisher.wait().unwrap().success());
    registry.restart();
    must_have_no_version(&registry);
    must(&publish(&bench, "acme.web", "1.0", &to, &[]));
    let word = format!("{to},1.0,acme.web");
    must(&bench.run(&["galaxy", "role", "install", "-p", "roles", &word]));
    let same = ["acme.web/files/large", "roles/acme.web/files/large"].map(|f| bench.path().join(f));
    assert_eq!(std::fs::read(&same[0]).unwrap(), std::fs::read(&same[1]).unwrap());
}
