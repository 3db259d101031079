//! A web server for the plays that fetch: over HTTP, over TLS by `openssl s_server`, with and without client
//! certificates, and as a proxy. What it answers is in web_routes.rs.

use crate::web_routes::{Answer, Request, answer};
use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};
use tempfile::TempDir;

const PLAIN: u16 = 7080;
const PROXY: u16 = 7128;
const TLS: u16 = 7443;
/// TLS for clients with a certificate only.
const TLS_CLIENTS: u16 = 7444;
/// TLS with a certificate for another name.
const TLS_WRONG: u16 = 7445;

/// What asks clients for a certificate.
const CLIENTS: &[&str] = &[
    "-cert",
    "web.pem",
    "-key",
    "web.key",
    "-CAfile",
    "ca.pem",
    "-Verify",
    "1",
    "-verify_return_error",
];

/// The server; its threads end with the tests.
pub(crate) struct WebServer {
    /// Certificates.
    folder: Arc<TempDir>,
}

impl WebServer {
    /// Listens at the address. The hosts call it `web.test` and `other.test`.
    pub(crate) fn start(address: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let server = Self { folder };
        server.listen(address, PLAIN);
        server.listen(address, PROXY);
        match certificates(server.folder.path()) {
            Ok(()) => {
                server.listen_tls(address, TLS, &["-cert", "web.pem", "-key", "web.key"]);
                server.listen_tls(address, TLS_CLIENTS, CLIENTS);
                server.listen_tls(address, TLS_WRONG, &["-cert", "wrong.pem", "-key", "web.key"]);
            }
            Err(e) => eprintln!("no TLS, openssl: {e}"),
        }
        server
    }

    fn listen(&self, address: &str, port: u16) {
        let listener = TcpListener::bind((address, port)).unwrap();
        let folder = Arc::clone(&self.folder);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let folder = Arc::clone(&folder);
                thread::spawn(move || converse(stream, port == PROXY, folder.path()));
            }
        });
    }

    fn listen_tls(&self, address: &str, port: u16, args: &'static [&'static str]) {
        let listener = TcpListener::bind((address, port)).unwrap();
        let folder = Arc::clone(&self.folder);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let folder = Arc::clone(&folder);
                thread::spawn(move || converse_tls(stream, args, folder.path()));
            }
        });
    }
}

/// An authority, certificates of the server, of another server and of a client.
fn certificates(folder: &Path) -> io::Result<()> {
    let openssl = |line: &str| {
        let mut command = Command::new("openssl");
        let out = command.args(line.split(' ')).current_dir(folder).output()?;
        if out.status.success() {
            Ok(())
        } else {
            Err(io::Error::other(
                String::from_utf8_lossy(&out.stderr).into_owned(),
            ))
        }
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=Test-CA -keyout ca.key -out ca.pem")?;
    for (name, common, names) in [
        ("web", "web.test", "DNS:web.test,DNS:other.test"),
        ("wrong", "wrong.test", "DNS:wrong.test"),
        ("client", "client", "DNS:client.test"),
    ] {
        fs::write(
            folder.join("extensions"),
            format!("subjectAltName={names}\nbasicConstraints=CA:FALSE\n"),
        )?;
        let key = if name == "wrong" { "web" } else { name };
        let make = if key == name {
            "-newkey rsa:2048 -nodes -keyout"
        } else {
            "-key"
        };
        openssl(&format!(
            "req -new -subj /CN={common} {make} {key}.key -out {name}.csr"
        ))?;
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out {name}.pem"
        ))?;
    }
    Ok(())
}

/// One request of a connection, as all answers close it.
fn converse(mut stream: TcpStream, proxy: bool, folder: &Path) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(mut request) = read(&mut reader) else {
        return;
    };
    if proxy {
        // The only hosts it knows are this one.
        let own = stream.local_addr().unwrap().ip();
        if request.method == "CONNECT" {
            let port = request.path.rsplit(':').next().and_then(|p| p.parse().ok());
            if let Ok(to) = TcpStream::connect((own, port.unwrap_or(0))) {
                let _ = stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
                tunnel(stream, to);
            }
            return;
        }
        let path = request
            .path
            .strip_prefix("http://")
            .and_then(|p| p.split_once('/'));
        request.path = format!("/{}", path.map_or("", |(_, path)| path));
        request.headers.push(("x-by-proxy".into(), "yes".into()));
    }
    let _ = write(&mut stream, &request, &answer(&request, folder));
    let _ = stream.shutdown(Shutdown::Write);
    let _ = io::copy(&mut reader, &mut io::sink());
}

/// The same through an `s_server`, which shows what the client sends and sends what it reads.
fn converse_tls(stream: TcpStream, args: &[&str], folder: &Path) {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = free.local_addr().unwrap();
    drop(free);
    let mut child = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-naccept",
            "1",
            "-accept",
            &place.to_string(),
        ])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let server = (0..200).find_map(|_| {
        thread::sleep(Duration::from_millis(25));
        TcpStream::connect(place).ok()
    });
    if let Some(server) = server {
        let through = thread::spawn(|| tunnel(stream, server));
        if let Some(request) = read(&mut BufReader::new(from)) {
            let _ = write(&mut to, &request, &answer(&request, folder));
        }
        let _ = through.join();
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn tunnel(from: TcpStream, to: TcpStream) {
    let (mut a, mut b) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let (mut from, mut to) = (from, to);
    let back = thread::spawn(move || {
        let _ = io::copy(&mut b, &mut a);
        let _ = a.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
    let _ = back.join();
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    while let Some((name, value)) = line()?.split_once(':') {
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
    };
    let length = request.header("content-length").and_then(|l| l.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

/// Writes an answer. There is neither a date nor a server's name in it, so that it is the same each time.
fn write(to: &mut impl Write, request: &Request, answer: &Answer) -> io::Result<()> {
    thread::sleep(answer.wait);
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, answer.reason());
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !answer
        .headers
        .iter()
        .any(|(n, _)| matches!(n.as_str(), "Content-Length" | "Transfer-Encoding"))
    {
        head += &format!("Content-Length: {}\r\n", answer.body.len());
    }
    to.write_all(head.as_bytes())?;
    to.write_all(b"Connection: close\r\n\r\n")?;
    if request.method != "HEAD" {
        to.write_all(&answer.body)?;
    }
    to.flush()
}
