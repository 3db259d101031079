//! The moment after a tag or a signature was put: registries put without a condition, so whoever looked before it was
//! there may overwrite it. Who waits longer than that takes and still finds its own was the last: exactly one is.

use super::oci::{Attached, attach, must_be_same};
use crate::{
    Digest, Failure, Result,
    oci::{Image, Registry},
};
use std::{
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// The longest pause, however slow the registry is.
const LONGEST: Duration = Duration::from_secs(10);
/// Times that a signature is written into a list that others write too.
const ATTEMPTS: u32 = 10;

/// What was put and is to be looked at once more.
pub(super) struct Settling {
    pub(super) registry: Box<dyn Registry>,
    pub(super) repository: String,
    tagged: Option<Tagged>,
    signature: Option<Attached>,
    pause: Duration,
    since: Instant,
}

/// A version under its tag.
struct Tagged {
    tag: String,
    place: String,
    image: Image,
    archive: Digest,
}

impl Settling {
    pub(super) fn new(registry: Box<dyn Registry>, repository: &str, signature: Option<Attached>) -> Self {
        Self {
            pause: registry.settling(),
            registry,
            repository: repository.to_owned(),
            tagged: None,
            signature,
            since: Instant::now(),
        }
    }

    /// Puts the tag, unless `there` finds that it leads to the same content already.
    pub(super) fn put_tag(
        &mut self,
        tag: &str,
        place: &str,
        manifest: &[u8],
        archive: Digest,
        there: impl FnOnce(&dyn Registry) -> Result<Option<Vec<u8>>>,
    ) -> Result<()> {
        let looked = Instant::now();
        if there(self.registry.as_ref())?.is_none() {
            self.registry
                .put_manifest(&self.repository, Some(tag), manifest)?;
        }
        // Others are about as fast as we are.
        if !self.pause.is_zero() {
            self.pause = self.pause.max(looked.elapsed() * 3).min(LONGEST);
        }
        self.since = Instant::now();
        self.tagged = Some(Tagged {
            tag: tag.to_owned(),
            place: place.to_owned(),
            image: Image::parse(manifest)?,
            archive,
        });
        Ok(())
    }

    /// Waits, and fails if another version of the content is there now; gives the digest that the tag leads to. The
    /// signature is put again where others left it out.
    pub(super) fn finish(mut self, key: Option<&Path>) -> Result<Option<Digest>> {
        if self.tagged.is_none() && self.signature.is_none() {
            return Ok(None);
        }
        sleep(self.pause.saturating_sub(self.since.elapsed()));
        let digest = self.tagged.take().map(|t| self.check_tag(&t, key)).transpose()?;
        self.check_signature()?;
        Ok(digest)
    }

    fn check_tag(&mut self, tagged: &Tagged, key: Option<&Path>) -> Result<Digest> {
        let Some(now) = self.registry.manifest(&self.repository, &tagged.tag)? else {
            return Err(Failure::server(format!("{} is gone again", tagged.place)));
        };
        let digest = Digest::of(&now);
        if now == tagged.image.bytes() {
            return Ok(digest);
        }
        must_be_same(&now, &tagged.image, &tagged.place, &tagged.archive)?;
        // Somebody else published the same content, and says other things of it.
        if let Some(key) = key {
            self.signature = attach(self.registry.as_ref(), &self.repository, &now, key)?;
        }
        Ok(digest)
    }

    fn check_signature(&self) -> Result<()> {
        let Some(signature) = &self.signature else {
            return Ok(());
        };
        let digest = Digest::of(&signature.manifest);
        for attempt in 1..=ATTEMPTS {
            let listed = self.registry.referrers(&self.repository, &signature.subject)?;
            if listed.iter().any(|d| d.digest == digest) {
                return Ok(());
            }
            self.registry
                .put_manifest(&self.repository, None, &signature.manifest)?;
            // Those who overwrote each other must not come back together.
            let apart = std::process::id().wrapping_mul(attempt) % 100;
            sleep(self.pause * (100 + apart) / 100);
        }
        Err(Failure::server(format!(
            "{}: others write the list of signatures at the same time; try again",
            self.repository
        )))
    }
}
