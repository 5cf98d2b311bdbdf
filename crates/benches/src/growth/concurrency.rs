//! The cost of a request by number of concurrent requests, as CPU time of the server.

use super::Length;
use super::axis::{Axis, Growth, Series};
use crate::report::Goals;
use crate::servers;
use crate::statistics::Sample;

/// The number of concurrent requests, and the cost of each with an empty handler and with birdhook.
type Cost = (f64, f64, f64);

/// The number of rounds. Each round measures every number of concurrent requests.
const ROUNDS: usize = 9;

pub(super) fn measure(length: &Length, goals: &mut Goals) {
    let rounds = if length.quick { 1 } else { ROUNDS };
    let rounds: Vec<Vec<Cost>> = (0..rounds).map(|_| servers::growth(true)).collect();
    let costs = &rounds[0];
    let samples = |of: fn(&Cost) -> f64| -> Vec<Sample> {
        (0..costs.len()).map(|at| rounds.iter().map(|round| of(&round[at])).collect()).collect()
    };
    let axis = Axis {
        file: "concurrency",
        title: "Cost per request by concurrent requests",
        sizes: "concurrent requests, 6 KB",
        marks: costs.iter().map(|(count, ..)| (*count, count.to_string())).collect(),
        growth: Growth::OfEach,
        series: vec![
            Series { name: "axum with birdhook", head: "birdhook", samples: samples(|cost| cost.2) },
            Series { name: "with an empty handler", head: "empty handler", samples: samples(|cost| cost.1) },
            Series { name: "what birdhook adds", head: "added", samples: samples(|cost| cost.2 - cost.1) },
        ],
        reference: ("each costs the same", |_| 1.0),
        note: "",
    };
    axis.print(length);
    axis.judge(2, "concurrent requests, added by birdhook", goals);
}
