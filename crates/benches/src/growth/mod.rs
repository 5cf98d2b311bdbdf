//! What a request costs when something grows: what is remembered, what is sent, who may send, how many send at once.

mod axis;
mod bodies;
mod concurrency;
mod memory;
mod receiver;
mod requests;
mod rounds;
mod window;

use std::path::PathBuf;
use std::time::Duration;

pub(crate) use memory::hold;

use crate::report::Goals;
use crate::{machine, process};

/// A step is worse than linear when the cost grows by so much more than the size does: what is above 1 is noise.
const LINEAR: f64 = 1.1;

struct Length {
    rounds: usize,
    slice: Duration,
    /// New processes whose memory is looked at.
    processes: usize,
    /// The largest window, in keys.
    keys: usize,
    quick: bool,
}

impl Length {
    fn new(quick: bool) -> Self {
        match quick {
            true => Self { rounds: 3, slice: Duration::from_millis(1), processes: 1, keys: 1_000_000, quick },
            false => Self { rounds: 31, slice: Duration::from_millis(6), processes: 3, keys: 10_000_000, quick },
        }
    }

    /// Where pictures go: a rough one does not take the place of a good one.
    fn pictures(&self) -> PathBuf {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        root.join(if self.quick { "target/performance" } else { "docs/performance" })
    }
}

/// The section of this name.
pub(crate) fn run(quick: bool) {
    let (length, facts) = (Length::new(quick), machine::facts());
    println!("## What a request costs when something grows\n\n{facts}\n");
    println!(
        "Costs are times of a processor, from the head to the app's hands; all sizes of one kind are measured in turn, in {} \
         rounds of {} ms each, and told by their medians. A step compares a line with the one above: by how much more the cost \
         of all has grown than their number, so that 1 is linear, and less is better.",
        length.rounds,
        length.slice.as_millis()
    );
    let mut goals = Goals::new();
    // Servers have the first.
    process::pin(1);
    window::measure(&length, &mut goals);
    requests::measure(&length, &mut goals);
    concurrency::measure(&length, &mut goals);
    memory::measure(&length, &mut goals);
    println!("\n{goals}");
}
