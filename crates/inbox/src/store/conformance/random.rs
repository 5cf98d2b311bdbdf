//! Random commits, compared with an ordered map.

use super::subject::{Broken, Subject, put, remove};
use crate::store::{Change, Store, Table};

const COMMITS: usize = 400;

pub(super) fn long_run<S: Store>(subject: &mut Subject<'_, S>, seed: u64) -> Result<(), Broken> {
    let mut random = fastrand::Rng::with_seed(seed);
    for commit in 0..COMMITS {
        step(subject, &mut random)
            .map_err(|broken| Broken { what: format!("commit {commit}: {}", broken.what), ..broken })?;
    }
    subject.holds_when_reopened()
}

fn step<S: Store>(subject: &mut Subject<'_, S>, random: &mut fastrand::Rng) -> Result<(), Broken> {
    let most = if random.u8(..) < 8 { 300 } else { 12 };
    let changes: Vec<_> = (0..random.usize(0..most)).map(|_| change(random)).collect();
    subject.commit(&changes)?;
    for _ in 0..3 {
        let table = table(random);
        subject.gets(table, key(random))?;
        subject.scans(table, key(random), random.usize(1..20))?;
    }
    match random.u8(..) {
        0..12 => subject.holds_when_reopened(),
        12..16 => {
            subject.store()?.reclaim().map_err(|error| format!("reclaiming failed: {error}"))?;
            subject.holds()
        }
        16..20 => {
            subject.store()?.verify().map_err(|error| format!("verifying failed: {error}"))?;
            subject.holds()
        }
        // Without a check, so that several commits happen between two openings.
        20..32 => {
            subject.drop_it();
            Ok(())
        }
        _ => Ok(()),
    }
}

fn table(random: &mut fastrand::Rng) -> Table {
    random.choice(Table::ALL).unwrap_or(Table::About)
}

/// Returns a random key, mostly from a small range, so that keys repeat.
fn key(random: &mut fastrand::Rng) -> u64 {
    match random.u8(..16) {
        0 => random.u64(..),
        1 => u64::MAX - random.u64(..4),
        _ => random.u64(..120),
    }
}

fn change(random: &mut fastrand::Rng) -> Change {
    let (table, key) = (table(random), key(random));
    if random.u8(..3) == 0 {
        return remove(table, key);
    }
    let length = match random.u8(..64) {
        0 => random.usize(..200_000),
        1..16 => random.usize(..9000),
        _ => random.usize(..100),
    };
    let fill = random.u8(..);
    let mut value = vec![fill; length];
    // Random bytes, so that no two values are equal.
    let head = value.len().min(16);
    value.iter_mut().take(head).for_each(|byte| *byte = random.u8(..));
    put(table, key, value)
}
