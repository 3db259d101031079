//! Brings it all together: from an endpoint to a live session.

use crate::{
    auth::{Authentication, Credentials, Progress},
    banner::{Duplex, Seen, Tap},
    dial,
    environment::Environment,
    fault::{Fault, unreachable},
    handler::{Handler, Notes},
    handshake,
    handshake_limit::HandshakeLimit,
    key_cache::KeyCache,
    known_hosts_files::KnownHostsFiles,
    proxy_command::ProxyCommand,
    resolver::Resolver,
    session::Session,
    settings::{Proxy, Settings},
};
use async_trait::async_trait;
use kdo_transport::{Connection, Connector, Endpoint, TransportError, TransportErrorKind};
use russh::client;
use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::time::Instant;

/// How often a server that hangs up before authentication is tried again within the connect timeout.
const RESETS: u32 = 5;
const DEEPEST_JUMP: usize = 8;
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Connects to hosts by SSH. One connector serves a run: it holds decrypted keys, jump connections and the limits on
/// handshakes. Cheap to clone.
#[derive(Clone)]
pub struct SshConnector(Arc<Shared>);

struct Shared {
    resolver: Resolver,
    keys: KeyCache,
    known_hosts: KnownHostsFiles,
    limit: HandshakeLimit,
    jumps: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Jump>>>>,
}

/// The state of one jump host.
#[derive(Default)]
struct Jump {
    session: Weak<Session>,
    /// The last failure and when it was: all who waited for that attempt share it, or each would wait for its own.
    failure: Option<(Instant, TransportError)>,
}

/// What a session is carried by, ready before its time starts to run.
enum Route {
    Tcp(Vec<SocketAddr>),
    Jump(Arc<Session>),
    Command(String),
}

impl Default for SshConnector {
    fn default() -> Self {
        Self::new()
    }
}

impl SshConnector {
    /// A connector for the user that runs this process.
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            resolver: Resolver::new(Environment::current()),
            keys: KeyCache::default(),
            known_hosts: KnownHostsFiles::default(),
            limit: HandshakeLimit::default(),
            jumps: Mutex::default(),
        }))
    }
}

#[async_trait]
impl Connector for SshConnector {
    async fn connect(&self, endpoint: &Endpoint) -> Result<Arc<dyn Connection>, TransportError> {
        let settings = self.0.resolver.endpoint(endpoint).await?;
        let credentials = Credentials {
            password: endpoint.password.clone(),
            key: endpoint.private_key.clone(),
            passphrase: endpoint.private_key_passphrase.clone(),
        };
        let mut attempt = 0;
        loop {
            match self.0.connect(&settings, &credentials, 0).await {
                Ok(session) => return Ok(session),
                Err(error) if error.kind == TransportErrorKind::Unreachable && attempt < endpoint.retries => {
                    let pause = Duration::from_secs((1 << attempt.min(5)) - 1).min(LONGEST_PAUSE);
                    tokio::time::sleep(pause + jitter(200)).await;
                    attempt += 1;
                }
                Err(mut error) => {
                    if attempt > 0 {
                        error.message += &format!(" (tried {} times)", attempt + 1);
                    }
                    return Err(error);
                }
            }
        }
    }
}

fn jitter(most_millis: u64) -> Duration {
    Duration::from_millis(rand::random_range(0..=most_millis))
}

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<Arc<Session>, TransportError>> + Send + 'a>>;

impl Shared {
    fn connect<'a>(
        &'a self,
        settings: &'a Settings,
        credentials: &'a Credentials,
        depth: usize,
    ) -> Connecting<'a> {
        Box::pin(async move {
            let (route, limit_key) = self.route(settings, depth).await?;
            let _turn = self.limit.turn(&limit_key).await;
            let deadline = Instant::now() + settings.connect_timeout;
            let mut resets = 0;
            loop {
                let stage = Mutex::new("waiting for the connection");
                let attempt = self.establish(settings, credentials, &route, &stage);
                match tokio::time::timeout_at(deadline, attempt).await {
                    Ok(Ok(session)) => return Ok(Arc::new(session)),
                    Ok(Err(Fault::Final(error))) => return Err(error),
                    Ok(Err(Fault::HungUp(why))) => {
                        let pause = Duration::from_millis(100 << resets) + jitter(100 << resets);
                        if resets >= RESETS || Instant::now() + pause >= deadline {
                            return Err(unreachable(format!(
                                "{} hung up before authentication {} times: {why} (too many connections at once, MaxStartups?)",
                                settings.label(),
                                resets + 1
                            )));
                        }
                        resets += 1;
                        tokio::time::sleep(pause).await;
                    }
                    Err(_) => {
                        let stage = *stage.lock().unwrap_or_else(PoisonError::into_inner);
                        return Err(unreachable(format!(
                            "connection to {} timed out after {} s {stage}",
                            settings.label(),
                            settings.connect_timeout.as_secs_f32()
                        )));
                    }
                }
            }
        })
    }

    /// What will carry the session, and the name of the queue its handshake belongs in.
    async fn route(&self, settings: &Settings, depth: usize) -> Result<(Route, String), TransportError> {
        match &settings.proxy {
            Proxy::None => {
                let lookup = dial::addresses(&settings.host, settings.port, settings.ipv6);
                let addresses = tokio::time::timeout(settings.connect_timeout, lookup)
                    .await
                    .map_err(|_| {
                        let seconds = settings.connect_timeout.as_secs_f32();
                        unreachable(format!(
                            "looking up the name {} timed out after {seconds} s",
                            settings.host
                        ))
                    })??;
                let key = addresses.first().map(SocketAddr::to_string).unwrap_or_default();
                Ok((Route::Tcp(addresses), key))
            }
            Proxy::Command { command, template } => {
                Ok((Route::Command(command.clone()), format!("command {template}")))
            }
            Proxy::Jump(hops) => {
                if depth >= DEEPEST_JUMP {
                    return Err(unreachable(format!(
                        "{}: more than {DEEPEST_JUMP} jump hosts",
                        settings.host
                    )));
                }
                let Some((last, before)) = hops.split_last() else {
                    return Err(unreachable(format!("{}: ProxyJump names no host", settings.host)));
                };
                let jump = self.resolver.hop(last, before.to_vec(), settings).await?;
                let key = format!("jump {}@{}:{} {:?}", jump.user, jump.host, jump.port, jump.proxy);
                let session = self.jump(&key, &jump, depth).await.map_err(|mut error| {
                    error.message = format!("jump host {}: {}", jump.label(), error.message);
                    error
                })?;
                Ok((Route::Jump(session), key))
            }
        }
    }

    /// The one session to a jump host that all hosts behind it share.
    async fn jump(
        &self,
        key: &str,
        settings: &Settings,
        depth: usize,
    ) -> Result<Arc<Session>, TransportError> {
        let slot = {
            let mut jumps = self.jumps.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(jumps.entry(key.to_owned()).or_default())
        };
        let asked = Instant::now();
        let mut slot = slot.lock().await;
        if let Some(session) = slot.session.upgrade().filter(|session| session.is_alive()) {
            return Ok(session);
        }
        if let Some((when, error)) = &slot.failure
            && *when >= asked
        {
            return Err(error.clone());
        }
        match self.connect(settings, &Credentials::default(), depth + 1).await {
            Ok(session) => {
                *slot = Jump {
                    session: Arc::downgrade(&session),
                    failure: None,
                };
                Ok(session)
            }
            Err(error) => {
                slot.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn establish(
        &self,
        settings: &Settings,
        credentials: &Credentials,
        route: &Route,
        stage: &Mutex<&'static str>,
    ) -> Result<Session, Fault> {
        let at = |text| *stage.lock().unwrap_or_else(PoisonError::into_inner) = text;
        at("while connecting");
        let (mut jump, mut proxy) = (None, None);
        let stream: Box<dyn Duplex> = match route {
            Route::Tcp(addresses) => {
                let tcp = dial::connect(addresses, settings.bind_address).await?;
                let count = u32::try_from(settings.alive_count).unwrap_or(1).max(1);
                dial::limit_silence(&tcp, settings.alive_interval.saturating_mul(count));
                Box::new(tcp)
            }
            Route::Jump(session) => {
                jump = Some(Arc::clone(session));
                session.tunnel(&settings.host, settings.port).await?
            }
            Route::Command(command) => {
                let (child, stream) = ProxyCommand::start(command)?;
                proxy = Some(child);
                stream
            }
        };
        at("during the SSH handshake (the port is open, but the server does not go on)");
        let notes = Notes::new();
        let check = self.known_hosts.check_for(settings);
        let config = Arc::new(handshake::config(settings, &check.known_types()));
        let handler = Handler {
            check,
            notes: Arc::clone(&notes),
        };
        let seen = Seen::default();
        let connected = client::connect_stream(config, Tap::new(stream, seen.clone()), handler).await;
        let mut handle = match connected {
            Ok(handle) => handle,
            Err(error) => {
                return Err(handshake::explain(
                    settings,
                    &error,
                    &notes,
                    &seen,
                    proxy.as_ref(),
                ));
            }
        };
        at("during authentication");
        Authentication {
            handle: &mut handle,
            settings,
            credentials,
            keys: &self.keys,
            notes: &notes,
            progress: Progress::default(),
        }
        .run()
        .await?;
        Ok(Session {
            handle,
            notes,
            label: settings.label(),
            jump,
            proxy,
        })
    }
}
