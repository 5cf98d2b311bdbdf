//! The cost of a request by number of concurrent requests.

use super::candidate::{App, Candidate, Framework};
use super::loaded::Loaded;
use super::{Body, Length};
use crate::process;
use crate::statistics::Sample;

const CONNECTIONS: [usize; 7] = [1, 4, 16, 64, 256, 1024, 4096];

/// Returns for each number of concurrent requests the CPU time per request of the bare server and
/// of birdhook, in microseconds, with axum.
pub(crate) fn growth(quick: bool) -> Vec<(f64, f64, f64)> {
    process::open_files();
    let length = Length::new(quick);
    let requests = &mut Body::Post.requests();
    let mut costs = Vec::new();
    for connections in CONNECTIONS {
        let start = |app| (Loaded::start(Candidate(Framework::Axum, app), connections), Sample::default());
        let mut pair = [start(App::Bare), start(App::Birdhook)];
        for _ in 0..length.rounds {
            for (server, micros) in &mut pair {
                micros.push(server.run(requests, length.slice).micros());
            }
        }
        let [bare, birdhook] = pair.map(|(server, micros)| {
            server.end();
            micros.median()
        });
        costs.push((connections as f64, bare, birdhook));
    }
    costs
}
