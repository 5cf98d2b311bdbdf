//! The cost of a request by number of remembered keys, apps, events, bytes and concurrent requests.

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

use crate::report::{Goals, prose};
use crate::{machine, process};

/// The limit for a step: its cost may grow by this factor more than linearly, to allow for noise.
const LINEAR: f64 = 1.1;

struct Length {
    rounds: usize,
    slice: Duration,
    /// The number of new processes whose memory is measured.
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

    /// Returns the folder for charts. A quick measurement does not overwrite the charts of a full
    /// one.
    fn pictures(&self) -> PathBuf {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        root.join(if self.quick { "target/performance" } else { "docs/performance" })
    }
}

/// Runs the section `growth`.
pub(crate) fn run(quick: bool) {
    let (length, facts) = (Length::new(quick), machine::facts());
    println!("## How the cost of a request grows\n\n{}\n", prose(&facts));
    let intro = format!(
        "CPU time from the head of a request until the app receives the delivery: {} rounds of {} ms for each size. *worst step* \
         is the fastest growth from one size to the next. For apps, events and bytes, 1 is linear growth; for keys and \
         concurrent requests, 1 is a constant cost.",
        length.rounds,
        length.slice.as_millis()
    );
    println!("{}", prose(&intro));
    let mut goals = Goals::new();
    // The servers use the first processor.
    process::pin(1);
    window::measure(&length, &mut goals);
    requests::measure(&length, &mut goals);
    concurrency::measure(&length, &mut goals);
    memory::measure(&length, &mut goals);
    println!("{goals}");
}
