//! kdo and the real ansible-galaxy with pulp: one server for all checks, as it takes a minute to start.

use crate::{
    nginx::Nginx,
    program::{Bench, Said, root, said, said_with_input},
    pulp_server::Pulp,
    venv::python_program,
};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

#[test]
fn kdo_publishes_to_pulp_and_installs_from_it_as_ansible_galaxy_does() {
    let Some(pulp) = Pulp::start(&["kdo", "passwords", "tokens", "roles", "second", "line"]) else {
        return;
    };
    let checks: [(&str, fn(&Pulp)); 6] = [
        ("collections are published", collections_are_published),
        ("a token is taken", a_token_is_taken),
        ("roles are published", roles_are_published),
        ("both programs agree", both_programs_agree),
        ("the roles of this project", the_roles_of_this_project),
        ("it is a registry too", it_is_a_registry_too),
    ];
    let fails = |(name, check): &(&str, fn(&Pulp))| {
        let began = Instant::now();
        let failed = catch_unwind(AssertUnwindSafe(|| check(&pulp))).is_err();
        let word = if failed { "FAILED" } else { "ok" };
        eprintln!("{name}: {word}, {:.1} s", began.elapsed().as_secs_f64());
        failed
    };
    let failed: Vec<&str> = checks.iter().filter(|c| fails(c)).map(|(n, _)| *n).collect();
    assert!(failed.is_empty(), "these checks failed: {failed:?}");
}

fn ansible_galaxy() -> PathBuf {
    python_program("ansible-galaxy").unwrap()
}

fn must(said: &Said) {
    assert_eq!(said.code, 0, "{said:?}");
}

/// That it failed so, and said so.
fn must_fail(said: &Said, code: i32, words: &str) {
    assert!(said.code == code && said.err.contains(words), "{words}: {said:?}");
}

fn role(bench: &Bench, name: &str, says: &str) {
    bench.file(
        &format!("{name}/tasks/main.yml"),
        &format!("- debug: msg='{says}'\n"),
    );
}

/// A collection that pulp's importer takes.
fn collection(bench: &Bench, version: &str, says: &str) {
    bench.file("tools/meta/runtime.yml", "requires_ansible: '>=2.15.0'\n");
    bench.file("tools/CHANGELOG.md", "none\n");
    bench.file("tools/README.md", says);
    let info = format!(
        "namespace: acme\nname: tools\nversion: {version}\nreadme: README.md\nauthors: [x]\ndescription: x\n\
         license: [MIT]\ntags: [tools]\nrepository: https://acme.test\n"
    );
    bench.file("tools/galaxy.yml", &info);
}

/// `ansible.cfg` with pulp as its server.
fn configure(bench: &Bench, url: &str, password: &str) {
    let user = if password.is_empty() {
        String::new()
    } else {
        format!("username = admin\npassword = {password}\n")
    };
    let text = format!("[galaxy]\nserver_list = pulp\n[galaxy_server.pulp]\nurl = {url}\n{user}");
    bench.file("ansible.cfg", &text);
}

fn publish(bench: &Bench, path: &str, more: &[&str]) -> Said {
    bench.run(&[&["galaxy", "publish", path], more].concat())
}

/// What differs between two folders, but for what installers write.
fn must_be_equal(one: &Path, other: &Path) {
    let said = Command::new("diff")
        .args(["-r", "--exclude=.galaxy_install_info"])
        .args([one, other])
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

fn collections_are_published(pulp: &Pulp) {
    let bench = Bench::new();
    let url = pulp.galaxy("passwords");
    let to = format!("galaxy+{url}");
    collection(&bench, "1.0.0", "first\n");
    let nobody = publish(&bench, "tools", &["--to", &to]);
    must_fail(
        &nobody,
        1,
        "401 Unauthorized: Authentication credentials were not provided.",
    );
    configure(&bench, &url, "wrong");
    let wrong = publish(&bench, "tools", &["--to", &to]);
    must_fail(&wrong, 1, "401 Unauthorized: Invalid username/password.\n");
    assert!(
        wrong
            .err
            .contains("check the token or the user's name and password"),
        "{wrong:?}"
    );
    configure(&bench, &url, "admin");
    let new = publish(&bench, "tools", &["--to", &to]);
    must(&new);
    assert!(
        new.out.contains(&format!("{url} acme.tools:1.0.0 published\n")),
        "{new:?}"
    );
    // By the server's name, and as the only server.
    for more in [&["--to", "pulp"][..], &[]] {
        let again = publish(&bench, "tools", more);
        must(&again);
        assert!(
            again.out.contains("is there already, with the same content"),
            "{again:?}"
        );
    }
    let install = |into: &str| {
        must(&bench.run(&["galaxy", "collection", "install", "-p", into, "acme.tools:1.0.0"]));
        bench.path().join(into)
    };
    let before = install("before");
    collection(&bench, "1.0.0", "second\n");
    let other = publish(&bench, "tools", &[]);
    must_fail(
        &other,
        3,
        "acme.tools:1.0.0 is there already with other content: sha256:",
    );
    fs::remove_dir_all(bench.path().join(".cache")).unwrap();
    must_be_equal(&before, &install("after"));
    // Its importer says why it takes something not.
    collection(&bench, "2.0.0", "third\n");
    fs::remove_file(bench.path().join("tools/meta/runtime.yml")).unwrap();
    let refused = publish(&bench, "tools", &[]);
    must_fail(
        &refused,
        1,
        "the import failed: 'requires_ansible' in meta/runtime.yml is mandatory",
    );
    let none = publish(
        &bench,
        "tools",
        &["--to", &format!("galaxy+{}", pulp.galaxy_as("admin", "none"))],
    );
    must_fail(&none, 1, "404 Not Found");
    assert!(!none.err.contains("admin:"), "{none:?}");
}

fn a_token_is_taken(pulp: &Pulp) {
    let bench = Bench::new();
    let to = format!("galaxy+{}", pulp.galaxy("tokens"));
    // Archives are there once in the whole of pulp: this one is none of another check.
    collection(&bench, "3.0.0", "by a token\n");
    must_fail(
        &publish(&bench, "tools", &["--to", &to, "--token", "wrong"]),
        1,
        "Invalid token.",
    );
    must(&publish(&bench, "tools", &["--to", &to, "--token", pulp.token()]));
    role(&bench, "acme.token", "by a token");
    let version = ["--version", "1.0", "--to", &to, "--token"];
    let with = |token| publish(&bench, "acme.token", &[&version[..], &[token]].concat());
    must_fail(&with("wrong"), 1, "Invalid token.");
    must(&with(pulp.token()));
}

fn roles_are_published(pulp: &Pulp) {
    let bench = Bench::new();
    role(&bench, "acme.web", "first");
    let send = |version: &str, repository: &str, more: &[&str]| {
        let to = format!("galaxy+{}", pulp.galaxy_as("admin", repository));
        publish(
            &bench,
            "acme.web",
            &[&["--version", version, "--to", &to], more].concat(),
        )
    };
    let url = pulp.galaxy("roles");
    let new = send("1.0", "roles", &[]);
    must(&new);
    assert!(
        new.out.contains(&format!("{url} acme.web:1.0 published\n")),
        "{new:?}"
    );
    let again = send("1.0", "roles", &[]);
    assert!(
        again.out.contains("is there already, with the same content"),
        "{again:?}"
    );
    // The same archive as another version, and the same role elsewhere: pulp keeps each once.
    must(&send("2.0", "roles", &[]));
    let second = send("1.0", "second", &[]);
    must(&second);
    assert!(second.out.contains("acme.web:1.0 published"), "{second:?}");
    let install = |program: &Path, into: &str| {
        let first = if program.ends_with("kdo") {
            &["galaxy"][..]
        } else {
            &[]
        };
        let rest = ["role", "install", "acme.web,1.0", "-s", &url, "-p", into];
        must(&said(&mut bench.other(program, &[first, &rest].concat())));
        bench.path().join(into)
    };
    let kdo = Path::new(env!("CARGO_BIN_EXE_kdo"));
    let ours = install(kdo, "ours");
    must_be_equal(&ours, &install(&ansible_galaxy(), "theirs"));
    assert!(ours.join("acme.web/meta/main.yml").is_file());
    // Somebody else's content under that version is told, and changes nothing.
    role(&bench, "acme.web", "second");
    for repository in ["roles", "second"] {
        let other = send("1.0", repository, &[]);
        must_fail(
            &other,
            3,
            "acme.web:1.0 is there already with other content: sha256:",
        );
    }
    fs::remove_dir_all(bench.path().join(".cache")).unwrap();
    must_be_equal(&ours, &install(kdo, "after"));
    // Both at once.
    let to = format!("galaxy+{}", pulp.galaxy_as("admin", "roles"));
    let command = || bench.command(&["galaxy", "publish", "acme.web", "--version", "3.0", "--to", &to]);
    let (mut one, mut two) = (command().spawn().unwrap(), command().spawn().unwrap());
    assert!(one.wait().unwrap().success() && two.wait().unwrap().success());

    let wrong = format!("galaxy+{}", pulp.galaxy_as("wrong", "roles"));
    let wrong = publish(&bench, "acme.web", &["--version", "4.0", "--to", &wrong]);
    must_fail(&wrong, 1, "401 Unauthorized: Invalid username/password.");
    must_fail(
        &send("4.0", "roles", &["--name", "web"]),
        1,
        "web is no NAMESPACE.NAME",
    );
    must_fail(&send("4.0", "none", &[]), 1, "has no distribution at none");
    must_fail(
        &send("4.0", "fixed", &[]),
        1,
        "serves one version of a repository, which never changes",
    );
    let long = "x".repeat(200);
    must_fail(&send(&long, "roles", &[]), 1, "cannot be a tag");
    let foreign = format!("galaxy+http://{}/api/", pulp.host());
    let foreign = publish(&bench, "acme.web", &["--version", "4.0", "--to", &foreign]);
    must_fail(
        &foreign,
        1,
        "takes no roles: of Galaxy servers only pulp_ansible does",
    );
    assert!(
        foreign.err.contains("publish it to oci://HOST/NAMESPACE"),
        "{foreign:?}"
    );
}

/// Each program publishes what it built, installs what the other published, and takes what the other installed for
/// installed and whole.
fn both_programs_agree(pulp: &Pulp) {
    let theirs = ansible_galaxy();
    let author = Bench::new();
    configure(&author, &pulp.galaxy("kdo"), "admin");
    collection(&author, "1.0.0", "built by kdo\n");
    must(&author.run(&["galaxy", "collection", "build", "tools"]));
    must(&said(&mut author.other(
        &theirs,
        &["collection", "publish", "acme-tools-1.0.0.tar.gz"],
    )));
    collection(&author, "1.1.0", "built by ansible-galaxy\n");
    must(&said(
        &mut author.other(&theirs, &["collection", "build", "tools"]),
    ));
    must(&publish(&author, "acme-tools-1.1.0.tar.gz", &[]));
    must(&said(&mut author.other(&theirs, &["role", "init", "demo"])));
    for version in ["1.0.0", "1.10.0"] {
        author.file("demo/vars/main.yml", &format!("version: {version}\n"));
        must(&publish(
            &author,
            "demo",
            &["--name", "acme.demo", "--version", version],
        ));
    }
    let asked = "collections:\n- acme.tools\nroles:\n- name: acme.demo\n- {src: acme.demo, name: other, version: 1.0.0}\n";
    let users = [Bench::new(), Bench::new()];
    for (user, with_kdo) in users.iter().zip([true, false]) {
        configure(user, &pulp.galaxy("kdo"), "admin");
        user.file("requirements.yml", asked);
        let run = |kdo: bool, args: &[&str]| {
            let done = if kdo {
                user.run(&[&["galaxy"], args].concat())
            } else {
                said(&mut user.other(&theirs, args))
            };
            must(&done);
            done.out
        };
        run(with_kdo, &["install", "-r", "requirements.yml"]);
        for kdo in [true, false] {
            let said = run(kdo, &["collection", "install", "acme.tools"]);
            assert!(said.contains("Nothing to do"), "{said}");
            let said = run(kdo, &["role", "list"]);
            assert!(
                said.contains("- acme.demo, 1.10.0") && said.contains("- other, 1.0.0"),
                "{said}"
            );
            run(kdo, &["collection", "verify", "acme.tools"]);
        }
    }
    for folder in [".ansible/collections/ansible_collections/acme", ".ansible/roles"] {
        must_be_equal(&users[0].path().join(folder), &users[1].path().join(folder));
    }
    let user = Bench::new();
    configure(&user, &pulp.galaxy("kdo"), "admin");
    user.file("requirements.yml", asked);
    for (args, wanted) in [
        ("collection info acme.tools", "1.1.0"),
        ("collection search tools", "acme.tools"),
        ("lock", "+ other 1.0.0"),
        ("install --locked", "acme.tools:1.1.0 was installed"),
        ("download -p d", ""),
        ("mirror m", "acme.demo 1.0.0 was added"),
    ] {
        let words: Vec<&str> = std::iter::once("galaxy").chain(args.split(' ')).collect();
        let done = user.run(&words);
        assert!(done.code == 0 && done.out.contains(wanted), "{args}: {done:?}");
    }
    let offline = [
        "collection",
        "install",
        "d/acme-tools-1.1.0.tar.gz",
        "-p",
        "c",
        "--offline",
    ];
    must(&said(&mut user.other(&theirs, &offline)));
    let mirror = format!("file://{}/m/api/", user.path().display());
    must(&user.run(&[
        "galaxy",
        "install",
        "-r",
        "requirements.yml",
        "-s",
        &mirror,
        "-p",
        "r",
    ]));
}

const OURS: [&str; 3] = ["bootlinux", "fstests", "selftests"];

fn the_roles_of_this_project(pulp: &Pulp) {
    let bench = Bench::new();
    let to = format!("galaxy+{}", pulp.galaxy_as("admin", "line"));
    send_our_roles(&bench, &["--to", &to]);
    go_into_an_empty_project(&pulp.galaxy("line"));
}

/// Publishes the roles of this project as they lie here.
fn send_our_roles(bench: &Bench, place: &[&str]) {
    let paths = OURS.map(|n| root().join("roles").join(n).display().to_string());
    let mut args = vec!["galaxy", "publish", "--version", "1.2.3"];
    args.extend(place);
    args.extend(paths.iter().map(String::as_str));
    must(&bench.run(&args));
}

/// Locks, installs and plays them, and compares with what ansible-galaxy installs.
fn go_into_an_empty_project(url: &str) {
    let bench = Bench::new();
    configure(&bench, url, "");
    let asked = OURS.map(|n| format!("- {{src: kdo.{n}, name: {n}, version: 1.2.3}}\n"));
    bench.file("requirements.yml", &format!("roles:\n{}", asked.concat()));
    must(&bench.run(&["galaxy", "lock"]));
    must(&bench.run(&["galaxy", "install", "--locked"]));
    must(&bench.run(&["galaxy", "verify"]));
    for name in OURS {
        let tasks = bench.run(&["play", name, "-i", "host1,", "--limit", "host1", "--list-tasks"]);
        must(&tasks);
        assert!(tasks.out.contains(&format!("{name} : ")), "{tasks:?}");
        let installed = bench.path().join(".ansible/roles").join(name);
        must_be_equal(&root().join("roles").join(name), &installed);
    }
    let theirs = ["install", "-r", "requirements.yml", "-p", "theirs"];
    must(&said(&mut bench.other(&ansible_galaxy(), &theirs)));
    must_be_equal(&bench.path().join("theirs"), &bench.path().join(".ansible/roles"));
}

#[test]
fn the_roles_of_this_project_go_by_a_static_tree_to_both_programs() {
    let bench = Bench::new();
    let folder = bench.path().join("tree");
    fs::create_dir(&folder).unwrap();
    let Some(server) = Nginx::start(&folder, &bench.path().join("nginx")) else {
        return;
    };
    if python_program("ansible-galaxy").is_none() {
        return;
    }
    let place = ["--to", "static:tree"];
    // What was published without the URL is told it later.
    send_our_roles(&bench, &place);
    let url = server.url("/");
    send_our_roles(&bench, &[&place[..], &["--url", &url]].concat());
    go_into_an_empty_project(&server.url("/api/"));
}

fn it_is_a_registry_too(pulp: &Pulp) {
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    let (host, to) = (pulp.host(), format!("oci://{}/acme", pulp.host()));
    let send = || publish(&bench, "acme.web", &["--version", "1.0", "--to", &to]);
    must_fail(
        &send(),
        1,
        &format!("{host}: the registry wants to know who we are\n"),
    );
    let login = |password: &str| {
        let args = ["galaxy", "login", "-u", "admin", "--password-stdin", host];
        said_with_input(&mut bench.command(&args), password)
    };
    must_fail(
        &login("wrong"),
        1,
        "wrong user or password (as \"admin\", from what was typed)\n",
    );
    must(&login("admin"));
    must(&send());
    let again = send();
    assert!(
        again.out.contains("is there already, with the same content"),
        "{again:?}"
    );
    let source = format!("{to}/web,1.0,acme.web");
    must(&bench.run(&["galaxy", "role", "install", "-p", "roles", &source]));
    let installed = bench.path().join("roles/acme.web");
    assert!(installed.join("tasks/main.yml").is_file());
    role(&bench, "acme.web", "other");
    must_fail(&send(), 3, "is there already with other content");
    // Who is nobody may read, by a token too.
    must(&bench.run(&["galaxy", "logout", host]));
    fs::remove_dir_all(&installed).unwrap();
    fs::remove_dir_all(bench.path().join(".cache")).unwrap();
    must(&bench.run(&["galaxy", "role", "install", "-p", "roles", &source]));
    assert!(installed.join("tasks/main.yml").is_file());
}
