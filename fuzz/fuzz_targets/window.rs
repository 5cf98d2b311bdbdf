//! The window contains exactly the keys that a list of insertions predicts.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use birdhook_core::{DedupeWindow, EventKey};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Use {
    capacity: u8,
    horizon: u16,
    start: u32,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Insert(u8),
    InsertNew(u8),
    Look(u8),
    Wait(u16),
}

fuzz_target!(|input: Use| {
    let mut window = DedupeWindow::new(usize::from(input.capacity), Duration::from_millis(input.horizon.into()));
    let mut model: Vec<(EventKey, u64)> = Vec::new();
    let (mut now, mut new) = (u64::from(input.start), 0u32);
    for step in input.steps {
        let keys: Vec<EventKey> = match step {
            Step::Wait(pause) => {
                now += u64::from(pause);
                continue;
            }
            Step::Look(byte) => {
                check(&window, &model, &key(byte.into()), now, &input.capacity, input.horizon);
                continue;
            }
            Step::Insert(byte) => vec![key(byte.into())],
            Step::InsertNew(count) => (0..u32::from(count)).map(|at| key(1000 + new + at)).collect(),
        };
        new += keys.len() as u32;
        for key in keys {
            check(&window, &model, &key, now, &input.capacity, input.horizon);
            model.push((key, now));
            window.insert(&key, Duration::from_millis(now));
            check(&window, &model, &key, now, &input.capacity, input.horizon);
        }
        assert!(window.len() <= usize::from(input.capacity));
    }
    for byte in 0..=u8::MAX {
        check(&window, &model, &key(byte.into()), now, &input.capacity, input.horizon);
    }
});

/// Checks a key. It is expected if it was inserted less than the horizon ago, and among the last
/// `capacity` insertions.
fn check(window: &DedupeWindow, model: &[(EventKey, u64)], key: &EventKey, now: u64, capacity: &u8, horizon: u16) {
    let newest = model.iter().rev().position(|(other, _)| other == key);
    let expected = newest.is_some_and(|newer| {
        let (_, at) = model[model.len() - 1 - newer];
        newer < usize::from(*capacity) && now - at < u64::from(horizon)
    });
    assert_eq!(window.contains(key, Duration::from_millis(now)), expected);
}

/// Returns a key whose first half is mostly zeros, unlike a SHA-256 hash.
fn key(number: u32) -> EventKey {
    let mut bytes = [0; 32];
    bytes[12..16].copy_from_slice(&number.to_be_bytes());
    EventKey::from(bytes)
}
