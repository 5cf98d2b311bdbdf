//! Counts the allocations of one delivery, with an allocator that the measured program does not use.
//!
//! Started by `cargo xtask bench handlers`. Prints a line of tab-separated values for each body and
//! receiver.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that cannot go on")]
#![allow(clippy::print_stdout, reason = "it is a program")]
#![allow(dead_code, reason = "the other program times them")]

#[path = "../handlers/candidates.rs"]
mod candidates;

use allocation_counter::measure;
use candidates::{BODIES, Candidate, Kind};
use futures_util::FutureExt;
use tokio::runtime::Builder;

/// Deliveries are counted together, because a channel allocates for several at once.
const DELIVERIES: usize = 64;

fn main() {
    for (name, text) in BODIES {
        for kind in Kind::ALL {
            let runtime = Builder::new_current_thread().enable_time().build().unwrap();
            let mut candidate = runtime.block_on(async { Candidate::new(kind) });
            let mut take = |count: usize| {
                let requests: Vec<_> = (0..count).map(|_| candidates::request(text)).collect();
                runtime.block_on(async {
                    let mut total = 0;
                    for request in requests {
                        let receive = candidate.receive(request);
                        total += measure(|| receive.now_or_never().expect("a receiver that does not wait")).count_total;
                    }
                    total
                })
            };
            // One-time initialization is not counted.
            take(DELIVERIES);
            println!("{name}\t{kind:?}\t{}", take(DELIVERIES) as f64 / DELIVERIES as f64);
        }
    }
}
