//! Packages that mean harm, or are broken: refused, with nothing left and nothing outside touched.

use crate::bench::{
    ArchiveFile, Project, StaticTree, collection, collection_archive, collection_folder, role_folder, word,
};
use kdo_galaxy::{Building, Cause, Digest, Failure, Kind, Requirement};
use std::{fs, io::Read, path::Path, process::Command};
use tar::EntryType;

/// Installs an archive as a role.
fn install_role(project: &Project, archive: &[u8]) -> Result<(), Failure> {
    let path = project.path("given.tar.gz");
    fs::write(&path, archive).unwrap();
    let mut requirement = word(Kind::Role, &path);
    requirement.name = Some("demo".to_owned());
    project.install(&[requirement]).map(|_| ())
}

#[track_caller]
fn must_refuse(archive: &[u8], why: &str) {
    let project = Project::new();
    let failure = install_role(&project, archive).expect_err("it must be refused");
    assert_eq!(failure.cause, Cause::Refused, "{failure}");
    let text = failure.to_string();
    assert!(text.contains(why), "{text:?} does not say {why:?}");
    assert!(!text.contains(char::is_control), "{text:?} would be printed raw");
    project.must_be_untouched();
    // And the place is free for an honest one.
    install_role(&project, &ArchiveFile::role().packed()).unwrap();
}

#[test]
fn an_honest_role_is_installed() {
    let project = Project::new();
    let archive = ArchiveFile::role()
        .link("demo/tasks/ok.yml", "../tasks/main.yml")
        .link("demo/gone", "missing");
    install_role(&project, &archive.packed()).unwrap();
    assert!(project.path("roles/demo/tasks/ok.yml").is_file());
    install_role(&Project::new(), &ArchiveFile::role().tar()).unwrap();
}

#[test]
fn paths_out_of_the_package() {
    for name in [
        "../evil",
        "demo/../../evil",
        "/tmp/kdo-evil",
        "demo/tasks/../../../evil",
    ] {
        must_refuse(&ArchiveFile::role().file(name, b"x").packed(), "not a subpath");
        must_refuse(&ArchiveFile::role().folder(name).packed(), "not a subpath");
        must_refuse(&ArchiveFile::role().link(name, "demo").packed(), "not a subpath");
    }
}

#[test]
fn links_out_of_the_role() {
    for target in ["/etc/passwd", "../../evil", "/", "../demo/../../x"] {
        must_refuse(
            &ArchiveFile::role().link("demo/tasks/l", target).packed(),
            "is not a subpath of the role",
        );
    }
}

#[test]
fn files_through_links() {
    let absolute = ArchiveFile::role()
        .link("demo/out", "/tmp")
        .file("demo/out/kdo-evil", b"x");
    must_refuse(&absolute.packed(), "is not a subpath of the role");
    let chain = ArchiveFile::role()
        .link("demo/a", "tasks")
        .link("demo/a/b", "../..");
    must_refuse(&chain.packed(), "is not a subpath of the role");
    let replaced = ArchiveFile::role().link("demo/tasks/main.yml", "/etc/passwd");
    must_refuse(&replaced.packed(), "twice");
    let through = ArchiveFile::role()
        .folder("demo/c/d")
        .link("demo/c/d/e", "..")
        .link("demo/l", "c/d/e/../../x");
    must_refuse(&through.packed(), "is not a subpath of the role");
}

#[test]
fn things_that_are_no_files() {
    for (kind, what) in [
        (EntryType::Link, "hard link"),
        (EntryType::Fifo, "fifo"),
        (EntryType::Char, "device"),
        (EntryType::Block, "device"),
    ] {
        let archive = ArchiveFile::role().entry(b"demo/x", kind, 0o644, b"demo/meta/main.yml", b"");
        must_refuse(&archive.packed(), what);
    }
}

#[test]
fn sparse_files() {
    let folder = tempfile::tempdir().unwrap();
    role_folder(&folder.path().join("demo"), "galaxy_info: {}\n");
    let sparse = fs::File::create(folder.path().join("demo/hole")).unwrap();
    sparse.set_len(1 << 20).unwrap();
    for format in ["--format=gnu", "--format=pax"] {
        let mut command = Command::new("tar");
        let command = command
            .arg("-C")
            .arg(folder.path())
            .args([format, "--sparse", "-cf", "-", "demo"]);
        must_refuse(&command.output().unwrap().stdout, "");
    }
}

#[test]
fn members_that_are_there_twice() {
    must_refuse(
        &ArchiveFile::role().file("demo/tasks/main.yml", b"other").packed(),
        "twice",
    );
    must_refuse(
        &ArchiveFile::role().file("demo/tasks", b"other").packed(),
        "twice",
    );
    must_refuse(
        &ArchiveFile::role()
            .file("./demo//tasks/./main.yml", b"other")
            .packed(),
        "twice",
    );
}

#[test]
fn names_that_terminals_obey() {
    must_refuse(
        &ArchiveFile::role().file("demo/a\u{1b}]0;x\u{7}b", b"x").packed(),
        "control characters",
    );
    let bytes = ArchiveFile::role().entry(b"demo/\xff\xfe", EntryType::Regular, 0o644, b"", b"x");
    must_refuse(&bytes.packed(), "UTF-8");
}

#[test]
fn bits_for_other_users_rights_are_dropped() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    let archive = ArchiveFile::role().entry(b"demo/run", EntryType::Regular, 0o6777, b"", b"x");
    install_role(&project, &archive.packed()).unwrap();
    let mode = fs::metadata(project.path("roles/demo/run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7022, 0, "{mode:o}");
}

#[test]
fn more_than_a_package_holds() {
    let bomb = vec![0; 65 << 20];
    let mut archive = ArchiveFile::role();
    for at in 0..4 {
        archive = archive.file(&format!("demo/files/{at}"), &bomb[..60 << 20]);
    }
    must_refuse(&archive.packed(), "too large");
    must_refuse(
        &ArchiveFile::role().file("demo/files/big", &bomb).packed(),
        "too large",
    );
}

#[test]
fn archives_that_are_cut_or_go_on() {
    let whole = ArchiveFile::role().packed();
    for end in [whole.len() - 1, whole.len() - 9, whole.len() / 2] {
        must_refuse(&whole[..end], "broken");
    }
    let mut changed = whole.clone();
    let at = changed.len() - 6;
    changed[at] ^= 1;
    must_refuse(&changed, "broken");
    let mut behind = whole;
    behind.extend_from_slice(b"trailing bytes");
    must_refuse(&behind, "broken");
    let mut two = ArchiveFile::role().tar();
    two.extend(ArchiveFile::default().file("demo/hidden", b"x").tar());
    must_refuse(&bench_gzip(&two), "goes on after its end");
    must_refuse(b"this is no archive", "broken");
    must_refuse(b"", "no role");
}

fn bench_gzip(bytes: &[u8]) -> Vec<u8> {
    use flate2::{Compression, read::GzEncoder};
    let mut out = Vec::new();
    GzEncoder::new(bytes, Compression::fast())
        .read_to_end(&mut out)
        .unwrap();
    out
}

#[test]
fn names_of_requirements_and_dependencies_that_lead_elsewhere() {
    let project = Project::new();
    let folder = project.path("given-role");
    role_folder(&folder, "galaxy_info: {}\n");
    for name in ["../escaped", "a/b", "/abs", "..", "-x"] {
        let mut requirement = word(Kind::Role, &folder);
        requirement.name = Some(name.to_owned());
        assert!(project.install(&[requirement]).is_err(), "{name}");
    }
    let meta = "dependencies:\n  - {name: ../../escaped, src: 'https://a.test/x.tar.gz'}\n";
    fs::write(folder.join("meta/main.yml"), meta).unwrap();
    let failure = project.install(&[word(Kind::Role, &folder)]).unwrap_err();
    assert!(failure.to_string().contains("no name of a role"), "{failure}");
    project.must_be_untouched();
}

/// The members of a collection's archive, to be changed.
fn members(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut read = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let entries = read.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.path().unwrap().display().to_string(), content)
    });
    entries
        .filter(|(name, _)| !Path::new(name).extension().is_none_or(|e| e.is_empty()))
        .collect()
}

fn archive_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let archive = members
        .iter()
        .fold(ArchiveFile::default(), |a, (name, content)| a.file(name, content));
    archive.packed()
}

/// A change of one member's text.
fn changed(members: &mut [(String, Vec<u8>)], name: &str, from: &str, to: &str) {
    let member = members.iter_mut().find(|(n, _)| n == name).unwrap();
    let text = String::from_utf8(member.1.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    member.1 = text.replace(from, to).into_bytes();
}

#[track_caller]
fn must_refuse_collection(change: impl FnOnce(&mut Vec<(String, Vec<u8>)>), why: &str) {
    let mut members = members(&collection_archive("acme.tools", "1.0.0", &[]));
    change(&mut members);
    // The server announces the hash of what it gives, as one that was broken into would.
    let mut server = StaticTree::start();
    server.publish_archive("acme.tools", "1.0.0", &[], &archive_of(&members));
    let project = Project::of_server(&server);
    let failure = project
        .install(&[collection("acme.tools", "1.0.0")])
        .expect_err("it must be refused");
    assert!(failure.to_string().contains(why), "{failure}");
    project.must_be_untouched();
}

#[test]
fn a_collection_is_what_its_manifest_says_and_nothing_else() {
    let task = "roles/demo/tasks/main.yml";
    must_refuse_collection(|m| changed(m, task, "debug", "shell"), "is changed");
    must_refuse_collection(|m| m.retain(|(n, _)| n != task), "is missing");
    must_refuse_collection(
        |m| m.push(("plugins/x.py".into(), b"x".to_vec())),
        "is not in FILES.json",
    );
    // A changed file whose hash in FILES.json was changed too: MANIFEST.json, which is what is signed, tells.
    let both = |m: &mut Vec<(String, Vec<u8>)>| {
        let old = Digest::of(b"- debug:\n").hex();
        changed(m, task, "debug", "shell");
        changed(m, "FILES.json", &old, &Digest::of(b"- shell:\n").hex());
    };
    must_refuse_collection(both, "FILES.json is not the one");
    must_refuse_collection(|m| m.retain(|(n, _)| n != "MANIFEST.json"), "no MANIFEST.json");
    must_refuse_collection(
        |m| changed(m, "MANIFEST.json", "\"tools\"", "\"other\""),
        "acme.other",
    );
    must_refuse_collection(
        |m| changed(m, "MANIFEST.json", "\"tools\"", "\"../x\""),
        "no name of a collection",
    );
}

/// FILES.json changed, and MANIFEST.json so that it fits.
#[track_caller]
fn must_refuse_listing(from: &str, to: &str, why: &str) {
    let fitting = |m: &mut Vec<(String, Vec<u8>)>| {
        let hash =
            |m: &[(String, Vec<u8>)]| Digest::of(&m.iter().find(|(n, _)| n == "FILES.json").unwrap().1).hex();
        let old = hash(m);
        changed(m, "FILES.json", from, to);
        let new = hash(m);
        changed(m, "MANIFEST.json", &old, &new);
    };
    must_refuse_collection(fitting, why);
}

#[test]
fn listings_of_files_that_lie() {
    let hash = format!("\"{}\"", Digest::of(b"- debug:\n").hex());
    must_refuse_listing(&hash, "null", "has no hash");
    must_refuse_listing("\"README.md\"", "\"../../../evil\"", "not a subpath");
    must_refuse_listing("\"roles/demo\"", "\"../../../evil\"", "not a subpath");
}

#[test]
fn what_a_server_answers_must_be_what_was_asked() {
    let mut server = StaticTree::start();
    server.publish("acme.tools", "1.0.0", &[]);
    let page = "api/v3/collections/acme/tools/versions/1.0.0";
    let text = fs::read_to_string(server.folder().join(page).join("index.html")).unwrap();
    server.page(page, &text.replace(r#""name": "tools""#, r#""name": "other""#));
    let project = Project::of_server(&server);
    let failure = project.install(&[collection("acme.tools", "1.0.0")]).unwrap_err();
    assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
    server.page(page, &text);
    let file = server.folder().join("files/acme-tools-1.0.0.tar.gz");
    fs::write(file, collection_archive("acme.tools", "1.0.1", &[])).unwrap();
    let failure = project.install(&[collection("acme.tools", "1.0.0")]).unwrap_err();
    assert_eq!(failure.cause, Cause::Mismatch, "{failure}");
    project.must_be_untouched();
}

#[test]
fn if_one_of_several_fails_none_is_installed() {
    let mut server = StaticTree::start();
    server.publish("acme.good", "1.0.0", &[]);
    server.publish("acme.bad", "1.0.0", &[("acme.good", "*")]);
    fs::write(server.folder().join("files/acme-bad-1.0.0.tar.gz"), "cut").unwrap();
    let project = Project::of_server(&server);
    let list: Vec<Requirement> = ["acme.good", "acme.bad"]
        .iter()
        .map(|n| collection(n, "*"))
        .collect();
    assert!(project.install(&list).is_err());
    project.must_be_untouched();
}

#[test]
fn links_out_of_a_collection_are_not_packed() {
    let project = Project::new();
    let folder = project.path("given");
    collection_folder(&folder, "acme.tools", "1.0.0", &[]);
    for target in ["../sentinel", "/etc/hostname"] {
        let link = folder.join("secret");
        std::os::unix::fs::symlink(target, &link).unwrap();
        let built = Building::of_folder(&folder).and_then(|b| b.write(&mut Vec::new()));
        let failure = built.expect_err("it must be refused");
        assert!(failure.to_string().contains("out of the package"), "{failure}");
        fs::remove_file(link).unwrap();
    }
}
