//! Bits of the file flip, or parts of it are lost: opening the inbox must fail, or return
//! everything.

use birdhook_test_harness::seed::seed;
use std::collections::HashMap;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use birdhook_inbox::{EventQuery, EventStatus, Inbox, StoreError};
use birdhook_pipeline::EventKey;
use bytes::Bytes;
use futures_util::FutureExt;
use tempfile::TempDir;

use crate::faults::{self, Bug, Disk};
use crate::fixture::{Fixture, options};
use birdhook_test_harness::consumption::{Line, content};
use birdhook_test_harness::load::Load;
use birdhook_test_harness::violation::{Violation, holds};

/// The file of an inbox that was closed or crashed, and its expected contents.
pub(crate) struct File {
    pub(crate) image: Vec<u8>,
    seal: Vec<u8>,
    /// Keys and contents of the events answered 200 and not acknowledged.
    pending: HashMap<EventKey, u64>,
    bodies: Vec<Bytes>,
}

impl File {
    pub(crate) async fn new(seed: u64, is_closed: bool) -> Result<Self, Violation> {
        let folder = tempfile::tempdir().unwrap();
        let load = Load::new(seed);
        let disk = Disk::default();
        // Many commits, so that the file has unused pages.
        let inbox = disk.of(options().prefetch(0)).open(folder.path()).await.unwrap();
        let fixture = Fixture::of(inbox);
        for _ in 0..40 {
            let status = fixture.send_fresh(&load).await;
            holds(status == 200, || format!("a sound disk, and {status}"))?;
        }
        let bodies = load.all().into_iter().map(|body| body.bytes).collect();
        let mut pending: HashMap<_, _> = load.all().into_iter().flat_map(|body| body.events).collect();
        for _ in 0..10 {
            let lease = fixture.inbox.recv().await.unwrap();
            pending.remove(&lease.delivery_key());
            lease.ack_durable().await.unwrap();
        }
        let left = disk.after_crash(disk.moment(), |_, _| true);
        fixture.close().await;
        let image = if is_closed { disk.after_crash(disk.moment(), |_, _| true) } else { left };
        let seal = std::fs::read(folder.path().join("sealed")).unwrap();
        Ok(Self { image, seal, pending, bodies })
    }

    /// Returns the positions of all copies of all bodies.
    fn bodies(&self) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        for body in &self.bodies {
            let at = self.image.windows(body.len()).enumerate().filter(|(_, part)| part == body);
            places.extend(at.map(|(from, _)| from..from + body.len()));
        }
        places
    }

    /// Opens the inbox with another image. Returns `true` if it was refused.
    pub(crate) async fn is_refused(&self, folder: &TempDir, image: Vec<u8>) -> Result<bool, Violation> {
        std::fs::write(folder.path().join("sealed"), &self.seal).unwrap();
        let disk = Disk::holding(image);
        let opened = AssertUnwindSafe(disk.of(options()).open(folder.path())).catch_unwind().await;
        match opened.map_err(|_| Violation::other("it panicked in place of being refused"))? {
            Ok(inbox) => self.is_whole(inbox).await.map(|()| false),
            Err(error) => match error.reason {
                StoreError::Corrupt(_) | StoreError::Other(_) | StoreError::TooNew(_) | StoreError::Io(_) => Ok(true),
                _ => Err(Violation::other(format!("refused for a wrong reason: {error}"))),
            },
        }
    }

    async fn is_whole(&self, inbox: Inbox) -> Result<(), Violation> {
        let listed = inbox.list(EventQuery::all().limit(usize::MAX)).await;
        let listed = listed.map_err(|error| Violation::other(format!("opened, and then: {error}")))?;
        let unsettled = listed.into_iter().filter(|one| one.status != EventStatus::Acknowledged);
        let events = unsettled.filter_map(|one| one.event.ok());
        let there: HashMap<_, _> = events.map(|event| (event.delivery_key(), content(&event))).collect();
        let lost: Vec<_> = self.pending.keys().filter(|key| !there.contains_key(key)).copied().collect();
        if !lost.is_empty() {
            return Err(Violation::Lost(lost));
        }
        match self.pending.iter().find(|(key, content)| there.get(key) != Some(content)) {
            Some((key, _)) => Err(Violation::Changed(*key)),
            None => Ok(()),
        }
    }
}

/// Flips bits, one at a time: every seventh bit of the header, one of each copy of a body, and one
/// of every `stride` bytes.
pub async fn is_never_silent(is_closed: bool, stride: usize, bug: Option<Bug>) -> Result<(), Violation> {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let file = File::new(seed, is_closed).await?;
    let folder = tempfile::tempdir().unwrap();
    holds(!file.is_refused(&folder, file.image.clone()).await?, || "undamaged, and refused")?;
    let used = file.image.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let header = 0..8 * 512.min(used);
    let everywhere = (512..used).step_by(stride).map(|byte| 8 * (byte + random.usize(..stride)) + random.usize(..8));
    let everywhere: Vec<_> = everywhere.collect();
    let bodies: Vec<_> = file.bodies().into_iter().map(|body| 8 * random.usize(body) + random.usize(..8)).collect();
    holds(bodies.len() >= 30, || format!("only {} bodies are found in the file", bodies.len()))?;
    let (mut flipped, mut refused) = (0, 0);
    faults::plant(bug);
    let proof = async {
        for bit in header.step_by(7).chain(bodies).chain(everywhere) {
            let mut image = file.image.clone();
            let Some(byte) = image.get_mut(bit / 8) else { continue };
            *byte ^= 1 << (bit % 8);
            let is_refused = file.is_refused(&folder, image).await;
            let located = |violation| Violation::other(format!("bit {bit} of {used} bytes: {violation}"));
            refused += usize::from(is_refused.map_err(located)?);
            flipped += 1;
        }
        Ok(())
    };
    let proof = AssertUnwindSafe(proof).catch_unwind().await;
    faults::plant(None);
    println!("damage: {flipped} bits of {used} bytes, {refused} refused");
    proof.unwrap_or_else(|_| Err(Violation::other("a damaged file made it panic")))?;
    holds(refused > 0, || "nothing was refused")
}

/// Truncates the file at `cuts` lengths.
pub async fn is_never_cut_silently(cuts: usize) -> Result<(), Violation> {
    let file = File::new(seed(), true).await?;
    let folder = tempfile::tempdir().unwrap();
    for cut in 0..cuts {
        // Without the file `sealed`, an empty file would be opened as a new one.
        let length = file.image.len() * cut / cuts;
        let refused = file.is_refused(&folder, file.image[..length].to_vec()).await;
        let located = |violation| Violation::other(format!("cut to {length} bytes: {violation}"));
        holds(refused.map_err(located)?, || format!("cut to {length} bytes, and not refused"))?;
    }
    Ok(())
}

/// Replaces the file with an older copy of itself.
pub async fn is_not_taken_for_new_when_older() -> Result<(), Violation> {
    let folder = tempfile::tempdir().unwrap();
    let load = Load::new(seed());
    let path = folder.path().join("inbox.redb");
    let open = async |folder: &Path| Fixture::open(options(), folder).await;
    let mut copies = Vec::new();
    for _ in 0..3 {
        let fixture = open(folder.path()).await.map_err(Violation::other)?;
        let body = load.fresh();
        load.answered(&body, fixture.send(&body).await);
        fixture.close().await;
        copies.push(std::fs::read(&path).unwrap());
    }
    let newest = copies.pop().unwrap();
    for (older, number) in copies.iter().zip(1..) {
        std::fs::write(&path, older).unwrap();
        match open(folder.path()).await.map_err(|error| error.reason) {
            Err(StoreError::Corrupt(_)) => {}
            Err(other) => holds(false, || format!("copy {number} is refused for a wrong reason: {other}"))?,
            Ok(_) => holds(false, || format!("copy {number} of 3 is taken for the newest"))?,
        }
    }
    std::fs::remove_file(&path).unwrap();
    holds(open(folder.path()).await.is_err(), || "a new file is taken for the one that was there".to_owned())?;
    std::fs::write(&path, newest).unwrap();
    let fixture = open(folder.path()).await.map_err(Violation::other)?;
    let lines: Vec<Line> = fixture.drain().await?;
    load.journal(|journal| journal.judge(&lines))
}
