//! The cost of a request by number of apps and events, and by size of the body.

use super::axis::{Axis, Growth, Series};
use super::receiver::Receiver;
use super::rounds::{self, Work};
use super::{Length, bodies};
use crate::report::Goals;

const APPS: [usize; 6] = [1, 2, 4, 8, 16, 32];
const EVENTS: [usize; 7] = [1, 2, 5, 10, 50, 100, 500];
const BYTES: [(usize, &str); 7] = [
    (300, "300 B"),
    (1 << 10, "1 KiB"),
    (1 << 12, "4 KiB"),
    (1 << 14, "16 KiB"),
    (1 << 16, "64 KiB"),
    (1 << 18, "256 KiB"),
    (1 << 20, "1 MiB"),
];
/// The default capacity of the window.
const KEYS: usize = 100_000;

pub(super) fn measure(length: &Length, goals: &mut Goals) {
    let named = |sizes: &[usize]| sizes.iter().map(|size| (*size as f64, size.to_string())).collect();
    let message = bodies::message();
    let work = |apps, body: &str| Receiver::new(apps, KEYS).work(body);

    let axis = Axis {
        file: "apps",
        title: "Cost per request by apps on one URL",
        sizes: "apps (the last one signs)",
        marks: named(&APPS),
        growth: Growth::OfAll,
        series: series("a request with a message of 2 KB", APPS.map(|apps| work(apps, &message)), length),
        reference: ("in proportion to the apps", |times| times),
        note: "Each app adds one HMAC over the body, whichever app signed it.",
    };
    axis.print(length);
    axis.judge(0, "apps on one URL", goals);

    let axis = Axis {
        file: "events",
        title: "Cost per request by events in the body",
        sizes: "events of 100 bytes",
        marks: named(&EVENTS),
        growth: Growth::OfAll,
        series: series("a request", EVENTS.map(|events| work(1, &bodies::deletions(events))), length),
        reference: ("in proportion to the events", |times| times),
        note: "",
    };
    axis.print(length);
    axis.judge(0, "events in a body", goals);

    let axis = Axis {
        file: "size",
        title: "Cost per request by size of the body",
        sizes: "body (one post)",
        marks: BYTES.map(|(bytes, name)| (bytes as f64, name.to_owned())).into(),
        growth: Growth::OfAll,
        series: series("a request", BYTES.map(|(bytes, _)| work(1, &bodies::post(bytes))), length),
        reference: ("in proportion to the bytes", |times| times),
        note: "",
    };
    axis.print(length);
    axis.judge(0, "bytes of a body", goals);
}

fn series<const N: usize>(name: &'static str, mut works: [Work; N], length: &Length) -> Vec<Series> {
    vec![Series { name, head: "request", samples: rounds::measure(&mut works, length) }]
}
