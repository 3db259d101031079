//! Roles that share files by links, as those of a project's `roles/` do.

use crate::program::Bench;
use std::{fs, os::unix::fs::symlink};

#[test]
fn what_a_role_links_to_beside_it_is_published_with_it() {
    let bench = Bench::new();
    bench.file("project/roles/shared/scripts/add.sh", "shared\n");
    bench.file(
        "project/roles/shared/tasks/update/main.yml",
        "- debug: msg=shared\n",
    );
    bench.file(
        "project/roles/user/tasks/main.yml",
        "- import_tasks: update/main.yml\n",
    );
    fs::create_dir_all(bench.path().join("project/roles/user/scripts")).unwrap();
    let link =
        |to: &str, name: &str| symlink(to, bench.path().join("project/roles/user").join(name)).unwrap();
    link("../../shared/scripts/add.sh", "scripts/add.sh");
    link("../../shared/tasks/update/", "tasks/update");
    let publish = || {
        bench.run(&[
            "galaxy",
            "publish",
            "project/roles/user",
            "--name",
            "acme.user",
            "--version",
            "1.0.0",
            "--to",
            "static:www",
        ])
    };
    let done = publish();
    assert_eq!(done.code, 0, "{done:?}");
    for told in [
        "  link scripts/add.sh: packed as roles/shared/scripts/add.sh, which it leads to\n",
        "  link tasks/update: packed as roles/shared/tasks/update, which it leads to\n",
    ] {
        assert!(done.out.contains(told), "{done:?}");
    }
    let server = format!("file://{}/www/api/", bench.path().display());
    let done = bench.run(&["galaxy", "role", "install", "acme.user", "-s", &server]);
    assert_eq!(done.code, 0, "{done:?}");
    let role = bench.path().join(".ansible/roles/acme.user");
    assert_eq!(
        fs::read_to_string(role.join("scripts/add.sh")).unwrap(),
        "shared\n"
    );
    assert!(role.join("tasks/update/main.yml").is_file() && !role.join("tasks/update").is_symlink());
    // What lies elsewhere is nobody's to publish.
    bench.file("project/secret", "secret\n");
    link("../../secret", "secret");
    let refused = publish();
    assert!(
        refused.code == 1
            && refused
                .err
                .contains("the link secret leads to ../../secret, out of the package"),
        "{refused:?}"
    );
}
