//! Power is lost at any moment, with any part of the unsynced data on the disk.
//!
//! A workload runs on a simulated disk and records at which moment each reply was sent. Then the
//! disk is examined as it would be after a power loss at each moment.

mod image;
mod workload;

use birdhook_test_harness::seed::seed;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use crate::faults::{self, Bug};
use birdhook_test_harness::violation::{Violation, holds};
use image::Examiner;
use workload::Trace;

/// The number of random selections of sectors examined at each moment.
const CHOICES: u64 = 2;

pub fn lose_nothing(steps: usize, bug: Option<Bug>) -> Result<(), Violation> {
    let seed = seed();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    faults::plant(bug);
    let trace = runtime.block_on(workload::run(seed, steps));
    faults::plant(None);
    let trace = trace?;
    let moments = trace.disk.moment();
    let (next, images) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let examine = || {
        let mut examiner = Examiner::new(&trace);
        loop {
            let moment = next.fetch_add(1, SeqCst);
            if moment > moments {
                break Ok(());
            }
            let result = at_moment(&trace, &mut examiner, moment, seed);
            images.fetch_add(std::mem::take(&mut examiner.images), SeqCst);
            result.inspect_err(|_| next.store(moments + 1, SeqCst))?;
        }
    };
    let results =
        std::thread::scope(|scope| [scope.spawn(examine), scope.spawn(examine)].map(|one| one.join().unwrap()));
    println!("power: {moments} moments, {} images, {} bodies", images.into_inner(), trace.load.all().len());
    results.into_iter().collect::<Result<Vec<()>, _>>()?;
    holds(moments > 10 * steps, || "nothing was written")
}

fn at_moment(trace: &Trace, examiner: &mut Examiner<'_>, moment: usize, seed: u64) -> Result<(), Violation> {
    let mut random = fastrand::Rng::with_seed(seed ^ moment as u64);
    let synced = trace.synced_before(moment);
    // The last write, and its number of sectors.
    let last = (moment - synced).checked_sub(1);
    let mut sectors = 0;
    let image = trace.disk.after_crash(moment, |write, sector| {
        sectors = if Some(write) == last { sector + 1 } else { sectors };
        true
    });
    examiner.examine(image, moment, moment.is_multiple_of(20), "all of it")?;
    if trace.is_before_sync(moment) {
        examiner.examine(trace.disk.after_crash(moment, |_, _| false), moment, random.u8(..4) == 0, "nothing of it")?;
    }
    for torn in 1..sectors {
        // Long writes are torn at some of their sectors only.
        if sectors > 16 && random.usize(..sectors) > 8 {
            continue;
        }
        let kept = |write, sector| Some(write) != last || sector < torn;
        examiner.examine(trace.disk.after_crash(moment, kept), moment, false, "a torn write")?;
    }
    for _ in 0..if sectors > 0 { CHOICES } else { 0 } {
        let share = random.f64();
        let image = trace.disk.after_crash(moment, |_, _| random.f64() < share);
        examiner.examine(image, moment, false, "some sectors")?;
    }
    Ok(())
}
