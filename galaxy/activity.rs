//! What is being fetched, for those who watch.

use std::sync::{
    Mutex, OnceLock, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Everything that is on its way at the moment.
#[derive(Default)]
pub struct Activity {
    open: Mutex<Vec<String>>,
    fetched: AtomicUsize,
    received: AtomicU64,
    idle: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// Something that goes on for as long as this lives.
pub(crate) struct Going<'a> {
    activity: &'a Activity,
    what: String,
}

impl Activity {
    /// What is asked for or fetched now, the longest first.
    pub fn open(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// Packages that were fetched.
    pub fn fetched(&self) -> usize {
        self.fetched.load(Ordering::Relaxed)
    }

    /// Bytes that came so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// What is called each time when nothing is on its way any more, before its caller goes on. The first counts.
    pub fn when_idle(&self, call: impl Fn() + Send + Sync + 'static) {
        let _ = self.idle.set(Box::new(call));
    }

    pub(crate) fn begin(&self, what: String) -> Going<'_> {
        self.lock().push(what.clone());
        Going { activity: self, what }
    }

    pub(crate) fn add_fetched(&self) {
        self.fetched.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let idle = {
            let mut open = self.activity.lock();
            if let Some(at) = open.iter().position(|w| *w == self.what) {
                open.remove(at);
            }
            open.is_empty()
        };
        if let Some(call) = self.activity.idle.get().filter(|_| idle) {
            call();
        }
    }
}

impl std::fmt::Debug for Activity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.lock())
    }
}
