//! Something between a client and a registry: it keeps what was asked, and may hold it up, cut the answer, or answer itself.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
}

/// What becomes of a request.
pub(crate) enum Pass {
    /// The registry answers.
    On,
    /// It does, and the connection breaks after so many bytes.
    Cut(u64),
    /// This is the answer: its first line and headers.
    Answer(String),
}

/// The proxy; it ends with the tests.
pub(crate) struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Proxy {
    /// `decide` is told how many requests for the same came before.
    pub(crate) fn start(
        registry: u16,
        decide: impl Fn(&Request, usize) -> Pass + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (decide, kept) = (Arc::new(decide), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (decide, kept) = (decide.clone(), kept.clone());
                // A client that was cut off, or a registry that is gone, is what tests are about.
                thread::spawn(move || converse(stream, registry, &*decide, &kept).ok());
            }
        });
        Self { port, asked }
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("oci://{}/{path}", self.host())
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request for each connection, so that each is decided on.
fn converse(
    client: TcpStream,
    registry: u16,
    decide: &dyn Fn(&Request, usize) -> Pass,
    kept: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut from = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    from.read_line(&mut first)?;
    let mut words = first.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (method, target) = (word(), word());
    let mut head = first.clone();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let name = name.to_lowercase();
        if name != "connection" {
            head += &line;
        }
        headers.insert(name, value.trim().to_owned());
    }
    let request = Request {
        method,
        target,
        headers,
    };
    let before = {
        let mut kept = kept.lock().unwrap();
        let same = |r: &&Request| (&r.method, &r.target) == (&request.method, &request.target);
        let before = kept.iter().filter(same).count();
        kept.push(request.clone());
        before
    };
    let most = match decide(&request, before) {
        Pass::On => u64::MAX,
        Pass::Cut(most) => most,
        Pass::Answer(answer) => {
            // What was sent is read, so that the answer is not lost with the connection.
            let length = request.headers.get("content-length").and_then(|l| l.parse().ok());
            std::io::copy(&mut from.by_ref().take(length.unwrap_or(0)), &mut std::io::sink())?;
            let more = "Content-Length: 0\r\nConnection: close\r\n\r\n";
            return (&client).write_all(format!("HTTP/1.1 {answer}\r\n{more}").as_bytes());
        }
    };
    let server = TcpStream::connect(("127.0.0.1", registry))?;
    (&server).write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())?;
    let mut sink = server.try_clone()?;
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut sink);
    });
    let _ = std::io::copy(&mut (&server).take(most), &mut client.try_clone()?);
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
    Ok(())
}

/// Holds up those who come until so many are there; later ones pass.
#[derive(Default)]
pub(crate) struct Meeting {
    here: Mutex<usize>,
    changed: Condvar,
}

impl Meeting {
    pub(crate) fn of(&self, many: usize) {
        let mut here = self.here.lock().unwrap();
        *here += 1;
        self.changed.notify_all();
        while *here < many {
            let (guard, late) = self.changed.wait_timeout(here, Duration::from_secs(60)).unwrap();
            here = guard;
            assert!(!late.timed_out(), "the others do not come");
        }
    }
}
