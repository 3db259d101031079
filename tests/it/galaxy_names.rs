//! Roles without a namespace of their own, as most folders `roles/` hold them.

use crate::{oci_registry::OciRegistry, program::Bench};

fn role(bench: &Bench) {
    bench.file("roles/fstests/tasks/main.yml", "- debug: msg=run\n");
}

#[test]
fn a_role_is_found_by_the_namespace_that_its_repository_has() {
    let Some(registry) = OciRegistry::start() else {
        return;
    };
    let bench = Bench::new();
    role(&bench);
    let to = registry.at("kdo");
    let done = bench.run(&[
        "galaxy",
        "publish",
        "roles/fstests",
        "--version",
        "1.2.3",
        "--to",
        &to,
    ]);
    assert_eq!(done.code, 0, "{done:?}");
    let text = format!("roles:\n  - name: kdo.fstests\n    src: {to}\n  - src: {to}/fstests\n");
    bench.file("requirements.yml", &text);
    let done = bench.run(&["galaxy", "install"]);
    assert_eq!(done.code, 0, "{done:?}");
    for name in ["kdo.fstests", "fstests"] {
        assert!(
            done.out.contains(&format!("- {name} (1.2.3) was installed")),
            "{done:?}"
        );
    }
}

#[test]
fn what_no_static_tree_can_have_leaves_nothing_there() {
    let bench = Bench::new();
    role(&bench);
    for _ in 0..2 {
        let refused = bench.run(&[
            "galaxy",
            "publish",
            "roles/fstests",
            "--version",
            "1.2.3",
            "--to",
            "static:www",
        ]);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(
            refused.err.contains("fstests has no namespace") && refused.err.contains("--namespace"),
            "{refused:?}"
        );
        assert!(!bench.path().join("www/files").exists());
    }
}

#[test]
fn many_roles_get_one_namespace() {
    let bench = Bench::new();
    role(&bench);
    bench.file("roles/other/meta/main.yml", "galaxy_info: {namespace: mine}\n");
    let done = bench.run(&[
        "galaxy",
        "publish",
        "roles/fstests",
        "roles/other",
        "--namespace",
        "kdo",
        "--version",
        "1.0.0",
        "--to",
        "static:www",
    ]);
    assert_eq!(done.code, 0, "{done:?}");
    for name in ["kdo.fstests", "mine.other"] {
        assert!(
            done.out.contains(&format!("{name}:1.0.0 published\n")),
            "{done:?}"
        );
    }
    assert!(
        done.out
            .contains("  author: unknown (it lies in no repository of git)\n"),
        "{done:?}"
    );
}
