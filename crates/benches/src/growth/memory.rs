//! Memory per remembered key.

use std::hint::black_box;
use std::process::Command;

use super::{Length, window};
use crate::process::Memory;
use crate::report::{Goal, Goals, number};
use crate::statistics::Sample;

const WANTED: f64 = 64.0;

/// Measures in new processes, whose memory nothing else has used.
pub(super) fn measure(length: &Length, goals: &mut Goals) {
    let sizes = [1_000_000, 10_000_000].into_iter().filter(|keys| *keys <= length.keys);
    let mut texts = Vec::new();
    for keys in sizes {
        let bytes: Sample = (0..length.processes).map(|_| held_by_another(keys)).collect();
        texts.push(format!("{} bytes with {} keys", number(bytes.median()), window::power(keys)));
        let what = format!("memory per key, {} keys", window::power(keys));
        goals.judge(what, Goal::AtMost(WANTED), " bytes", &bytes);
    }
    println!("\nMemory per remembered key: {}.\n", texts.join(", "));
}

fn held_by_another(keys: usize) -> f64 {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).args(["hold", &keys.to_string()]).output().expect("this program once more");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The work of the measured process: fills a window with keys, and prints the bytes per key.
pub(crate) fn hold(keys: usize) {
    let resident = || Memory::of(std::process::id()).resident;
    let before = resident();
    let full = black_box(window::full(keys));
    println!("{}", (resident() - before) / keys as f64);
    drop(full);
}
