//! The process aborts at each point of the commit path.

use birdhook_test_harness::seed::seed;
use std::collections::BTreeSet;
use std::path::Path;

use crate::receiver::Receiver;
use birdhook_test_harness::load::{Load, Traffic};
use birdhook_test_harness::violation::{Violation, holds};

/// Returns all points, in the order in which opening and then a commit reach them.
pub fn points() -> impl Iterator<Item = &'static str> {
    let points = "looked gathered prepared before-commit store-grow store-write store-sync store-synced committed sealed \
                  remembered answered ack-queued";
    points.split(' ')
}

/// Returns the points named in the sources of the inbox and of the watched file.
pub fn named_points() -> BTreeSet<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut found, mut paths) =
        (BTreeSet::new(), vec![here.join("../../crates/inbox/src"), here.join("proofs/faults")]);
    while let Some(path) = paths.pop() {
        if let Ok(entries) = path.read_dir() {
            paths.extend(entries.map(|entry| entry.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap();
            let names = text.split("point(\"").skip(1).filter_map(|rest| rest.split_once('"'));
            found.extend(names.map(|(name, _)| name.to_owned()));
        }
    }
    found
}

/// Returns the points that a receiver reaches.
pub async fn passed_points(receiver: &Path) -> Result<BTreeSet<String>, Violation> {
    let receiver = Receiver::new(receiver);
    let load = Load::new(seed());
    let file = receiver.file("points");
    let mut process = receiver.run(&[&format!("points={}", file.display())], &[]);
    holds(process.is_ready().await, || "the receiver does not start")?;
    let mut sending = Traffic::new(&load, receiver.url()).start(2);
    while load.count_answered() < 20 {
        tokio::task::yield_now().await;
    }
    sending.stop().await;
    process.terminate();
    holds(process.ended().await.success(), || "the receiver does not end well")?;
    receiver.settle(&load).await?;
    let text = std::fs::read_to_string(file).unwrap();
    Ok(text.lines().filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect())
}

/// Aborts a receiver at the nth pass of a point, optionally with a planted bug, and checks that
/// nothing is lost.
pub async fn lose_nothing(receiver: &Path, point: &str, nth: u32, bug: Option<&str>) -> Result<(), Violation> {
    let receiver = Receiver::new(receiver);
    let load = Load::new(seed());
    let abort = format!("{point}:{nth}");
    let mut environment = vec![("BIRDHOOK_ABORT_AT", abort.as_str())];
    environment.extend(bug.map(|bug| ("BIRDHOOK_PLANTED", bug)));
    let mut process = receiver.run(&["fails=10"], &environment);
    let sending = Traffic::new(&load, receiver.url()).start(3);
    let ended = process.ended().await;
    sending.abandon().await;
    holds(!ended.success(), || format!("the receiver did not come to {point} {nth} times"))?;
    receiver.settle(&load).await
}
