//! The command line of ansible-galaxy: each option of each action is taken, and common cases end with its status, as
//! `galaxy/tests/interop/command_line.py` recorded it.

use crate::{
    file_server::FileServer,
    program::{Bench, Said, root, said, said_with_input},
};
use kdo_value::{Value, json};
use std::{fs, process::Command};

/// Where kdo ends otherwise, and why.
const OTHERWISE: &[(&str, &str)] = &[
    ("download_nothing", "wrong use"),
    ("list", BUNDLED),
    ("list_collections_no_folder", BUNDLED),
    ("list_missing_collection", BUNDLED),
    ("nothing_named", "wrong use"),
    ("nothing_named_collection", "wrong use"),
    (
        "publish_nothing",
        "what is published is the folder here, which is none",
    ),
    ("search_nothing_found", "a server without a search finds nothing"),
    (
        "setup_nothing",
        "there is nothing to set up any more, whatever is named",
    ),
];
const BUNDLED: &str = "no collection comes with kdo, so that none can be listed is told";

fn field(value: &Value, key: &str) -> Value {
    value.get(key).unwrap_or(Value::None)
}

fn recorded() -> Value {
    let path = root().join("galaxy/tests/interop/command_line.json");
    json::read(&fs::read_to_string(path).unwrap()).unwrap()
}

fn galaxy(bench: &Bench, words: &[String]) -> Said {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    said(&mut bench.named("ansible-galaxy", &words))
}

/// A server that has nothing; it ends with it.
struct Server {
    _folder: tempfile::TempDir,
    server: FileServer,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            (
                "api/index.html",
                r#"{"available_versions": {"v1": "v1/", "v3": "v3/"}}"#,
            ),
            ("api/v1/roles/index.html", r#"{"results": []}"#),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self {
            server: FileServer::start(folder.path()),
            _folder: folder,
        }
    }
}

/// What an action works on, so that it gets past its command line.
fn operands(action: &str) -> Vec<&'static str> {
    match action {
        "role import" | "role delete" => vec!["user", "repository"],
        "role setup" => vec!["travis", "user", "repository", "secret"],
        "role init" => vec!["demo"],
        "collection init" => vec!["acme.tools"],
        "role search" => vec!["word"],
        "collection build" => vec!["nowhere"],
        "collection publish" => vec!["nowhere.tar.gz"],
        a if a.starts_with("role") => vec!["acme.none"],
        _ => vec!["acme.none"],
    }
}

fn value(option: &str) -> &'static str {
    match option {
        "--timeout" | "--import-timeout" => "5",
        "--server" | "-s" => "http://127.0.0.1:1/api/",
        "--format" => "json",
        "--type" => "default",
        "--extra-vars" | "-e" => "a=b",
        "--required-valid-signature-count" => "+all",
        o if o.starts_with("--ignore-signature") => "NO_PUBKEY",
        _ => "some",
    }
}

#[test]
fn every_option_of_ansible_galaxy_is_taken() {
    let mut refused = Vec::new();
    let mut tried = 0;
    for (action, options) in field(&recorded(), "options").as_map().unwrap().text_entries() {
        for option in options.as_sequence().unwrap() {
            for spelling in field(&option, "spellings").as_sequence().unwrap() {
                let spelling = spelling.to_text();
                let mut words: Vec<String> = action.split(' ').map(str::to_owned).collect();
                words.extend(operands(&action).into_iter().map(str::to_owned));
                if !["-s", "--server"].contains(&&*spelling) {
                    words.extend(["-s".to_owned(), "http://127.0.0.1:1/api/".to_owned()]);
                }
                words.push(spelling.to_string());
                if field(&option, "value").truthy() {
                    words.push(value(&spelling).to_owned());
                }
                let done = galaxy(&Bench::new(), &words);
                tried += 1;
                if done.code == 2 {
                    refused.push(format!("{words:?}: {}", done.err));
                }
            }
        }
    }
    assert!(tried > 150, "{tried}");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn common_cases_end_as_with_ansible_galaxy() {
    let (server, recorded) = (Server::start(), recorded());
    let mut wrong = Vec::new();
    for (name, case) in field(&recorded, "cases").as_map().unwrap().text_entries() {
        let bench = Bench::new();
        for (file, text) in field(&recorded, "files").as_map().unwrap().text_entries() {
            bench.file(&file, &text.to_text());
        }
        let line = field(&case, "line").to_text().to_string();
        let line = line
            .replace("URL", &server.server.url("api/"))
            .replace("DEAD", "http://127.0.0.1:1/api/");
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let done = galaxy(&bench, &words);
        let same = done.code.to_string() == field(&case, "status").to_text();
        if same == OTHERWISE.iter().any(|(n, _)| *n == name) {
            wrong.push(format!(
                "{name}: {} there, {done:?}",
                field(&case, "status").to_text()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_settings_of_ansible_galaxy_are_read_from_the_environment_and_the_file() {
    let bench = Bench::new();
    bench.file("own_role/README.j2", "role {{ role_name }}\n");
    bench.file("own_role/left.out", "x\n");
    bench.file("own_collection/README.j2", "collection {{ collection_name }}\n");
    let dead = "http://127.0.0.1:1/mine/";
    let install = "collection install acme.none --timeout 2";
    for (settings, words, wanted) in [
        (vec![("ANSIBLE_GALAXY_SERVER", dead)], install, "127.0.0.1:1/mine"),
        (
            vec![
                ("ANSIBLE_GALAXY_SERVER_LIST", "hub"),
                ("ANSIBLE_GALAXY_SERVER_HUB_URL", dead),
            ],
            install,
            "hub: http://127.0.0.1:1/mine",
        ),
        (
            vec![("ANSIBLE_GALAXY_SERVER_LIST", "hub")],
            install,
            "the server hub of server_list has no url",
        ),
        (
            vec![("ANSIBLE_GALAXY_GPG_KEYRING", "none.gpg")],
            install,
            "none.gpg",
        ),
        (
            vec![
                ("ANSIBLE_GALAXY_GPG_KEYRING", "none.gpg"),
                ("ANSIBLE_GALAXY_DISABLE_GPG_VERIFY", "1"),
                ("ANSIBLE_GALAXY_SERVER", dead),
            ],
            install,
            "127.0.0.1:1/mine",
        ),
        (
            vec![("ANSIBLE_GALAXY_ROLE_SKELETON", "own_role")],
            "role init --force demo",
            "",
        ),
        (
            vec![
                ("ANSIBLE_GALAXY_ROLE_SKELETON", "own_role"),
                ("ANSIBLE_GALAXY_ROLE_SKELETON_IGNORE", "^left.*"),
            ],
            "role init --force other",
            "",
        ),
        (
            vec![("ANSIBLE_GALAXY_COLLECTION_SKELETON", "own_collection")],
            "collection init acme.tools",
            "",
        ),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let mut command = bench.named("ansible-galaxy", &words);
        let done = said(command.envs(settings.iter().copied()));
        assert!(done.err.contains(wanted), "{settings:?} {done:?}");
        assert_eq!(done.code == 0, wanted.is_empty(), "{settings:?} {done:?}");
    }
    let text = |name: &str| fs::read_to_string(bench.path().join(name)).unwrap();
    assert_eq!(text("demo/README"), "role demo\n");
    assert!(bench.path().join("demo/left.out").is_file());
    assert!(!bench.path().join("other/left.out").exists());
    assert_eq!(text("acme/tools/README"), "collection tools\n");
    let mut login = bench.named("ansible-galaxy", &["login", "--password-stdin"]);
    let done = said_with_input(login.env("ANSIBLE_GALAXY_TOKEN_PATH", "kept"), "secret\n");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(text("kept").contains("secret"));
    // And the same in a file.
    bench.file(
        "ansible.cfg",
        &format!(
            "[galaxy]\nserver_list = one\nrole_skeleton = own_role\n[galaxy_server.one]\nurl = {dead}\n"
        ),
    );
    let done = said(&mut bench.named("ansible-galaxy", &install.split(' ').collect::<Vec<_>>()));
    assert!(done.err.contains("one: http://127.0.0.1:1/mine"), "{done:?}");
    let done = said(&mut bench.named("ansible-galaxy", &["role", "init", "third"]));
    assert_eq!(
        (done.code, text("third/README").as_str()),
        (0, "role third\n"),
        "{done:?}"
    );
}

#[test]
fn setup_tells_what_there_is_instead() {
    let bench = Bench::new();
    let words = ["role", "setup", "travis", "acme", "web", "secret"];
    let done = said(&mut bench.named("ansible-galaxy", &words));
    assert_eq!(done.code, 1);
    assert!(done.err.contains("let the CI of acme/web publish"), "{done:?}");
    assert!(done.err.contains("role import"), "{done:?}");
    let wrong = bench.run(&["galaxy", "collection", "import", "acme", "web"]);
    assert!(
        wrong.code == 2 && wrong.err.contains("only roles are imported"),
        "{wrong:?}"
    );
}

/// A server of Galaxy that imports roles; what it is asked is checked by galaxy/tests/it/role_imports.rs.
const IMPORTER: &str = r#"
import http.server, json
def told(state):
    role = {"namespace": "acme", "name": "web"}
    messages = [{"id": 1, "message_type": "INFO", "message_text": "reading\u001b[2J"}, {"id": 2, "message_type": "ERROR", "message_text": "no README"}]
    fields = {"role": role, "task_messages": messages if state != "WAITING" else messages[:1]}
    return {"results": [{"id": 7, "state": state, "github_user": "acme", "github_repo": "web", "summary_fields": fields}]}
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pages = {"/api/": {"available_versions": {"v1": "v1/"}}, "/api/v1/imports?id=7": told("FAILED")}
        self.answer(pages.get(self.path))
    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        ours = form == "github_user=acme&github_repo=web&github_reference=main&alternate_role_name=other"
        self.answer(told("WAITING") if ours else None)
    def do_DELETE(self):
        self.answer({"deleted_roles": [], "status": "Role acme.web deleted"})
    def answer(self, page):
        self.send_response(200 if page else 404)
        self.end_headers()
        self.wfile.write(json.dumps(page or {}).encode())
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Server)
print("port", server.server_port, "", flush=True)
server.serve_forever()
"#;

#[test]
fn a_role_is_imported_and_what_the_server_says_of_it_told() {
    let bench = Bench::new();
    let server = FileServer::of(Command::new("python3").args(["-u", "-c", IMPORTER]));
    let url = server.url("api/");
    let galaxy = |words: &str| {
        let words: Vec<&str> = words.split(' ').chain(["-s", &url]).collect();
        said(&mut bench.named("ansible-galaxy", &words))
    };
    let waited = galaxy("role import acme web --branch main --role-name other");
    let quick = galaxy("role import acme web --branch main --role-name other --no-wait");
    let deleted = galaxy("role delete acme web");
    let told = "Successfully submitted import request 7\n";
    assert_eq!(
        (waited.code, waited.out),
        (1, format!("{told}reading[2J\nno README\n")),
        "{}",
        waited.err
    );
    assert_eq!(
        (quick.code, quick.out),
        (0, format!("{told}Role name: acme.web\nRepo: acme/web\n"))
    );
    assert_eq!(
        (deleted.code, deleted.out.as_str()),
        (0, "Role acme.web deleted\n")
    );
}
