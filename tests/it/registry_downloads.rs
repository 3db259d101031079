//! Downloads from registries: cut, watched, and from another registry than the one that was locked.

use crate::{
    oci_proxy::{Pass, Proxy, Request},
    oci_registry::{OciRegistry, has},
    program::Bench,
    registries::{must, publish, role, run, ssh_key},
    terminal::Terminal,
};
use std::{
    fs::{self, File},
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

fn random(bench: &Bench, name: &str, size: u64) {
    let mut bytes = Vec::new();
    File::open("/dev/urandom")
        .unwrap()
        .take(size)
        .read_to_end(&mut bytes)
        .unwrap();
    let path = bench.file(name, "");
    fs::write(path, bytes).unwrap();
}

/// Removes what was fetched or made before.
fn forget(bench: &Bench) {
    fs::remove_dir_all(bench.path().join(".cache")).unwrap();
}

#[test]
fn an_archive_of_a_registry_goes_on_where_it_was_cut() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    random(&bench, "acme.web/files/large", 3 << 20);
    must(&publish(&bench, "acme.web", "1.0", &registry.at("acme"), &[]));
    forget(&bench);
    let proxy = Proxy::start(registry.port(), |request: &Request, before| {
        let is_blob = request.method == "GET" && request.target.contains("/blobs/");
        if is_blob && before < 2 {
            Pass::Cut(1 << 20)
        } else {
            Pass::On
        }
    });
    let word = format!("{},1.0,acme.web", proxy.at("acme"));
    must(&bench.run(&["galaxy", "role", "install", "-p", "roles", &word]));
    let read = |folder: &str| fs::read(bench.path().join(folder).join("acme.web/files/large")).unwrap();
    assert_eq!(read("."), read("roles"));
    let from = |r: &Request| {
        let range = r
            .headers
            .get("range")?
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .to_owned();
        range.parse::<u64>().ok()
    };
    let ranges: Vec<u64> = proxy.asked().iter().filter_map(from).collect();
    let [first, second] = ranges[..] else {
        panic!("{ranges:?}");
    };
    assert!(first > 900_000 && second > first + 900_000, "{ranges:?}");
}

#[test]
fn another_registry_serves_what_was_locked_and_lost_signatures_are_told() {
    let (Some(first), Some(second)) = (OciRegistry::start(), OciRegistry::start()) else {
        return;
    };
    if !has("skopeo") || !has("ssh-keygen") {
        return;
    }
    let bench = Bench::new();
    let key = ssh_key(&bench, "key");
    role(&bench, "acme.web", "text");
    must(&publish(
        &bench,
        "acme.web",
        "1.0",
        &first.at("acme"),
        &["--sign", &key],
    ));
    bench.file("requirements.yml", "roles: [acme.web]\n");
    let servers = |registry: &OciRegistry, more: &str| {
        let at = registry.at("acme");
        let text = format!("[galaxy]\nserver_list = mine\n[galaxy_server.mine]\nurl = {at}\n{more}");
        bench.file("ansible.cfg", &text);
    };
    servers(&first, "");
    must(&bench.run(&["galaxy", "lock"]));
    let lock = || fs::read_to_string(bench.path().join("requirements.lock")).unwrap();
    let locked = lock();
    assert!(
        locked.contains("\"ssh:SHA256:") && locked.contains(&first.host()),
        "{locked}"
    );
    let copy = |tag: &str, more: &[&str]| {
        let [from, to] = [&first, &second].map(|r| format!("docker://{}/acme/web:{tag}", r.host()));
        let args = ["copy", "--src-tls-verify=false", "--dest-tls-verify=false"];
        run("skopeo", &[&args[..], more, &[&from, &to]].concat());
    };
    copy("1.0", &[]);
    let tags = first.ask("GET", "acme/web/tags/list", "").1;
    let signatures = tags
        .split('"')
        .find(|t| t.starts_with("sha256-"))
        .unwrap()
        .to_owned();
    let first_at = first.at("acme");
    let install = |more: &[&str]| {
        forget(&bench);
        let _ = fs::remove_dir_all(bench.path().join("roles"));
        bench.run(&[&["galaxy", "install", "--locked", "-v", "-p", "roles"], more].concat())
    };
    let told = "where it came from now there is no such signature";
    let must_be_of = |done: &crate::program::Said, registry: &OciRegistry| {
        must(done);
        let from = format!("  from {} acme/web@sha256:", registry.at("acme"));
        assert!(done.out.contains(&from), "{from}: {done:?}");
        assert_eq!(lock(), locked);
    };
    // The server of the configuration is another now; or a name is pinned; or the command line says so.
    servers(&second, "");
    let moved = install(&[]);
    must_be_of(&moved, &second);
    assert!(moved.err.contains(told), "{moved:?}");
    servers(
        &first,
        &format!("[galaxy_sources]\nacme.* = {}\n", second.at("acme")),
    );
    must_be_of(&install(&[]), &second);
    servers(&first, "");
    must_be_of(&install(&["-s", &second.at("acme")]), &second);
    let kept = install(&[]);
    must_be_of(&kept, &first);
    assert!(!kept.err.contains(told), "{kept:?}");
    // Fetched where it was locked, it needs nobody, wherever it would be asked for.
    servers(&second, "");
    fs::remove_dir_all(bench.path().join("roles")).unwrap();
    must(&bench.run(&["galaxy", "install", "--locked", "--offline", "-p", "roles"]));
    // Who wants signatures gets none without; the list of them can be copied as well.
    let public = fs::read_to_string(bench.path().join("key.pub")).unwrap();
    let trust = format!("[galaxy_trust]\nacme.* = {}\n", public.trim());
    servers(&second, &trust);
    let unsigned = install(&[]);
    assert!(
        unsigned.code == 3 && unsigned.err.contains("is not signed by an SSH key"),
        "{unsigned:?}"
    );
    copy(&signatures, &["--all"]);
    let signed = install(&[]);
    must_be_of(&signed, &second);
    assert!(!signed.err.contains(told), "{signed:?}");
    // What was locked there is the same but for the place.
    must(&bench.run(&["galaxy", "lock"]));
    let same = |text: &str, at: &str| text.replace(at, "oci://HERE");
    assert_eq!(same(&lock(), &second.at("acme")), same(&locked, &first_at));
}

#[test]
fn a_terminal_shows_what_is_fetched_and_others_get_a_line_for_each_package() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    for name in ["one", "two"] {
        role(&bench, &format!("acme.{name}"), name);
        must(&publish(
            &bench,
            &format!("acme.{name}"),
            "1.0",
            &registry.at("acme"),
            &[],
        ));
    }
    forget(&bench);
    // Nothing of an archive comes before it was seen that it is fetched.
    let seen = Arc::new(AtomicBool::new(false));
    let waits = seen.clone();
    let proxy = Proxy::start(registry.port(), move |request: &Request, _| {
        let until = Instant::now() + Duration::from_secs(60);
        while request.target.contains("/blobs/") && !waits.load(Ordering::SeqCst) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        Pass::On
    });
    let at = proxy.at("acme");
    bench.file(
        "requirements.yml",
        &format!("roles: [{{name: acme.one, src: '{at}'}}, {{name: acme.two, src: '{at}'}}]\n"),
    );
    let terminal = Terminal::new();
    let mut command = bench.command(&["galaxy", "install", "-v"]);
    command.env("TERM", "xterm");
    let (out, error) = (terminal.end(), terminal.end());
    let mut installer = command.stdout(out).stderr(error).spawn().unwrap();
    drop(command);
    let shown = terminal.watch(|shown, _| {
        if shown.contains("acme.one") && shown.contains("acme.two") && shown.contains("0 done") {
            seen.store(true, Ordering::SeqCst);
        }
    });
    assert!(installer.wait().unwrap().success(), "{shown}");
    assert!(seen.load(Ordering::SeqCst), "{shown}");
    let lines = |text: &str| -> Vec<String> {
        // What stood in a line before it was cleared is gone.
        let last = |l: &str| {
            l.rsplit("\x1b[K")
                .next()
                .unwrap_or_default()
                .trim_end()
                .to_owned()
        };
        text.lines().map(last).collect()
    };
    let wanted = |name: &str| {
        [
            format!("- acme.{name} (1.0) was installed successfully"),
            format!("  from {at} acme/{name}@sha256:"),
        ]
    };
    let must_tell = |text: &str| {
        for wanted in [wanted("one"), wanted("two")].concat() {
            assert!(
                lines(text).iter().any(|l| l.starts_with(&wanted)),
                "{wanted}: {text:?}"
            );
        }
    };
    must_tell(&shown);
    // From the store, and not to a terminal.
    let _ = fs::remove_dir_all(bench.path().join(".ansible/roles"));
    let quiet = bench.run(&["galaxy", "install"]);
    must(&quiet);
    assert!(
        !quiet.out.contains("  from ") && !quiet.err.contains("acme."),
        "{quiet:?}"
    );
    let verbose = bench.run(&["galaxy", "install", "--force", "-v"]);
    must(&verbose);
    assert_eq!(
        verbose.out.matches("  from the store (").count(),
        2,
        "{verbose:?}"
    );
}
