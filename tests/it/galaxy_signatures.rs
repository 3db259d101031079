//! Signatures of collections: the same as the real ansible-galaxy, as `galaxy/tests/interop/signatures.py` recorded it,
//! with its keys and signatures and the real gpg.

use crate::{
    file_server::FileServer,
    program::{Bench, Said, root, said},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kdo_value::{Map, Value, json};
use std::{fs, path::Path, process::Command};

/// Where kdo does otherwise, and why; all that begin so where there is a `*`.
const OTHERWISE: &[(&str, &str)] = &[
    ("disabled*", "what is disabled is not checked, keyring or not"),
    ("none_wanted option*", "with none wanted a good one is no failure"),
    ("named_path*", "a path is a signature too"),
    (
        "named_disabled_without_keyring*",
        "what is disabled needs no keyring",
    ),
    ("named_same option verify", "the same signature twice is one"),
    ("named_same list verify", "the same signature twice is one"),
    ("named_http list verify --offline", OFFLINE),
    ("named_http option verify --offline", OFFLINE),
    ("named_http text verify --offline", OFFLINE),
    ("named_twice list verify --offline", OFFLINE),
    ("named_twice option verify --offline", OFFLINE),
];
const OFFLINE: &str = "--offline asks nobody at all";

fn otherwise(name: &str) -> bool {
    OTHERWISE.iter().any(|(known, _)| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *known,
    })
}

/// Pages and signatures on a web server, which ends with it.
struct Server {
    folder: tempfile::TempDir,
    server: FileServer,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            server: FileServer::start(folder.path()),
            folder,
        }
    }

    fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// A server of Galaxy below that name, with these signatures for the one collection.
    fn galaxy(&self, name: &str, hash: &str, signatures: &[Value]) {
        let base = format!("{name}/api/v3/collections/acme/tools");
        let list = Value::list(signatures.iter().map(|s| {
            let map = Map::new();
            map.insert("signature", s.clone());
            Value::Map(map)
        }));
        let list = json::line(&list);
        let version = format!(
            r#"{{"version": "1.0.0", "namespace": {{"name": "acme"}}, "collection": {{"name": "tools"}},
            "download_url": "/file", "artifact": {{"sha256": "{hash}"}}, "metadata": {{"dependencies": {{}}}},
            "signatures": {list}}}"#
        );
        let root = r#"{"available_versions": {"v3": "v3/"}}"#;
        let versions = r#"{"data": [{"version": "1.0.0"}], "links": {"next": null}}"#;
        self.write(&format!("{name}/api/index.html"), root);
        self.write(&format!("{base}/versions/index.html"), versions);
        self.write(&format!("{base}/versions/1.0.0/index.html"), version);
    }
}

fn field(value: &Value, key: &str) -> Value {
    value.get(key).unwrap_or(Value::None)
}

fn texts(value: &Value) -> Vec<String> {
    value.as_sequence().unwrap().iter().map(Value::to_text).collect()
}

/// What stands for a signature on the command line or in a file.
fn address(named: &str, server: &Server, world: &Path) -> String {
    let (how, name) = named.split_once(' ').unwrap();
    match how {
        "http" => server.url(&format!("signatures/{name}")),
        "file" => format!("file://{}", world.join(name).display()),
        _ => world.join(name).display().to_string(),
    }
}

fn galaxy(bench: &Bench, words: &[String]) -> Said {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    said(&mut bench.named("ansible-galaxy", &words))
}

#[test]
fn signatures_are_judged_as_ansible_galaxy_judges_them() {
    let path = root().join("galaxy/tests/interop/signatures.json");
    let recorded = json::read(&fs::read_to_string(path).unwrap()).unwrap();
    let (server, world) = (Server::start(), Bench::new());
    let archive = STANDARD.decode(field(&recorded, "archive").to_text()).unwrap();
    fs::write(world.path().join("archive"), &archive).unwrap();
    let hash = Command::new("sha256sum")
        .arg(world.path().join("archive"))
        .output()
        .unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap()[..64].to_owned();
    server.write("file", &archive);
    let keyring = world.path().join("keyring");
    fs::write(
        &keyring,
        STANDARD.decode(field(&recorded, "keyring").to_text()).unwrap(),
    )
    .unwrap();
    let signatures = field(&recorded, "signatures");
    for (name, text) in signatures.as_map().unwrap().text_entries() {
        world.file(&name, &text.to_text());
        server.write(&format!("signatures/{name}"), text.to_text());
    }
    let mut wrong = Vec::new();
    for (name, case) in field(&recorded, "cases").as_map().unwrap().text_entries() {
        let told = texts(&field(&case, "server"));
        let place = format!("with-{}", told.join("-"));
        let held: Vec<Value> = told.iter().map(|n| field(&signatures, n)).collect();
        server.galaxy(&place, &hash, &held);
        let said = replay(&case, &server, &server.url(&format!("{place}/api/")), &world);
        let status = field(&case, "status").to_text();
        let installed = field(&case, "installed").truthy();
        let same = said.0.code.to_string() == status && said.1 == installed;
        if same == otherwise(&name) {
            wrong.push(format!(
                "{name}: {} {installed}, here {:?} {}",
                status, said.0, said.1
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Does what was recorded; says whether the collection is there then.
fn replay(case: &Value, server: &Server, url: &str, world: &Bench) -> (Said, bool) {
    let bench = Bench::new();
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let action = field(case, "action").to_text();
    let asked = ["-s".to_owned(), url.to_owned()];
    if action != "install" {
        let first = words("collection install acme.tools --disable-gpg-verify");
        let done = galaxy(&bench, &[first.as_slice(), &asked].concat());
        assert_eq!(done.code, 0, "{done:?}");
    }
    let mut line = words(&format!("collection {action}"));
    let named: Vec<String> = texts(&field(case, "named"))
        .iter()
        .map(|n| address(n, server, world.path()))
        .collect();
    match &*field(case, "form").to_text() {
        "option" => {
            line.push("acme.tools".to_owned());
            line.extend(named.iter().flat_map(|n| ["--signature".to_owned(), n.clone()]));
        }
        form => {
            let list = format!("[{}]", named.join(", "));
            let said = if form == "list" { &list } else { &named[0] };
            let text = format!("collections:\n- name: acme.tools\n  signatures: {said}\n");
            bench.file("requirements.yml", &text);
            line.extend(words("-r requirements.yml"));
        }
    }
    line.extend(asked);
    let flags = field(case, "flags").to_text();
    let keyring = world.path().join("keyring").display().to_string();
    match flags.as_str() {
        f if f.contains("NOSUCHKEYRING") => line.extend(["--keyring".to_owned(), format!("{keyring}.none")]),
        f if f.contains("NOKEYRING") => {}
        _ => line.extend(["--keyring".to_owned(), keyring]),
    }
    line.extend(
        flags
            .split_whitespace()
            .filter(|w| !w.ends_with("KEYRING"))
            .map(str::to_owned),
    );
    let done = galaxy(&bench, &line);
    let there = bench
        .path()
        .join(".ansible/collections/ansible_collections/acme/tools")
        .is_dir();
    (done, there)
}
