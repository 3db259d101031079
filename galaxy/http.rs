//! Requests: tried again where that helps, credentials only for the host they are meant for.

use crate::{
    Activity, Digest, Failure, Result, Store,
    auth::{Auth, absolute, without_user},
    certificate::{Authority, ClientCertificate, tls},
    proxy::Proxies,
    refusal::said,
    static_tree::file_of_url,
};
use kdo_value::{Value, json};
use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use ureq::{
    Agent, AsSendBody, Body, Proxy, ProxyProtocol,
    http::{Method, Request, Response},
    tls::TlsConfig,
};

/// Attempts for one request, with growing pauses between them.
const ATTEMPTS: u32 = 6;
/// Redirections that are followed for one request.
const REDIRECTIONS: usize = 10;
const LONGEST_PAUSE: Duration = Duration::from_secs(40);
/// Bytes of an answer that is read whole.
const MOST: u64 = 64 << 20;

/// How to talk to servers.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Take any certificate.
    pub unchecked: bool,
    /// How long a server may be silent.
    pub timeout: Duration,
    /// The first pause before another attempt.
    pub pause: Duration,
    /// Ask nobody.
    pub offline: bool,
    /// Certificates of authorities beside those of this machine.
    pub authorities: Vec<Authority>,
    /// Who we are to a server that wants a certificate.
    pub client: Option<ClientCertificate>,
    /// Where bytes are counted.
    pub activity: Arc<Activity>,
    /// The server is a tree of files here; no other server may send us to files.
    pub files: bool,
    /// The proxies of the environment.
    pub proxies: Proxies,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            unchecked: false,
            timeout: Duration::from_secs(60),
            pause: Duration::from_secs(2),
            offline: false,
            authorities: Vec::new(),
            client: None,
            activity: Arc::default(),
            files: false,
            proxies: Proxies::default(),
        }
    }
}

/// A client of HTTP. Cheap to clone: its connections are shared.
#[derive(Clone)]
pub struct Http {
    plain: Agent,
    /// Made when it is needed: the certificates of a machine take a while to read.
    secure: Arc<OnceLock<Agent>>,
    options: Arc<HttpOptions>,
}

fn agent(options: &HttpOptions, tls: Option<TlsConfig>) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("kdo/", env!("CARGO_PKG_VERSION")))
        // Followed here: credentials are for a scheme, host and port.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(options.timeout))
        .timeout_recv_response(Some(options.timeout))
        .timeout_per_read(Some(options.timeout))
        .tls_config(tls.unwrap_or_default())
        .build()
        .new_agent()
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The whole URL.
    pub url: &'a str,
    /// Credentials, and for which host they are.
    pub auth: Option<&'a Auth>,
    /// Further headers.
    pub headers: Vec<(&'a str, String)>,
    /// What is sent.
    pub body: Option<&'a [u8]>,
    /// A file that is sent instead.
    pub file: Option<&'a Path>,
}

impl<'a> Call<'a> {
    /// A GET.
    pub fn get(url: &'a str, auth: Option<&'a Auth>) -> Self {
        Self {
            method: Method::GET,
            url,
            auth,
            headers: Vec::new(),
            body: None,
            file: None,
        }
    }
}

impl Http {
    /// A client with the certificates of this machine.
    pub fn new(options: HttpOptions) -> Self {
        Self {
            plain: agent(&options, None),
            secure: Arc::default(),
            options: Arc::new(options),
        }
    }

    fn agent_for(&self, url: &str, proxy: Option<&Proxy>) -> &Agent {
        let plain = url.get(..5).is_some_and(|s| s.eq_ignore_ascii_case("http:"));
        if plain && proxy.is_none_or(|p| p.protocol() != ProxyProtocol::Https) {
            return &self.plain;
        }
        self.secure.get_or_init(|| {
            let options = &self.options;
            let tls = tls(&options.authorities, options.client.as_ref(), options.unchecked);
            agent(options, Some(tls))
        })
    }

    /// Whether nobody may be asked.
    pub fn is_offline(&self) -> bool {
        self.options.offline
    }

    /// The answer, whatever its status, after as many attempts as make sense.
    pub fn call(&self, call: &Call<'_>) -> Result<Response<Body>> {
        if self.options.offline {
            return Err(Failure::server(format!(
                "{}: nobody may be asked (--offline)",
                call.url
            )));
        }
        let mut attempt = 0;
        loop {
            attempt += 1;
            let answer = self.follow(call);
            let wait = match &answer {
                Ok(answer) if is_passing(answer.status().as_u16()) => Some(retry_after(answer)),
                Err(Trouble { passing: true, .. }) => Some(None),
                _ => None,
            };
            match wait {
                Some(asked) if attempt < ATTEMPTS => thread::sleep(self.pause(attempt, asked)),
                _ => return answer.map_err(|t| Failure::server(format!("{}: {}", shown(call.url), t.what))),
            }
        }
    }

    fn pause(&self, attempt: u32, asked: Option<Duration>) -> Duration {
        // Clients that were refused together must not come back together.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let jitter = 1.0 + f64::from(now.subsec_micros() % 1000) / 2000.0;
        let grown = self
            .options
            .pause
            .mul_f64(2_f64.powi(attempt.cast_signed() - 1) * jitter);
        asked.unwrap_or(grown).min(LONGEST_PAUSE)
    }

    /// The answer behind redirections, of what only asks.
    fn follow(&self, call: &Call<'_>) -> std::result::Result<Response<Body>, Trouble> {
        let mut url = call.url.to_owned();
        for _ in 0..REDIRECTIONS {
            let answer = self.once(&Call {
                url: &url,
                ..call.clone()
            })?;
            let asks = matches!(call.method, Method::GET | Method::HEAD);
            let moved = asks && matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
            match answer
                .headers()
                .get("Location")
                .and_then(|l| l.to_str().ok())
                .filter(|_| moved)
            {
                Some(location) => url = absolute(&url, location),
                None => return Ok(answer),
            }
        }
        Err(Trouble {
            what: "there are too many redirections".to_owned(),
            passing: false,
        })
    }

    fn once(&self, call: &Call<'_>) -> std::result::Result<Response<Body>, Trouble> {
        let mut request = ureq::http::Request::builder()
            .method(call.method.clone())
            .uri(call.url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(auth) = call.auth.filter(|a| a.is_for(call.url)) {
            let value = auth.header(self).map_err(|f| Trouble {
                what: f.to_string(),
                passing: false,
            })?;
            if let Some(value) = value {
                request = request.header("Authorization", value);
            }
        }
        let odd = |e: ureq::http::Error| Trouble {
            what: e.to_string(),
            passing: false,
        };
        let proxy = self.options.proxies.of_url(call.url).map_err(|f| Trouble {
            what: f.to_string(),
            passing: false,
        })?;
        let answer = match (call.file, call.body) {
            (Some(path), _) => {
                let file = File::open(path).map_err(|e| Trouble {
                    what: format!("{}: {e}", path.display()),
                    passing: false,
                })?;
                self.send(request.body(file).map_err(odd)?, call.url, proxy)
            }
            (None, Some(body)) => self.send(request.body(body).map_err(odd)?, call.url, proxy),
            (None, None) => self.send(request.body(()).map_err(odd)?, call.url, proxy),
        };
        answer.map_err(|e| Trouble {
            passing: matches!(e, ureq::Error::Timeout(_)) || matches!(&e, ureq::Error::Io(io) if is_cut(io)),
            what: e.to_string(),
        })
    }

    fn send(
        &self,
        request: Request<impl AsSendBody>,
        url: &str,
        proxy: Option<&Proxy>,
    ) -> std::result::Result<Response<Body>, ureq::Error> {
        let agent = self.agent_for(url, proxy);
        agent.run(agent.configure_request(request).proxy(proxy.cloned()).build())
    }

    /// The file behind an URL, where the server is a tree of files.
    fn file(&self, url: &str) -> Option<PathBuf> {
        file_of_url(url).filter(|_| self.options.files)
    }

    /// The JSON at an URL; none for 404.
    pub fn json(&self, url: &str, auth: Option<&Auth>) -> Result<Option<Value>> {
        let parsed = |text: &str| {
            json::read(text)
                .map(Some)
                .map_err(|e| Failure::server(format!("{}: this is no JSON: {e}", shown(url))))
        };
        if let Some(path) = self.file(url) {
            return match fs::read_to_string(&path) {
                Ok(text) => parsed(&text),
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
                Err(e) => Err(Failure::file(&path, &e)),
            };
        }
        let mut call = Call::get(url, auth);
        call.headers.push(("Accept", "application/json, */*".to_owned()));
        let answer = self.call(&call)?;
        match answer.status().as_u16() {
            404 => Ok(None),
            200..300 => parsed(&text(answer, url)?),
            _ => Err(refused(answer, url)),
        }
    }

    /// Brings what is at an URL into the store; goes on where a broken connection stopped.
    pub fn download(
        &self,
        url: &str,
        auth: Option<&Auth>,
        store: &Store,
        announced: Option<&Digest>,
    ) -> Result<Digest> {
        let mut incoming = store.incoming()?;
        if let Some(path) = self.file(url) {
            let mut file = File::open(&path).map_err(|e| Failure::file(&path, &e))?;
            incoming.take_all(&mut file)?;
            return store.keep(incoming, announced).map_err(|f| f.of(url));
        }
        let mut tag: Option<String> = None;
        let mut have = 0;
        for attempt in 1..=ATTEMPTS {
            let mut call = Call::get(url, auth);
            if have > 0 {
                call.headers.push(("Range", format!("bytes={have}-")));
                if let Some(tag) = &tag {
                    call.headers.push(("If-Range", tag.clone()));
                }
            }
            let answer = self.call(&call)?;
            match answer.status().as_u16() {
                206 if have > 0 => {}
                200 if have > 0 => {
                    incoming = store.incoming()?;
                }
                200 => {}
                _ => return Err(refused(answer, url)),
            }
            let strong = answer.headers().get("ETag").and_then(|v| v.to_str().ok());
            tag = strong.filter(|t| !t.starts_with("W/")).map(str::to_owned);
            let mut reader = Watched {
                inner: answer.into_body().into_with_config().limit(u64::MAX).reader(),
                failed: None,
                activity: &self.options.activity,
            };
            let taken = incoming.take_all(&mut reader);
            match (taken, reader.failed) {
                (Ok(()), _) => return store.keep(incoming, announced).map_err(|f| f.of(shown(url))),
                // Bytes are put together only if the server says, or their hash will, that they belong together.
                (Err(_), Some(_)) if attempt < ATTEMPTS => {
                    have = incoming.size();
                    if tag.is_none() && announced.is_none() {
                        incoming = store.incoming()?;
                        have = 0;
                    }
                    thread::sleep(self.pause(1, None));
                }
                (Err(_), Some(why)) => return Err(Failure::server(format!("{}: {why}", shown(url)))),
                (Err(failure), None) => return Err(failure.of(shown(url))),
            }
        }
        Err(Failure::server(format!(
            "{}: the connection broke again and again",
            shown(url)
        )))
    }
}

/// Tells a reader's errors from the writer's.
struct Watched<'a, R> {
    inner: R,
    failed: Option<String>,
    activity: &'a Activity,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.inner
            .read(into)
            .inspect(|n| self.activity.add_received(*n))
            .inspect_err(|e| self.failed = Some(e.to_string()))
    }
}

struct Trouble {
    what: String,
    passing: bool,
}

fn is_passing(status: u16) -> bool {
    matches!(status, 429 | 500 | 502 | 503 | 504 | 520)
}

fn is_cut(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof
    )
}

fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let seconds = answer.headers().get("Retry-After")?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// The whole text of an answer.
pub(crate) fn text(answer: Response<Body>, url: &str) -> Result<String> {
    let read = answer.into_body().into_with_config().limit(MOST).read_to_string();
    read.map_err(|e| Failure::server(format!("{}: {e}", shown(url))))
}

/// What a server said when it refused, in its own words where it has any.
pub(crate) fn refused(answer: Response<Body>, url: &str) -> Failure {
    let status = answer.status();
    let body = answer
        .into_body()
        .into_with_config()
        .limit(64 << 10)
        .lossy_utf8(true)
        .read_to_string();
    let said = body.ok().and_then(|b| said(&json::read(&b).ok()?));
    let said = said.map_or_else(String::new, |s| format!(": {s}"));
    let failure = Failure::server(format!("{}: the server answers {status}{said}", shown(url)));
    match status.as_u16() {
        401 | 403 => failure.help("check the token or the user's name and password of this server"),
        404 => Failure {
            cause: crate::Cause::NotFound,
            ..failure
        },
        _ => failure,
    }
}

/// An URL without the password in it.
pub(crate) fn shown(url: &str) -> String {
    without_user(url).0
}
