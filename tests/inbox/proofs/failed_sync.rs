//! An fsync fails.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::RedbStore;
use birdhook_inbox::faults::{self, Bug, Disk};
use birdhook_pipeline::EventSink;

use crate::PATIENCE;
use crate::bed::{Bed, options};
use crate::consumed::Line;
use crate::load::Load;
use crate::violation::{Violation, holds};

/// Fails a sync during a commit. `syncs` syncs of that commit succeed first.
pub async fn loses_nothing(syncs: usize, bug: Option<Bug>) -> Result<(), Violation> {
    let disk = Disk::default();
    let folder = tempfile::tempdir().unwrap();
    let load = Load::new(birdhook_seed::seed());
    // The number of syncs at each time the store was opened.
    let opened = Arc::new(Mutex::new(Vec::new()));
    let (store, log) = (disk.clone(), Arc::clone(&opened));
    let open = move || {
        log.lock().unwrap().push(store.syncs());
        RedbStore::simulated(store.clone())
    };
    let inbox = options().lease(Duration::from_secs(3600)).open_with(folder.path(), open);
    let bed = Bed::of(inbox.map_err(|error| Violation::other(error.to_string()))?);
    faults::plant(bug);
    let proof = fail(&bed, &load, &disk, &opened, syncs).await;
    faults::plant(None);
    proof?;
    bed.close().await;
    // After a power loss now, nothing may be missing either.
    let disk = Disk::holding(disk.after_crash(disk.moment(), |_, _| false));
    let inbox = options().open_with(folder.path(), move || RedbStore::simulated(disk.clone()));
    let bed = Bed::of(inbox.map_err(|error| Violation::other(error.to_string()))?);
    holds(bed.inbox.stats().depth == 0, || "what was acknowledged is there".to_owned())
}

async fn fail(bed: &Bed, load: &Load, disk: &Disk, opened: &Mutex<Vec<usize>>, syncs: usize) -> Result<(), Violation> {
    let send = async || {
        let body = load.fresh();
        let status = bed.send(&body.bytes).await;
        load.answered(&body, status);
        status
    };
    for _ in 0..6 {
        holds(send().await == 200, || "a sound disk, and no 200".to_owned())?;
    }
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(bed.inbox.recv().await.unwrap());
    }
    let before = disk.syncs();
    disk.fail_sync_after(syncs);
    let status = send().await;
    holds(status == 503, || format!("the disk failed, and it answered {status}"))?;
    holds(!bed.inbox.is_open(), || "the disk failed, and it says that it is open".to_owned())?;
    holds(send().await == 503, || "closed, and no 503".to_owned())?;
    let failed = before + syncs + 1;
    // The store is reopened: the first attempt fails, a later one succeeds.
    wait(async || opened.lock().unwrap().len() > 1).await?;
    let next = opened.lock().unwrap()[1];
    holds(next == failed, || format!("sync {failed} failed, and {next} were tried before the store was opened again"))?;
    disk.mend();
    wait(async || send().await == 200).await?;
    holds(bed.inbox.is_open(), || "it answers 200 and says that it is not open".to_owned())?;

    // The leases are still valid: no other consumer gets their events, and they can be
    // acknowledged.
    let mut lines: Vec<Line> = held.iter().map(Line::consumed).collect();
    let free = bed.inbox.stats().depth - held.len();
    for _ in 0..free {
        let lease = bed.inbox.recv().await.unwrap();
        lines.push(Line::consumed(&lease));
        lines.push(Line::Acknowledged { id: lease.id().to_string() });
        lease.ack().await.map_err(|closed| Violation::other(closed.to_string()))?;
    }
    holds(bed.inbox.stats().leased == held.len(), || "leases did not outlive the failure".to_owned())?;
    for lease in held {
        lines.push(Line::Acknowledged { id: lease.id().to_string() });
        lease.ack().await.map_err(|closed| Violation::other(closed.to_string()))?;
    }
    bed.send_rest(load).await?;
    lines.extend(bed.drain().await?);
    load.book(|book| book.judge(&lines))
}

/// Polls until the condition is true.
async fn wait(mut is_so: impl AsyncFnMut() -> bool) -> Result<(), Violation> {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.map_err(|_| Violation::other("it does not recover"))
}
