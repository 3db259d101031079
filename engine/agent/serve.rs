//! The agent's loop.

use crate::{
    channel::{Arrival, Channel, Sender},
    job, step,
};
use kdo_value::{Map, codec};
use kdo_wire::{Decoder, Frame, Greeting, Invoke, Kind, MAGIC, VERSION};
use std::{
    collections::HashMap,
    fs,
    io::{self, Read},
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// Pieces of files that may wait until their step writes them.
const ARRIVALS: usize = 16;

/// What the reader knows of a running step.
struct Running {
    arrivals: mpsc::SyncSender<Arrival>,
    cancelled: Arc<AtomicBool>,
}

type Steps = Arc<Mutex<HashMap<u64, Running>>>;

/// Serves until the controller says good-bye or its connection ends; running steps are then cancelled.
pub fn serve() -> ExitCode {
    let sender = Sender::new();
    step::report_panics();
    let greeting = Greeting {
        version: VERSION,
        id: fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        epoch: 0,
        uid: i64::from(rustix::process::geteuid().as_raw()),
        pid: i64::from(std::process::id()),
    };
    let mut hello = MAGIC.to_vec();
    hello.extend(Frame::new(Kind::Hello, 0, greeting.encode()).encode());
    if sender.raw(&hello).is_err() {
        return ExitCode::FAILURE;
    }
    let steps = Steps::default();
    let worker = Worker::start(sender.clone(), Arc::clone(&steps));
    let clean = read(&sender, &steps, &worker);
    if clean {
        worker.finish();
        ExitCode::SUCCESS
    } else {
        // The controller is gone: whatever runs has nobody to report to.
        if let Ok(steps) = steps.lock() {
            steps
                .values()
                .for_each(|s| s.cancelled.store(true, Ordering::Relaxed));
        }
        worker.finish();
        ExitCode::FAILURE
    }
}

/// Reads frames; says whether the end was an orderly one.
fn read(sender: &Sender, steps: &Steps, worker: &Worker) -> bool {
    let mut stdin = io::stdin().lock();
    let mut decoder = Decoder::default();
    let mut buffer = vec![0; 64 << 10];
    let mut epoch = 0;
    loop {
        match stdin.read(&mut buffer) {
            Ok(0) => return false,
            Ok(n) => decoder.push(buffer.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return false,
        }
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) if frame.kind == Kind::Bye => return true,
                Ok(Some(frame)) => handle(frame, sender, steps, worker, &mut epoch),
                Ok(None) => break,
                Err(_) => return false,
            }
        }
    }
}

fn handle(frame: Frame, sender: &Sender, steps: &Steps, worker: &Worker, epoch: &mut i64) {
    let arrive = |arrival: Arrival| {
        let steps = steps.lock().ok();
        let arrivals = steps.and_then(|s| s.get(&frame.step).map(|s| s.arrivals.clone()));
        if let Some(arrivals) = arrivals {
            // Waits for a slow disk, without the lock. A step that has ended no longer listens.
            let _ = arrivals.send(arrival);
        }
    };
    match frame.kind {
        Kind::Hello => {
            if let Some(greeting) = Greeting::decode(&frame.payload) {
                *epoch = greeting.epoch.max(*epoch);
            }
        }
        Kind::Invoke => {
            let invoke = Invoke::decode(&frame.payload);
            let refused = match &invoke {
                None => Some("the order could not be read".to_owned()),
                Some(i) if i.epoch < *epoch => {
                    Some(format!("the run's epoch {} is over (now {epoch})", i.epoch))
                }
                Some(_) => None,
            };
            match (refused, invoke) {
                (None, Some(_)) => worker.run(frame, steps),
                (reason, _) => {
                    let result = step::failed(reason.unwrap_or_default());
                    let _ = sender.send(&Frame::new(Kind::Result, frame.step, encode(result)));
                }
            }
        }
        Kind::Cancel => {
            if let Ok(steps) = steps.lock()
                && let Some(step) = steps.get(&frame.step)
            {
                step.cancelled.store(true, Ordering::Relaxed);
            }
        }
        Kind::Blob => arrive(Arrival::Piece(frame.payload)),
        Kind::BlobEnd => {
            let error = String::from_utf8_lossy(&frame.payload).into_owned();
            arrive(Arrival::End(Some(error).filter(|e| !e.is_empty())));
        }
        _ => {}
    }
}

fn encode(result: Map) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode(&result.into(), &mut out);
    out
}

struct Job {
    frame: Frame,
    arrivals: mpsc::Receiver<Arrival>,
    cancelled: Arc<AtomicBool>,
}

/// Threads that run steps: one stays for the usual case of one step after the other, more are made when steps
/// overlap (delegation, several hosts on one machine).
struct Worker {
    sender: Sender,
    steps: Steps,
    jobs: mpsc::Sender<Job>,
    idle: Arc<AtomicBool>,
    main: thread::JoinHandle<()>,
    extra: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl Worker {
    fn start(sender: Sender, steps: Steps) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let idle = Arc::new(AtomicBool::new(true));
        let main = {
            let (sender, steps, idle) = (sender.clone(), Arc::clone(&steps), Arc::clone(&idle));
            thread::spawn(move || {
                for job in queue {
                    perform(job, &sender, &steps, Some(&idle));
                }
            })
        };
        Self {
            sender,
            steps,
            jobs,
            idle,
            main,
            extra: Mutex::default(),
        }
    }

    fn run(&self, frame: Frame, steps: &Steps) {
        let (arrivals, receiver) = mpsc::sync_channel(ARRIVALS);
        let cancelled = Arc::new(AtomicBool::new(false));
        if let Ok(mut steps) = steps.lock() {
            steps.insert(
                frame.step,
                Running {
                    arrivals,
                    cancelled: Arc::clone(&cancelled),
                },
            );
        }
        let job = Job {
            frame,
            arrivals: receiver,
            cancelled,
        };
        if self.idle.swap(false, Ordering::AcqRel) {
            let _ = self.jobs.send(job);
            return;
        }
        let (sender, steps) = (self.sender.clone(), Arc::clone(&self.steps));
        let handle = thread::spawn(move || perform(job, &sender, &steps, None));
        if let Ok(mut extra) = self.extra.lock() {
            extra.retain(|h| !h.is_finished());
            extra.push(handle);
        }
    }

    fn finish(self) {
        drop(self.jobs);
        let _ = self.main.join();
        for handle in self.extra.into_inner().unwrap_or_default() {
            let _ = handle.join();
        }
    }
}

fn perform(job: Job, sender: &Sender, steps: &Steps, idle: Option<&AtomicBool>) {
    let number = job.frame.step;
    let result = match Invoke::decode(&job.frame.payload) {
        None => step::failed("the order could not be read".into()),
        Some(invoke) => match &invoke.job {
            Some(id) => job::start(&invoke, id),
            None => {
                let limit = u64::try_from(invoke.timeout).ok().filter(|t| *t > 0);
                let deadline = limit.map(|t| Instant::now() + Duration::from_secs(t));
                let mut channel = Channel::new(number, sender.clone(), job.arrivals, job.cancelled, deadline);
                let out = sender.clone();
                step::on_panic(Some(Box::new(move |text| {
                    // The agent ends right after; there is nobody left to tell of a failed write.
                    let _ = out.send(&Frame::new(Kind::Result, number, encode(step::failed(text))));
                })));
                let result = step::run(&invoke, &mut channel);
                step::on_panic(None);
                channel.flush();
                result
            }
        },
    };
    if let Ok(mut steps) = steps.lock() {
        steps.remove(&number);
    }
    if let Some(idle) = idle {
        // Before the answer goes out, so that the next order finds this thread free.
        idle.store(true, Ordering::Release);
    }
    let _ = sender.send(&Frame::new(Kind::Result, number, encode(result)));
}
