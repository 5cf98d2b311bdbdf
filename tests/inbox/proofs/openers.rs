//! Two openers of one new folder. Each is paused after it has checked the folder, so that both have
//! checked before either has created the file, unless a lock prevents it.

use birdhook_test_harness::seed::seed;
use std::path::Path;
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::time::Duration;

use birdhook_inbox::{EventQuery, StoreError};

use crate::faults::{self, Bug};
use crate::fixture::{Fixture, options};
use birdhook_test_harness::load::{Body, Load};
use birdhook_test_harness::violation::{Violation, holds};

/// The maximum wait of an opener for the other one to check.
const DELAY: Duration = Duration::from_millis(50);

const OPENERS: usize = 2;

pub fn lose_nothing(rounds: usize, bug: Option<Bug>) -> Result<(), Violation> {
    faults::plant(bug);
    let load = Load::new(seed());
    let proof = (0..rounds).try_for_each(|_| round(&load));
    faults::plant(None);
    proof
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn round(load: &Load) -> Result<(), Violation> {
    let folder = tempfile::tempdir().unwrap();
    let looked = Arc::new((Mutex::new(0), Condvar::new()));
    let start = Barrier::new(OPENERS);
    faults::call_at("looked", move || {
        let (count, changed) = &*looked;
        let mut count = count.lock().unwrap();
        *count += 1;
        changed.notify_all();
        drop(changed.wait_timeout_while(count, DELAY, |count| *count < OPENERS).unwrap());
    });
    let opener = || {
        start.wait();
        wait(take_a_turn(folder.path(), load.fresh()))
    };
    let turns: Vec<_> = std::thread::scope(|scope| {
        let openers: Vec<_> = (0..OPENERS).map(|_| scope.spawn(opener)).collect();
        openers.into_iter().map(|opener| opener.join().unwrap()).collect()
    });
    let answered: usize = turns.into_iter().sum::<Result<_, _>>()?;
    let there = wait(async {
        let fixture = Fixture::open(options(), folder.path()).await.map_err(Violation::other)?;
        let there = fixture.inbox.list(EventQuery::all()).await.map_err(Violation::other)?.len();
        fixture.close().await;
        Ok(there)
    })?;
    holds(there == answered, || format!("{answered} events were answered 200, and {there} are there"))
}

/// Opens the inbox, stores a delivery and closes it. Returns the number of events answered 200.
async fn take_a_turn(folder: &Path, body: Body) -> Result<usize, Violation> {
    let fixture = match Fixture::open(options(), folder).await {
        Ok(fixture) => fixture,
        Err(error) if matches!(error.reason, StoreError::InUse(_)) => return Ok(0),
        Err(error) => return Err(Violation::other(error)),
    };
    let status = fixture.send(&body).await;
    fixture.close().await;
    Ok(if status == 200 { body.events.len() } else { 0 })
}
