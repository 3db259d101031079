//! Who we are to registries: each file, program, certificate and token that counts, and to whom it is shown.

use crate::{
    oci_proxy::{Pass, Proxy, Request},
    oci_registry::{OciRegistry, has},
    program::{Bench, Said, said, said_with_input},
    registries::{must, publish, role},
    token_server::{IDENTITY, TokenServer},
};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::Mutex,
    time::{Duration, Instant},
};

/// `me:secret` and `me:wrong`
const RIGHT: &str = "bWU6c2VjcmV0";
const WRONG: &str = "bWU6d3Jvbmc=";

/// A program that keeps passwords: for that host it says who.
fn helper(bench: &Bench, name: &str, host: &str, user: &str, secret: &str) {
    let text = format!(
        "#!/bin/sh\nread -r host\n[ \"$1\" = get ] || exit 1\n\
         [ \"$host\" = '{host}' ] || {{ echo 'credentials not found in native keychain'; exit 1; }}\n\
         echo '{{\"Username\": \"{user}\", \"Secret\": \"{secret}\"}}'\n"
    );
    let path = bench.file(&format!("bin/docker-credential-{name}"), &text);
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Asks for what is in no store yet.
fn install(bench: &Bench, word: &str, more: impl FnOnce(&mut Command)) -> Said {
    let _ = fs::remove_dir_all(bench.path().join(".cache"));
    let mut command = bench.command(&["galaxy", "role", "install", "--force", word]);
    let path = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{path}", bench.path().join("bin").display()));
    more(&mut command);
    said(&mut command)
}

#[test]
fn each_file_of_docker_and_podman_counts_in_its_order() {
    let Some(registry) = OciRegistry::guarded() else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    let (host, authority) = (registry.host(), registry.authority());
    let auths = |key: &str, auth: &str| format!(r#"{{"auths": {{"{key}": {{"auth": "{auth}"}}}}}}"#);
    bench.file(".docker/config.json", &auths(&host, RIGHT));
    let to = registry.at("acme");
    let send = ["galaxy", "publish", "acme.web", "--version", "1.0", "--to", &to];
    must(&said(bench.command(&send).env("KDO_CA_FILE", &authority)));
    fs::remove_dir_all(bench.path().join(".docker")).unwrap();
    let word = format!("{to}/web,1.0");
    helper(&bench, "right", &host, "me", "secret");
    helper(&bench, "other", "other.test", "me", "secret");
    let right = auths(&host, RIGHT);
    let wrong = auths(&host, WRONG);
    let password = format!(r#"{{"auths": {{"{host}": {{"username": "me", "password": "secret"}}}}}}"#);
    let own = format!(r#"{{"credsStore": "missing", "credHelpers": {{"{host}": "right"}}}}"#);
    let unknown = format!(r#"{{"credsStore": "other", "auths": {{"{host}": {{"auth": "{RIGHT}"}}}}}}"#);
    let of_path = format!(
        r#"{{"auths": {{"{host}": {{"auth": "{WRONG}"}}, "{host}/acme/web": {{"auth": "{RIGHT}"}}}}}}"#
    );
    let home = |name: &str| bench.path().join(name);
    // What it is, files with what they say, variables with their values, and whether it lets us in.
    let cases: &[(&str, &[(&str, &str)], &[(&str, &str)], bool)] = &[
        ("nothing", &[], &[], false),
        ("docker's file", &[(".docker/config.json", &right)], &[], true),
        ("a wrong password", &[(".docker/config.json", &wrong)], &[], false),
        (
            "user and password",
            &[(".docker/config.json", &password)],
            &[],
            true,
        ),
        (
            "DOCKER_CONFIG",
            &[("docker/config.json", &right)],
            &[("DOCKER_CONFIG", "docker")],
            true,
        ),
        (
            "the helper of a host before that of all",
            &[(".docker/config.json", &own)],
            &[],
            true,
        ),
        (
            "what the helper does not know",
            &[(".docker/config.json", &unknown)],
            &[],
            true,
        ),
        (
            "podman's file of the session",
            &[("run/containers/auth.json", &right)],
            &[("XDG_RUNTIME_DIR", "run")],
            true,
        ),
        (
            "podman's file at home",
            &[(".config/containers/auth.json", &right)],
            &[],
            true,
        ),
        (
            "podman's file elsewhere",
            &[("config/containers/auth.json", &right)],
            &[("XDG_CONFIG_HOME", "config")],
            true,
        ),
        (
            "docker before podman",
            &[
                (".docker/config.json", &wrong),
                (".config/containers/auth.json", &right),
            ],
            &[],
            false,
        ),
        (
            "REGISTRY_AUTH_FILE",
            &[("auth.json", &right)],
            &[("REGISTRY_AUTH_FILE", "auth.json")],
            true,
        ),
        (
            "REGISTRY_AUTH_FILE alone",
            &[("auth.json", "{}"), (".docker/config.json", &right)],
            &[("REGISTRY_AUTH_FILE", "auth.json")],
            false,
        ),
        (
            "the entry of a repository",
            &[(".docker/config.json", &of_path)],
            &[],
            true,
        ),
    ];
    for (what, files, variables, enters) in cases {
        for (name, text) in *files {
            bench.file(name, text);
        }
        let done = install(&bench, &word, |command| {
            command.env("KDO_CA_FILE", &authority);
            for (name, value) in *variables {
                command.env(name, home(value));
            }
        });
        assert_eq!(done.code == 0, *enters, "{what}: {done:?}");
        for (name, _) in *files {
            fs::remove_file(home(name)).unwrap();
        }
    }
}

#[test]
fn certificates_of_a_host_are_those_that_docker_keeps() {
    let Some(registry) = OciRegistry::for_certificates() else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    let certificates = format!(".docker/certs.d/{}", registry.host());
    let keep = |name: &str, from: &std::path::Path| {
        bench.file(
            &format!("{certificates}/{name}"),
            &fs::read_to_string(from).unwrap(),
        );
    };
    let send = || publish(&bench, "acme.web", "1.0", &registry.at("acme"), &[]);
    let unknown = send();
    assert!(
        unknown.code == 1 && unknown.err.contains("certificate"),
        "{unknown:?}"
    );
    keep("ca.crt", &registry.authority());
    let nobody = send();
    assert_eq!(nobody.code, 1, "{nobody:?}");
    let (certificate, key) = registry.client();
    keep("client.cert", &certificate);
    let keyless = send();
    assert!(keyless.err.contains("client.cert has no "), "{keyless:?}");
    keep("client.key", &key);
    must(&send());
    must(&install(
        &bench,
        &format!("{}/web,1.0", registry.at("acme")),
        |_| {},
    ));
    // Podman's folder is as good.
    let folder = bench.path().join(".config/containers/certs.d");
    fs::create_dir_all(&folder).unwrap();
    fs::rename(bench.path().join(&certificates), folder.join(registry.host())).unwrap();
    must(&install(
        &bench,
        &format!("{}/web,1.0", registry.at("acme")),
        |_| {},
    ));
}

#[test]
fn tokens_are_asked_for_by_password_or_identity_and_asked_for_again_when_they_end() {
    if !has("openssl") {
        return;
    }
    let tokens = TokenServer::start(|_| 600);
    let Some(registry) = OciRegistry::for_tokens(&tokens.realm(), &tokens.certificate()) else {
        return;
    };
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    let to = registry.at("acme");
    let unknown = publish(&bench, "acme.web", "1.0", &to, &[]);
    let wanted = format!("{}: the registry wants to know who we are", registry.host());
    assert!(unknown.code == 1 && unknown.err.contains(&wanted), "{unknown:?}");
    let keep = |entry: &str| {
        let text = format!(r#"{{"auths": {{"{}": {entry}}}}}"#, registry.host());
        bench.file(".docker/config.json", &text)
    };
    keep(&format!(r#"{{"auth": "{WRONG}"}}"#));
    let wrong = publish(&bench, "acme.web", "1.0", &to, &[]);
    assert!(
        wrong.code == 1 && wrong.err.contains("wrong user or password (as \"me\""),
        "{wrong:?}"
    );
    assert_eq!(tokens.given(), Vec::<String>::new());
    keep(&format!(r#"{{"auth": "{RIGHT}"}}"#));
    must(&publish(&bench, "acme.web", "1.0", &to, &[]));
    let given = tokens.given();
    assert!(given.iter().all(|g| g.starts_with("GET ")), "{given:?}");
    assert!(
        given.contains(&"GET repository:acme/web:pull,push".to_owned()),
        "{given:?}"
    );
    let word = format!("{to}/web,1.0");
    keep(&format!(r#"{{"identitytoken": "{IDENTITY}"}}"#));
    must(&install(&bench, &word, |_| {}));
    assert_eq!(tokens.given().last().unwrap(), "POST repository:acme/web:pull");
    keep(r#"{"identitytoken": "revoked"}"#);
    let revoked = install(&bench, &word, |_| {});
    assert!(
        revoked.code == 1 && revoked.err.contains("the token from"),
        "{revoked:?}"
    );
    keep(&format!(r#"{{"auth": "{RIGHT}"}}"#));
    let denied = publish(&bench, "acme.web", "1.0", &registry.at("theirs"), &[]);
    let wanted = format!(
        "this user may not do that with \"theirs/acme/web\" on {}",
        registry.host()
    );
    assert!(denied.code == 1 && denied.err.contains(&wanted), "{denied:?}");
    // Below a repository that is named itself there may be others that nobody may know of.
    let args = ["--name", "thing"];
    must(&publish(&bench, "acme.web", "1.0", &registry.at("any"), &args));
    let itself = format!("{},1.0,acme.web", registry.at("any/thing"));
    must(&install(&bench, &itself, |_| {}));
    fs::remove_file(bench.path().join(".docker/config.json")).unwrap();
    let login = |password: &str| {
        let args = [
            "galaxy",
            "login",
            "-u",
            "me",
            "--password-stdin",
            &registry.host(),
        ];
        said_with_input(&mut bench.command(&args), password)
    };
    let wrong = login("wrong");
    assert!(
        wrong.code == 1 && wrong.err.contains("wrong user or password"),
        "{wrong:?}"
    );
    must(&login("secret\n"));
    must(&install(&bench, &word, |_| {}));
    // A helper tells of such a token by the name of the user.
    helper(&bench, "identity", &registry.host(), "<token>", IDENTITY);
    bench.file(".docker/config.json", r#"{"credsStore": "identity"}"#);
    must(&install(&bench, &word, |_| {}));
}

/// Holds a request up until the registry takes its token no longer.
fn wait_for_end(registry: u16, request: &Request) {
    let until = Instant::now() + Duration::from_secs(60);
    let asked = |token: &str| {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", registry)).unwrap();
        let target = &request.target;
        write!(
            stream,
            "HEAD {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {token}\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let token = &request.headers["authorization"];
    while !asked(token).starts_with("HTTP/1.1 401") {
        assert!(Instant::now() < until, "the token does not end");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_token_that_ends_in_the_midst_of_a_session_is_replaced() {
    if !has("openssl") {
        return;
    }
    // Those are good for a moment by which the upload and the download are held up.
    let tokens = TokenServer::start(|number| if [1, 3].contains(&number) { 3 } else { 600 });
    let Some(registry) = OciRegistry::for_tokens(&tokens.realm(), &tokens.certificate()) else {
        return;
    };
    let (port, held) = (registry.port(), Mutex::new(BTreeSet::new()));
    let proxy = Proxy::start(port, move |request: &Request, _| {
        let is_large = match request.method.as_str() {
            "PUT" => request.target.contains("/blobs/uploads/"),
            method => method == "GET" && request.target.contains("/blobs/"),
        };
        if is_large
            && request.headers.contains_key("authorization")
            && held.lock().unwrap().insert(request.method.clone())
        {
            wait_for_end(port, request);
        }
        Pass::On
    });
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    let text = format!(
        r#"{{"auths": {{"{}": {{"identitytoken": "{IDENTITY}"}}}}}}"#,
        proxy.host()
    );
    bench.file(".docker/config.json", &text);
    must(&publish(&bench, "acme.web", "1.0", &proxy.at("acme"), &[]));
    must(&install(&bench, &format!("{}/web,1.0", proxy.at("acme")), |_| {}));
    let pull = "POST repository:acme/web:pull";
    let push = "POST repository:acme/web:pull,push";
    assert_eq!(tokens.given(), [pull, push, push, pull, pull]);
}

#[test]
fn credentials_are_never_shown_to_another_host() {
    let Some(registry) = OciRegistry::with_password() else {
        return;
    };
    // It asks for a password, to be told to itself.
    let other = Proxy::start(registry.port(), |request: &Request, _| {
        let realm = format!("http://{}/token", request.headers["host"]);
        Pass::Answer(format!(
            "401 Unauthorized\r\nWWW-Authenticate: Bearer realm=\"{realm}\",service=\"registry\""
        ))
    });
    let elsewhere = other.host();
    let proxy = Proxy::start(registry.port(), move |request: &Request, _| {
        let away = format!("Location: http://{elsewhere}{}", request.target);
        let known = request.headers.contains_key("authorization");
        match request.method.as_str() {
            "GET" if known && request.target.contains("/blobs/") => {
                Pass::Answer(format!("307 Temporary Redirect\r\n{away}"))
            }
            "POST" if known && request.target.contains("/away/") => {
                Pass::Answer(format!("202 Accepted\r\n{away}x"))
            }
            _ => Pass::On,
        }
    });
    let bench = Bench::new();
    role(&bench, "acme.web", "text");
    for host in [registry.host(), proxy.host()] {
        let text = format!(r#"{{"auths": {{"{host}": {{"auth": "{RIGHT}"}}}}}}"#);
        bench.file(".docker/config.json", &text);
        if host == registry.host() {
            must(&publish(&bench, "acme.web", "1.0", &registry.at("acme"), &[]));
        }
    }
    let downloaded = install(&bench, &format!("{}/web,1.0", proxy.at("acme")), |_| {});
    assert_eq!(downloaded.code, 1, "{downloaded:?}");
    let uploaded = publish(&bench, "acme.web", "1.0", &proxy.at("away/acme"), &[]);
    assert_eq!(uploaded.code, 1, "{uploaded:?}");
    let asked = other.asked();
    for method in ["GET", "PUT"] {
        assert!(asked.iter().any(|r| r.method == method), "{asked:?}");
    }
    assert!(
        asked.iter().all(|r| !r.headers.contains_key("authorization")),
        "{asked:?}"
    );
}
