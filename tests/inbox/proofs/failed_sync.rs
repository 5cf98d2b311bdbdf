//! An fsync fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::Lease;
use birdhook_pipeline::EventSink;
use birdhook_test_harness::seed::seed;

use crate::faults::{self, Bug, Disk};
use crate::fixture::{Fixture, line, options};
use birdhook_test_harness::TIMEOUT;
use birdhook_test_harness::consumption::Line;
use birdhook_test_harness::load::Load;
use birdhook_test_harness::violation::{Violation, holds};

/// Fails a sync during a commit. `syncs` syncs of that commit succeed first.
pub async fn loses_nothing(syncs: usize, bug: Option<Bug>) -> Result<(), Violation> {
    let disk = Disk::default();
    let folder = tempfile::tempdir().unwrap();
    let load = Load::new(seed());
    // The number of syncs at each time the store was opened.
    let opened = Arc::new(Mutex::new(Vec::new()));
    let (store, log) = (disk.clone(), Arc::clone(&opened));
    let open = move |_| {
        log.lock().unwrap().push(store.syncs());
        store.open()
    };
    let inbox = options().lease(Duration::from_secs(3600)).database(open).open(folder.path()).await;
    let fixture = Fixture::of(inbox.map_err(Violation::other)?);
    faults::plant(bug);
    let proof = fail(&fixture, &load, &disk, &opened, syncs).await;
    faults::plant(None);
    proof?;
    fixture.close().await;
    // After a power loss now, nothing may be missing either.
    let disk = Disk::holding(disk.after_crash(disk.moment(), |_, _| false));
    let inbox = disk.of(options()).open(folder.path()).await;
    let fixture = Fixture::of(inbox.map_err(Violation::other)?);
    holds(fixture.inbox.stats().depth == 0, || "what was acknowledged is there".to_owned())
}

async fn fail(
    fixture: &Fixture,
    load: &Load,
    disk: &Disk,
    opened: &Mutex<Vec<usize>>,
    syncs: usize,
) -> Result<(), Violation> {
    let send = async || fixture.send_fresh(load).await;
    for _ in 0..6 {
        holds(send().await == 200, || "a sound disk, and no 200")?;
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(fixture.inbox.recv().await.unwrap());
    }
    let before = disk.syncs();
    disk.fail_sync_after(syncs);
    let status = send().await;
    holds(status == 503, || format!("the disk failed, and it answered {status}"))?;
    holds(!fixture.inbox.is_open(), || "the disk failed, and it says that it is open")?;
    holds(send().await == 503, || "closed, and no 503")?;
    let failed = before + syncs + 1;
    // The store is reopened: the first attempt fails, a later one succeeds.
    wait(async || opened.lock().unwrap().len() > 1).await?;
    let next = opened.lock().unwrap()[1];
    holds(next == failed, || format!("sync {failed} failed, and {next} were tried before the store was opened again"))?;
    disk.repair();
    wait(async || send().await == 200).await?;
    holds(fixture.inbox.is_open(), || "it answers 200 and says that it is not open")?;

    // The leases are still valid: no other consumer gets their events, and they can be
    // acknowledged.
    let mut lines: Vec<Line> = held.iter().map(line).collect();
    let free = fixture.inbox.stats().depth - held.len();
    for _ in 0..free {
        let lease = fixture.inbox.recv().await.unwrap();
        lines.extend([line(&lease), acknowledged(lease).await?]);
    }
    holds(fixture.inbox.stats().leased == held.len(), || "leases did not outlive the failure")?;
    for lease in held {
        lines.push(acknowledged(lease).await?);
    }
    fixture.send_rest(load).await?;
    lines.extend(fixture.drain().await?);
    load.journal(|journal| journal.judge(&lines))
}

async fn acknowledged(lease: Lease) -> Result<Line, Violation> {
    let id = lease.id().to_string();
    lease.ack_durable().await.map_err(Violation::other)?;
    Ok(Line::Acknowledged { id })
}

/// Polls until the condition is true.
async fn wait(mut is_so: impl AsyncFnMut() -> bool) -> Result<(), Violation> {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, looking).await.map_err(|_| Violation::other("it does not recover"))
}
