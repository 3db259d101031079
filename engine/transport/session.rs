//! A conversation with one agent: many steps at once over one pair of streams.

use crate::{
    Agents, Become, Connection, TransportError, TransportErrorKind as Kind,
    bootstrap::{self, Started},
};
use kdo_wire::{Decoder, Frame, Greeting, Kind as FrameKind, VERSION};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

/// Frames that may wait for a slow reader of one step.
const BACKLOG: usize = 64;

type Routes = Arc<Mutex<HashMap<u64, mpsc::Sender<Frame>>>>;

/// A live agent. Dropping it ends the agent.
pub struct AgentSession {
    outgoing: mpsc::Sender<Vec<u8>>,
    routes: Routes,
    next: AtomicU64,
    alive: Arc<AtomicBool>,
    traffic: Arc<Traffic>,
    greeting: Greeting,
    uploaded: bool,
}

/// Bytes that went over the wire, for figures.
#[derive(Default)]
pub struct Traffic {
    /// To the host.
    pub sent: AtomicU64,
    /// From the host.
    pub received: AtomicU64,
}

/// One running step: frames from the agent, and a way to send it more. Dropping it unfinished cancels the step.
pub struct StepChannel {
    number: u64,
    outgoing: mpsc::Sender<Vec<u8>>,
    incoming: mpsc::Receiver<Frame>,
    routes: Routes,
    done: bool,
}

impl AgentSession {
    /// Starts the agent over a connection (uploading it where it is missing) and greets it.
    pub async fn start(
        connection: &dyn Connection,
        agents: &Agents,
        escalation: Option<&Become>,
        limit: Duration,
    ) -> Result<Self, TransportError> {
        let Started {
            process,
            rest,
            uploaded,
        } = bootstrap::start(connection, agents, escalation, limit).await?;
        let mut decoder = Decoder::default();
        decoder.push(&rest);
        let mut stdout = process.stdout;
        let lost = || TransportError::new(Kind::Agent, "the agent ended before its greeting");
        let hello = loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => break frame,
                Ok(None) => {
                    let mut buffer = vec![0; 4096];
                    match stdout.read(&mut buffer).await {
                        Ok(n) if n > 0 => decoder.push(buffer.get(..n).unwrap_or_default()),
                        _ => return Err(lost()),
                    }
                }
                Err(e) => {
                    return Err(TransportError::new(
                        Kind::Agent,
                        format!("the agent's greeting is broken: {e}"),
                    ));
                }
            }
        };
        let greeting = Greeting::decode(&hello.payload)
            .filter(|g| g.version == VERSION)
            .ok_or_else(|| {
                TransportError::new(Kind::Agent, "the agent speaks another version of the protocol")
            })?;
        let (outgoing, mut queue) = mpsc::channel::<Vec<u8>>(BACKLOG);
        let (routes, alive, traffic) = (
            Routes::default(),
            Arc::new(AtomicBool::new(true)),
            Arc::new(Traffic::default()),
        );
        let mut stdin = process.stdin;
        let (writer_alive, writer_traffic) = (Arc::clone(&alive), Arc::clone(&traffic));
        tokio::spawn(async move {
            while let Some(bytes) = queue.recv().await {
                writer_traffic
                    .sent
                    .fetch_add(bytes.len() as u64, Ordering::Relaxed);
                let sent = async {
                    stdin.write_all(&bytes).await?;
                    stdin.flush().await
                };
                if sent.await.is_err() {
                    writer_alive.store(false, Ordering::Release);
                    return;
                }
            }
        });
        let reader = Reader {
            routes: Arc::clone(&routes),
            alive: Arc::clone(&alive),
            traffic: Arc::clone(&traffic),
        };
        let mut stderr = process.stderr;
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            while stderr.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
        });
        tokio::spawn(async move { reader.read(stdout, decoder).await });
        Ok(Self {
            outgoing,
            routes,
            next: AtomicU64::new(1),
            alive,
            traffic,
            greeting,
            uploaded,
        })
    }

    /// What the agent said of itself.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Whether the program had to be sent.
    pub fn uploaded(&self) -> bool {
        self.uploaded
    }

    /// Whether the agent still answers, as far as is known.
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// Bytes on the wire so far.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Orders a step; `payload` is an encoded [`kdo_wire::Invoke`].
    pub async fn invoke(&self, payload: Vec<u8>) -> Result<StepChannel, TransportError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (route, incoming) = mpsc::channel(BACKLOG);
        if let Ok(mut routes) = self.routes.lock() {
            routes.insert(number, route);
        }
        let mut channel = StepChannel {
            number,
            outgoing: self.outgoing.clone(),
            incoming,
            routes: Arc::clone(&self.routes),
            done: false,
        };
        if !self.is_alive() {
            channel.done = true;
            return Err(lost());
        }
        channel.send(FrameKind::Invoke, payload).await?;
        Ok(channel)
    }

    /// Says good-bye; the agent ends when its running steps are done.
    pub async fn close(&self) {
        // If the agent is gone already there is nobody to say it to.
        let _ = self
            .outgoing
            .send(Frame::new(FrameKind::Bye, 0, Vec::new()).encode())
            .await;
    }
}

fn lost() -> TransportError {
    TransportError::new(Kind::Unreachable, "the connection to the host's agent was lost")
}

struct Reader {
    routes: Routes,
    alive: Arc<AtomicBool>,
    traffic: Arc<Traffic>,
}

impl Reader {
    async fn read(self, mut stdout: Box<dyn tokio::io::AsyncRead + Send + Unpin>, mut decoder: Decoder) {
        let mut buffer = vec![0; 64 << 10];
        'stream: loop {
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => self.route(frame).await,
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
            match stdout.read(&mut buffer).await {
                Ok(n) if n > 0 => {
                    self.traffic.received.fetch_add(n as u64, Ordering::Relaxed);
                    decoder.push(buffer.get(..n).unwrap_or_default());
                }
                _ => break,
            }
        }
        self.alive.store(false, Ordering::Release);
        // Closing the routes tells every waiting step.
        if let Ok(mut routes) = self.routes.lock() {
            routes.clear();
        }
    }

    async fn route(&self, frame: Frame) {
        let route = self.routes.lock().ok().and_then(|r| r.get(&frame.step).cloned());
        if let Some(route) = route {
            // A full backlog holds up the whole connection, and through it the program that prints too much.
            let _ = route.send(frame).await;
        }
    }
}

impl StepChannel {
    /// The next frame of the step; an error if the connection is lost first.
    pub async fn next(&mut self) -> Result<Frame, TransportError> {
        match self.incoming.recv().await {
            Some(frame) => {
                self.done = frame.kind == FrameKind::Result;
                Ok(frame)
            }
            None => {
                self.done = true;
                Err(lost())
            }
        }
    }

    /// Sends a frame of this step.
    pub async fn send(&mut self, kind: FrameKind, payload: Vec<u8>) -> Result<(), TransportError> {
        self.outgoing
            .send(Frame::new(kind, self.number, payload).encode())
            .await
            .map_err(|_| {
                self.done = true;
                lost()
            })
    }
}

impl Drop for StepChannel {
    fn drop(&mut self) {
        if let Ok(mut routes) = self.routes.lock() {
            routes.remove(&self.number);
        }
        if !self.done {
            // Best effort: a full queue means the agent is not reading and will see the connection end.
            let _ = self
                .outgoing
                .try_send(Frame::new(FrameKind::Cancel, self.number, Vec::new()).encode());
        }
    }
}
