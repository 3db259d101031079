//! The subcommands of `kdo galaxy` around installing: from the first file of a collection to its update.

use crate::program::{Bench, Said, said};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A collection that was made by `init`, in that version.
fn collection(bench: &Bench, name: &str, version: &str, needs: &str) {
    let done = bench.run(&["galaxy", "collection", "init", "--force", name]);
    assert_eq!(done.code, 0, "{done:?}");
    let path = bench.path().join(name.replace('.', "/")).join("galaxy.yml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replace("version: 1.0.0", &format!("version: {version}"));
    fs::write(
        &path,
        text.replace("dependencies: {}", &format!("dependencies: {{{needs}}}")),
    )
    .unwrap();
}

fn galaxy(bench: &Bench, arguments: &str) -> Said {
    let words: Vec<&str> = std::iter::once("galaxy").chain(arguments.split(' ')).collect();
    let done = bench.run(&words);
    assert_eq!(done.code, 0, "{arguments}: {done:?}");
    done
}

#[test]
fn a_collection_is_made_built_mirrored_installed_and_updated() {
    let bench = Bench::new();
    collection(&bench, "acme.base", "1.0.0", "");
    collection(&bench, "acme.tools", "1.0.0", "acme.base: '>=1.0.0'");
    let again = bench.run(&["galaxy", "collection", "init", "acme.base"]);
    assert!(
        again.code == 1 && again.err.contains("already exists"),
        "{again:?}"
    );
    let built = galaxy(&bench, "build acme/base acme/tools");
    assert!(
        built.out.contains("Created collection for acme.tools at "),
        "{built:?}"
    );
    let once = bench.run(&["galaxy", "build", "acme/base"]);
    assert!(
        once.code == 1 && once.err.contains("use --force to re-create"),
        "{once:?}"
    );
    let mirrored = galaxy(
        &bench,
        "collection mirror m acme-base-1.0.0.tar.gz acme-tools-1.0.0.tar.gz",
    );
    assert!(
        mirrored.out.contains("acme.tools 1.0.0 was added"),
        "{mirrored:?}"
    );
    let url = format!("file://{}/m/api/", bench.path().display());
    bench.file(
        "ansible.cfg",
        &format!("[galaxy]\nserver_list = m\n[galaxy_server.m]\nurl = {url}\n"),
    );
    bench.file("requirements.yml", "collections:\n- acme.tools\n");
    galaxy(&bench, "lock");
    galaxy(&bench, "install --locked");
    let verified = galaxy(&bench, "collection verify acme.base");
    assert!(verified.out.contains("Successfully verified"), "{verified:?}");
    let why = galaxy(&bench, "why acme.base");
    assert_eq!(
        why.out,
        "requirements.yml -> acme.tools 1.0.0 -> acme.base 1.0.0\n"
    );
    let unknown = bench.run(&["galaxy", "why", "acme.bas"]);
    assert!(
        unknown.code == 1 && unknown.err.contains("did you mean acme.base?"),
        "{unknown:?}"
    );
    assert_eq!(galaxy(&bench, "outdated").out, "all packages are up to date\n");

    collection(&bench, "acme.base", "1.1.0", "");
    galaxy(&bench, "build acme/base");
    galaxy(&bench, "collection mirror m acme-base-1.1.0.tar.gz");
    let outdated = bench.run(&["galaxy", "outdated", "--check"]);
    assert!(
        outdated.code == 3 && outdated.out.contains("acme.base  1.0.0  1.1.0    1.1.0"),
        "{outdated:?}"
    );
    assert_eq!(
        galaxy(&bench, "update --dry-run").out,
        "~ acme.base 1.0.0 -> 1.1.0\n"
    );
    assert_eq!(galaxy(&bench, "update acme.tools --dry-run").out, "");
    let updated = galaxy(&bench, "update acme.base");
    assert!(
        updated
            .out
            .contains("acme.base:1.1.0 was installed successfully, in place of 1.0.0"),
        "{updated:?}"
    );
    let info = galaxy(&bench, "collection info acme.base");
    assert!(info.out.contains("installed_version: 1.1.0"), "{info:?}");
    galaxy(&bench, "download -p d");
    assert!(bench.path().join("d/acme-base-1.1.0.tar.gz").is_file());
}

#[test]
fn a_role_is_made_and_told_of_in_the_words_of_ansible_galaxy() {
    let bench = Bench::new();
    let galaxy = |words: &[&str]| said(&mut bench.named("ansible-galaxy", words));
    let made = galaxy(&["role", "init", "--init-path", "roles", "demo"]);
    assert_eq!(made.out, "- Role demo was created successfully\n", "{made:?}");
    let again = galaxy(&["role", "init", "--init-path", "roles", "demo"]);
    assert!(
        again.code == 1
            && again
                .err
                .contains("- the directory roles/demo already exists. You can use --force"),
        "{again:?}"
    );
    let info = galaxy(&["role", "info", "-p", "roles", "--offline", "demo"]);
    assert!(info.out.starts_with("\nRole: demo\n\tdescription: your role description\n\tdependencies: []\n\tgalaxy_info:\n\t\tauthor: your name\n"), "{info:?}");
    let none = galaxy(&["role", "info", "-p", "roles", "--offline", "nope"]);
    assert_eq!(
        (none.code, none.out.as_str()),
        (0, "- the role nope was not found\n")
    );
    let removed = galaxy(&["role", "remove", "-p", "roles", "dem"]);
    assert_eq!(
        removed.out,
        "- dem is not installed, skipping. Did you mean demo?\n"
    );
    let empty = galaxy(&["role", "search"]);
    assert!(
        empty.code == 1 && empty.err.contains("At least one search term"),
        "{empty:?}"
    );
}

#[test]
fn a_skeleton_of_ones_own_is_rendered() {
    let bench = Bench::new();
    bench.file(
        "own/README.j2",
        "needs >={{ minimum }} for {{ role_name | upper }}\n",
    );
    let done = bench.run(&[
        "galaxy",
        "role",
        "init",
        "demo",
        "--role-skeleton",
        "own",
        "-e",
        "minimum=2.17",
    ]);
    assert_eq!(done.code, 0, "{done:?}");
    let text = fs::read_to_string(bench.path().join("demo/README")).unwrap();
    assert_eq!(text, "needs >=2.17 for DEMO\n");
}

/// A server of SSH on a free port, for the user who runs the tests; it ends with it.
struct Sshd {
    server: Child,
    port: u16,
}

impl Sshd {
    /// None where there is no sshd, on the machine of a developer.
    fn start(bench: &Bench) -> Option<Self> {
        if !Path::new("/usr/sbin/sshd").is_file() {
            assert!(std::env::var_os("CI").is_none(), "there is no sshd");
            eprintln!("SKIPPED: there is no sshd");
            return None;
        }
        let key = |name: &str| {
            let path = bench.path().join(name);
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(&path)
                .status();
            assert!(made.unwrap().success());
            path
        };
        let (host, user) = (key("host_key"), key("user_key"));
        let port = TcpListener::bind(("127.0.0.1", 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let config = bench.file(
            "sshd_config",
            &format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}.pub\nPidFile none\n\
                 StrictModes no\nUsePAM no\nPasswordAuthentication no\n",
                host.display(),
                user.display()
            ),
        );
        if rustix::process::geteuid().is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let server = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(config)
            .stderr(Stdio::null())
            .spawn();
        let started = Self {
            server: server.unwrap(),
            port,
        };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "sshd does not listen");
            std::thread::yield_now();
        }
        Some(started)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_role_comes_from_a_repository_over_ssh() {
    let bench = Bench::new();
    let Some(server) = Sshd::start(&bench) else { return };
    bench.file("role.git/tasks/main.yml", "- debug:\n");
    for words in [
        "init -q -b main",
        "add -A",
        "-c user.name=x -c user.email=x@x.test commit -q -m x",
        "tag v1.0",
    ] {
        let git = Command::new("git")
            .arg("-C")
            .arg(bench.path().join("role.git"))
            .args(words.split(' '))
            .status();
        assert!(git.unwrap().success(), "{words}");
    }
    let user = Command::new("id").arg("-un").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap();
    let (user, port) = (user.trim(), server.port);
    let path = bench.path().join("role.git");
    bench.file(
        "requirements.yml",
        &format!(
            "- {{src: 'git+ssh://{user}@127.0.0.1:{port}{}', version: v1.0, name: demo}}\n",
            path.display()
        ),
    );
    let ssh = format!(
        "ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -i {}",
        bench.path().join("user_key").display()
    );
    let mut command = bench.command(&["galaxy", "install", "-p", "roles"]);
    let done = said(command.env("GIT_SSH_COMMAND", ssh));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(bench.path().join("roles/demo/tasks/main.yml").is_file());
}
