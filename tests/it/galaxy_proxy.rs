//! Servers are asked through the proxies of the environment: a real one, for each scheme.

use crate::{
    oci_registry::{OciRegistry, has},
    program::{Bench, Said, said},
};
use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The proxy, which ends with it.
struct TinyProxy {
    server: Child,
    port: u16,
    log: PathBuf,
}

impl TinyProxy {
    fn start(bench: &Bench) -> Option<Self> {
        if !has("tinyproxy") {
            return None;
        }
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let log = bench.path().join("proxy.log");
        let config = bench.file(
            "proxy.conf",
            &format!(
                "Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nLogLevel Info\nLogFile \"{}\"\n",
                log.display()
            ),
        );
        let server = Command::new("tinyproxy")
            .args(["-d", "-c"])
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "tinyproxy does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(Self { server, port, log })
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How often it was asked for something with these words.
    fn asked(&self, words: &str) -> usize {
        fs::read_to_string(&self.log).unwrap().matches(words).count()
    }
}

impl Drop for TinyProxy {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn publish(bench: &Bench, version: &str, to: &str, variables: &[(&str, &str)]) -> Said {
    let args = ["galaxy", "publish", "acme.web", "--version", version, "--to", to];
    let mut command = bench.command(&args);
    command.envs(variables.iter().copied());
    said(&mut command)
}

#[test]
fn servers_are_asked_through_the_proxy_of_their_scheme() {
    let bench = Bench::new();
    bench.file("acme.web/tasks/main.yml", "- debug:\n");
    let (Some(proxy), Some(plain), Some(guarded)) = (
        TinyProxy::start(&bench),
        OciRegistry::start(),
        OciRegistry::guarded(),
    ) else {
        return;
    };
    let url = proxy.url();
    let of_plain = format!("CONNECT {} ", plain.host());
    let done = publish(&bench, "1.0", &plain.at("x"), &[("https_proxy", &url)]);
    assert_eq!((done.code, proxy.asked(&of_plain)), (0, 0), "{done:?}");
    let done = publish(&bench, "1.1", &plain.at("x"), &[("http_proxy", &url)]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(proxy.asked(&of_plain) > 0, "{:?}", fs::read_to_string(&proxy.log));
    let before = proxy.asked(&of_plain);
    let direct = [("http_proxy", &*url), ("NO_PROXY", "example.test,127.0.0.1")];
    let done = publish(&bench, "1.2", &plain.at("x"), &direct);
    assert_eq!((done.code, proxy.asked(&of_plain)), (0, before), "{done:?}");
    // TLS goes through unseen, to the wanted host. That it wants a password comes from there.
    let of_guarded = format!("CONNECT {} ", guarded.host());
    let authority = guarded.authority().display().to_string();
    let through = [("HTTPS_PROXY", &*url), ("KDO_CA_FILE", &authority)];
    let done = publish(&bench, "1.0", &guarded.at("x"), &through);
    assert!(done.err.contains("wants to know who we are"), "{done:?}");
    assert!(
        proxy.asked(&of_guarded) > 0,
        "{:?}",
        fs::read_to_string(&proxy.log)
    );
}
