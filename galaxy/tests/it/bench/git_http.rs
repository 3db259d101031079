//! Repositories over HTTP: git's own `http-backend`, as a web server calls it.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

/// The server of a folder with repositories; it ends with the tests.
pub(crate) struct GitHttp {
    port: u16,
}

impl GitHttp {
    /// With a user's name and password, or for anybody.
    pub(crate) fn start(root: &Path, basic: Option<&'static str>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let root: Arc<PathBuf> = Arc::new(root.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let root = root.clone();
                thread::spawn(move || converse(stream, &root, basic));
            }
        });
        Self { port }
    }

    pub(crate) fn url(&self, credentials: &str, name: &str) -> String {
        format!("http://{credentials}127.0.0.1:{}/{name}", self.port)
    }
}

fn converse(mut stream: TcpStream, root: &Path, basic: Option<&str>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let words: Vec<&str> = first.split(' ').collect();
    let [method, target, _] = words.as_slice() else {
        return;
    };
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    if basic.is_some_and(|b| headers.get("authorization").map(String::as_str) != Some(b)) {
        let refusal = "HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        let _ = stream.write_all(refusal.as_bytes());
        return;
    }
    let length = headers
        .get("content-length")
        .and_then(|l| l.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", length.to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    backend.stdin.take().unwrap().write_all(&body).unwrap();
    let output = backend.wait_with_output().unwrap().stdout;
    let text = String::from_utf8_lossy(&output[..output.len().min(40)]).into_owned();
    let status = text
        .strip_prefix("Status: ")
        .and_then(|t| t.split(' ').next())
        .unwrap_or("200");
    let _ = stream.write_all(format!("HTTP/1.1 {status} x\r\nConnection: close\r\n").as_bytes());
    let _ = stream.write_all(&output);
}
