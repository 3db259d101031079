//! A step's way back to the controller.

use kdo_modules::{Link, Stream};
use kdo_wire::{Frame, Kind};
use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

/// Bytes of one piece of bulk data.
const PIECE: usize = 256 << 10;

/// Output is sent at once when this much has come, else at most every [`FLUSH`].
const BATCH: usize = 32 << 10;
const FLUSH: Duration = Duration::from_millis(100);

/// So much of a stream's output is sent as it comes; of what follows, the newest [`BATCH`] of every [`FLUSH`]: it is for
/// the eye, and the journal keeps less. What the result keeps does not depend on it.
const WHOLE: u64 = 1 << 20;

/// The one writer of frames. Whole frames are written under the lock; a full pipe blocks the step that writes,
/// which is what bounds the memory of a program that prints without end.
#[derive(Clone)]
pub(crate) struct Sender(Arc<Mutex<io::Stdout>>);

impl Sender {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(io::stdout())))
    }

    pub(crate) fn raw(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = self.0.lock().map_err(|_| io::Error::other("output is broken"))?;
        out.write_all(bytes)?;
        out.flush()
    }

    pub(crate) fn send(&self, frame: &Frame) -> io::Result<()> {
        self.raw(&frame.encode())
    }
}

/// What arrives for a step while it runs.
pub(crate) enum Arrival {
    /// A piece of the wanted file.
    Piece(Vec<u8>),
    /// The file's end; an error if the controller could not read it.
    End(Option<String>),
}

/// The link of one step.
pub(crate) struct Channel {
    pub(crate) step: u64,
    pub(crate) sender: Sender,
    pub(crate) arrivals: mpsc::Receiver<Arrival>,
    pub(crate) cancelled: Arc<AtomicBool>,
    pub(crate) deadline: Option<Instant>,
    /// Files that the controller was asked for and whose content has not been read yet.
    asked: VecDeque<String>,
    pending: [Vec<u8>; 2],
    /// Bytes of output that have come so far.
    seen: [u64; 2],
    flushed: Instant,
}

impl Channel {
    pub(crate) fn new(
        step: u64,
        sender: Sender,
        arrivals: mpsc::Receiver<Arrival>,
        cancelled: Arc<AtomicBool>,
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            step,
            sender,
            arrivals,
            cancelled,
            deadline,
            asked: VecDeque::new(),
            pending: [Vec::new(), Vec::new()],
            seen: [0; 2],
            flushed: Instant::now(),
        }
    }

    /// Sends output that is still held back.
    pub(crate) fn flush(&mut self) {
        for (n, pending) in self.pending.iter_mut().enumerate() {
            if pending.is_empty() {
                continue;
            }
            let mut payload = vec![if n == 0 { 0 } else { 1 }];
            payload.append(pending);
            // A broken connection is noticed by the reader; output is only for the eye.
            let _ = self.sender.send(&Frame::new(Kind::Output, self.step, payload));
        }
        self.flushed = Instant::now();
    }
}

impl Channel {
    /// Reads the content of the file that was asked for first.
    fn receive(&mut self, into: &mut dyn Write) -> io::Result<u64> {
        self.asked.pop_front();
        let (mut total, mut broken) = (0, None);
        loop {
            match self
                .arrivals
                .recv()
                .map_err(|_| io::Error::other("the controller is gone"))?
            {
                // What cannot be written is still read to its end: the next file follows.
                Arrival::Piece(bytes) if broken.is_none() => {
                    total += bytes.len() as u64;
                    broken = into.write_all(&bytes).err();
                }
                Arrival::Piece(_) => {}
                Arrival::End(problem) => {
                    return match broken.or(problem.map(io::Error::other)) {
                        None => Ok(total),
                        Some(error) => Err(error),
                    };
                }
            }
        }
    }
}

impl Link for Channel {
    fn fetch(&mut self, name: &str, into: &mut dyn Write) -> io::Result<u64> {
        while self.asked.front().is_some_and(|first| first != name) {
            self.receive(&mut io::sink())?;
        }
        if self.asked.is_empty() {
            self.ask(&[name.to_owned()])?;
        }
        self.receive(into)
    }

    fn ask(&mut self, names: &[String]) -> io::Result<()> {
        for name in names {
            self.sender
                .send(&Frame::new(Kind::Need, self.step, name.as_bytes().to_vec()))?;
            self.asked.push_back(name.clone());
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(PIECE) {
            self.sender
                .send(&Frame::new(Kind::Chunk, self.step, piece.to_vec()))?;
        }
        Ok(())
    }

    fn output(&mut self, stream: Stream, bytes: &[u8]) {
        let index = usize::from(stream == Stream::Err);
        if let (Some(pending), Some(seen)) = (self.pending.get_mut(index), self.seen.get_mut(index)) {
            *seen += bytes.len() as u64;
            pending.extend(bytes);
            let whole = *seen <= WHOLE;
            if !whole {
                pending.drain(..pending.len().saturating_sub(BATCH));
            }
            if whole && pending.len() >= BATCH || self.flushed.elapsed() >= FLUSH {
                self.flush();
            }
        }
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.deadline.is_some_and(|d| Instant::now() >= d)
    }
}
