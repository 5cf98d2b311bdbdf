//! The process ends, power is lost or a sync fails while the store returns space to the disk.

use crate::damage::File;
use crate::faults::Disk;
use birdhook_test_harness::seed::seed;
use birdhook_test_harness::violation::{Violation, holds};

/// The number of random selections of sectors examined at each moment.
const CHOICES: usize = 2;

pub async fn loses_nothing() -> Result<(), Violation> {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let file = File::new(seed, true).await?;
    let folder = tempfile::tempdir().unwrap();
    let disk = compacted(&file, None)?;
    let before = file.image.len();
    let after = disk.after_crash(disk.moment(), |_, _| true).len();
    holds(after < before, || format!("{before} bytes became {after}, so nothing was compacted"))?;
    let mut images = Vec::new();
    for moment in 0..=disk.moment() {
        // As after the end of the process, then as after a power loss.
        images.push((moment, disk.after_crash(moment, |_, _| true)));
        images.push((moment, disk.after_crash(moment, |_, _| false)));
        for _ in 0..CHOICES {
            images.push((moment, disk.after_crash(moment, |_, _| random.bool())));
        }
    }
    for sync in 0..disk.syncs() {
        let disk = compacted(&file, Some(sync))?;
        images.push((disk.moment(), disk.after_crash(disk.moment(), |_, _| true)));
    }
    println!("compaction: {before} bytes became {after}, {} moments, {} images", disk.moment(), images.len());
    for (moment, image) in images {
        let refused = file.is_refused(&folder, image).await;
        let at = |what: String| format!("seed {seed}, moment {moment} of a compaction: {what}");
        let is_refused = refused.map_err(|violation| Violation::other(at(violation.to_string())))?;
        holds(!is_refused, || at("refused".to_owned()))?;
    }
    Ok(())
}

/// Returns the disk after a compaction. With `failing`, all syncs after that many fail.
fn compacted(file: &File, failing: Option<usize>) -> Result<Disk, Violation> {
    let disk = Disk::holding(file.image.clone());
    let mut database = disk.open().map_err(Violation::other)?;
    let opened = disk.syncs();
    failing.into_iter().for_each(|syncs| disk.fail_sync_after(syncs.saturating_sub(opened)));
    let reclaimed = database.compact();
    holds(reclaimed.is_ok() || failing.is_some(), || format!("a sound disk, and {reclaimed:?}"))?;
    drop(database);
    Ok(disk)
}
