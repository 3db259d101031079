//! How many unauthenticated connections one server sees from us at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// sshd starts dropping at 10 by default; two are left to others.
const AT_ONCE: usize = 8;

/// One semaphore for each server or jump host.
#[derive(Default)]
pub(crate) struct HandshakeLimit(Mutex<HashMap<String, Arc<Semaphore>>>);

impl HandshakeLimit {
    /// Waits for a turn with the server called `key`; the turn ends when the permit is dropped.
    pub(crate) async fn turn(&self, key: &str) -> Option<OwnedSemaphorePermit> {
        let semaphore = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                all.entry(key.to_owned())
                    .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))),
            )
        };
        semaphore.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ninth_handshake_with_one_server_waits_but_not_with_another() {
        let limit = HandshakeLimit::default();
        let mut permits = Vec::new();
        for _ in 0..AT_ONCE {
            permits.push(limit.turn("a:22").await);
        }
        assert!(
            tokio::time::timeout(std::time::Duration::from_millis(1), limit.turn("a:22"))
                .await
                .is_err()
        );
        assert!(limit.turn("b:22").await.is_some());
        permits.pop();
        assert!(limit.turn("a:22").await.is_some());
    }
}
