//! Installers that are killed, or that find the disk full: what was installed stays whole, and the next run mends all.

use crate::program::{Bench, said};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How often an installer is killed.
const KILLS: u32 = 100;
const ROLES: usize = 4;

/// Roles of a version whose files all say which it is.
fn roles(bench: &Bench, version: &str, size: usize) {
    let mut requirements = String::from("roles:\n");
    for n in 0..ROLES {
        bench.file(&format!("given/r{n}/meta/main.yml"), "galaxy_info: {}\n");
        for part in ["tasks", "handlers", "defaults"] {
            bench.file(
                &format!("given/r{n}/{part}/main.yml"),
                &format!("# {version}\n{}", "# filling\n".repeat(size)),
            );
        }
        requirements += &format!("  - {{src: ./given/r{n}, version: '{version}'}}\n");
    }
    bench.file("requirements.yml", &requirements);
}

/// The version that all files of an installed role are of; none if it is not there.
fn version_of(role: &Path) -> Option<String> {
    role.is_dir().then(|| {
        let of = |part: &str| {
            let text = fs::read_to_string(role.join(part).join("main.yml")).unwrap();
            text.lines().next().unwrap().to_owned()
        };
        let version = of("tasks");
        assert_eq!(
            [of("handlers"), of("defaults")],
            [version.clone(), version.clone()]
        );
        assert!(
            role.join("meta/.galaxy_install_info").is_file(),
            "{}",
            role.display()
        );
        version
    })
}

fn installer(bench: &Bench, roles: &str) -> Command {
    bench.command(&[
        "galaxy",
        "install",
        "--force",
        "-p",
        roles,
        "-r",
        "requirements.yml",
    ])
}

#[test]
fn an_installer_that_is_killed_leaves_the_old_or_the_new_role() {
    let bench = Bench::new();
    roles(&bench, "v0", 200);
    let begun = Instant::now();
    let done = said(&mut installer(&bench, "roles"));
    assert_eq!(done.code, 0, "{done:?}");
    let mut whole = begun.elapsed();
    let mut cut = 0;
    for n in 1..=KILLS {
        roles(&bench, &format!("v{n}"), 200);
        let mut installer = installer(&bench, "roles")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // At points that go through the whole run, again and again.
        let begun = Instant::now();
        let until = begun + whole.mul_f64(f64::from(n * 37 % 100) / 100.0);
        while Instant::now() < until && installer.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(200));
        }
        let _ = installer.kill();
        if installer.wait().unwrap().success() {
            // It was faster than the first one: other tests run beside this one, or no more.
            whole = whole.min(begun.elapsed());
        } else {
            cut += 1;
        }
        for r in 0..ROLES {
            version_of(&bench.path().join(format!("roles/r{r}")));
        }
    }
    assert!(cut > KILLS / 4, "only {cut} installers were killed in time");
    let healed = said(&mut installer(&bench, "roles"));
    assert_eq!(healed.code, 0, "{healed:?}");
    for r in 0..ROLES {
        let version = version_of(&bench.path().join(format!("roles/r{r}")));
        assert_eq!(version, Some(format!("# v{KILLS}")));
    }
    let locked = bench.run(&["galaxy", "lock"]);
    assert_eq!(locked.code, 0, "{locked:?}");
    let verified = bench.run(&["galaxy", "verify", "--store", "-p", "roles"]);
    assert_eq!(verified.code, 0, "{verified:?}");
}

#[test]
fn a_full_disk_leaves_what_was_installed() {
    let bench = Bench::new();
    let small = bench.path().join("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
        .arg(&small)
        .output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: mounting takes root");
        return;
    }
    let install =
        |bench: &Bench| said(installer(bench, "small/roles").env("KDO_GALAXY_STORE", small.join("store")));
    roles(&bench, "v0", 100);
    let first = install(&bench);
    let verified = |bench: &Bench| {
        let verify = ["galaxy", "verify", "--store"];
        said(
            bench
                .command(&verify)
                .env("KDO_GALAXY_STORE", small.join("store")),
        )
    };
    // Each of the files is about 400 kB: together they do not fit.
    roles(&bench, "v1", 40_000);
    let full = install(&bench);
    let left: Vec<_> = (0..ROLES)
        .map(|r| version_of(&small.join(format!("roles/r{r}"))))
        .collect();
    roles(&bench, "v2", 100);
    let store = verified(&bench);
    let healed = install(&bench);
    let now: Vec<_> = (0..ROLES)
        .map(|r| version_of(&small.join(format!("roles/r{r}"))))
        .collect();
    let _ = Command::new("umount").arg("-l").arg(&small).output();
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(full.code, 1, "{full:?}");
    assert!(full.err.contains("No space left on device"), "{full:?}");
    assert_eq!(store.code, 0, "{store:?}");
    assert_eq!(left, vec![Some("# v0".to_owned()); ROLES]);
    assert_eq!(healed.code, 0, "{healed:?}");
    assert_eq!(now, vec![Some("# v2".to_owned()); ROLES]);
}
