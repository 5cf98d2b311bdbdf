//! The cost of a request by number of remembered keys.

use std::hint::black_box;
use std::time::Duration;

use birdhook::{dedupe::DedupeWindow, event::EventKey};
use sha2::{Digest, Sha256};

use super::axis::{Axis, Growth, Series};
use super::receiver::Receiver;
use super::rounds::{self, Clock, Work};
use super::{Length, bodies};
use crate::report::{Goal, Goals};

const HORIZON: Duration = Duration::from_secs(86_400);

pub(super) fn measure(length: &Length, goals: &mut Goals) {
    let sizes: Vec<usize> = (3..=7).map(|power| 10_usize.pow(power)).filter(|keys| *keys <= length.keys).collect();
    let mut works: Vec<Work> = sizes.iter().map(|keys| operation(*keys)).collect();
    works.extend(sizes.iter().map(|keys| request(*keys)));
    let mut samples = rounds::measure(&mut works, length);
    let requests = samples.split_off(sizes.len());
    let axis = Axis {
        file: "window",
        title: "Cost per request by remembered keys",
        sizes: "remembered keys",
        marks: sizes.iter().map(|keys| (*keys as f64, power(*keys))).collect(),
        growth: Growth::OfEach,
        series: vec![
            Series { name: "a request with a message of 2 KB", head: "request", samples: requests },
            Series { name: "its window alone", head: "window alone", samples },
        ],
        reference: ("in proportion to the keys", |times| times),
        note: "With 10⁷ keys, a key is in none of the processor's caches.",
    };
    axis.print(length);
    let [request, operation] = &*axis.series else { unreachable!() };
    let (least, most) = (power(sizes[0]), power(sizes[sizes.len() - 1]));
    let what = |of: &str| format!("{of}, slowest vs. fastest, {least} to {most} keys");
    goals.judge(what("request"), Goal::AtMost(1.15), "", &request.spread());
    goals.judge(what("look-up and insertion"), Goal::AtMost(2.0), "", &operation.spread());
}

pub(super) fn power(keys: usize) -> String {
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
    format!("10{}", digits[keys.ilog10() as usize])
}

/// Returns the keys of `count` events, starting at this number.
fn keys(first: u64, count: usize) -> impl Iterator<Item = EventKey> {
    (first..first + count as u64).map(|number| EventKey::from(<[u8; 32]>::from(Sha256::digest(number.to_be_bytes()))))
}

/// Returns a full window that has already evicted keys, and the number of the next key.
pub(super) fn full(capacity: usize) -> (DedupeWindow, u64) {
    let mut window = DedupeWindow::new(capacity, HORIZON);
    let count = capacity + capacity / 10;
    keys(0, count).for_each(|key| window.insert(&key, Duration::ZERO));
    (window, count as u64)
}

/// Returns the window's work for a new event: look up, insert, and evict the oldest key.
fn operation(capacity: usize) -> Work {
    let (mut window, mut next) = full(capacity);
    Box::new(move |times| {
        let keys: Vec<EventKey> = keys(next, times).collect();
        next += times as u64;
        let started = Clock::start();
        for key in &keys {
            if !black_box(window.contains(key, Duration::from_secs(1))) {
                window.insert(key, Duration::from_secs(1));
            }
        }
        started.elapsed()
    })
}

fn request(capacity: usize) -> Work {
    let mut receiver = Receiver::new(1, capacity);
    receiver.remember(capacity + capacity / 10);
    receiver.work(&bodies::message())
}
