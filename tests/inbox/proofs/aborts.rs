//! The process ends at each point of the commit's path.

use std::collections::BTreeSet;
use std::path::Path;

use crate::bed::settle;
use crate::load::Load;
use crate::process::Place;
use crate::violation::{Violation, holds};

/// Every point, in the order in which an opener and then a commit comes to them.
pub const POINTS: [&str; 12] = [
    "looked",
    "gathered",
    "prepared",
    "before-commit",
    "store-grow",
    "store-write",
    "store-sync",
    "store-synced",
    "committed",
    "sealed",
    "remembered",
    "answered",
];

/// The points that the inbox's sources name.
pub fn named_points() -> BTreeSet<String> {
    fn read(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                let names = text.split("point(\"").skip(1).filter_map(|rest| rest.split_once('"'));
                found.extend(names.map(|(name, _)| name.to_owned()));
            }
        }
    }
    let mut found = BTreeSet::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/inbox/src"), &mut found);
    found
}

/// The points that a receiver comes to.
pub async fn passed_points(receiver: &Path) -> Result<BTreeSet<String>, Violation> {
    let place = Place::new(receiver);
    let load = Load::new(birdhook_seed::seed());
    let file = place.file("points");
    let mut process = place.run(&[&format!("points={}", file.display())], &[]);
    holds(process.is_ready().await, || "the receiver does not start".to_owned())?;
    let sending = load.start(&place.url(), 2);
    while load.book(|book| book.count_answered()) < 20 {
        tokio::task::yield_now().await;
    }
    sending.stop().await;
    process.terminate();
    holds(process.ended().await.success(), || "the receiver does not end well".to_owned())?;
    settle(&load, &place.inbox(), &place.consumed()).await?;
    let text = std::fs::read_to_string(file).unwrap();
    Ok(text.lines().filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect())
}

/// Ends the process when it comes to a point for the nth time. `bug` is planted in it.
pub async fn lose_nothing(receiver: &Path, point: &str, nth: u32, bug: Option<&str>) -> Result<(), Violation> {
    let place = Place::new(receiver);
    let load = Load::new(birdhook_seed::seed());
    let abort = format!("{point}:{nth}");
    let mut environment = vec![("BIRDHOOK_ABORT_AT", abort.as_str())];
    environment.extend(bug.map(|bug| ("BIRDHOOK_PLANTED", bug)));
    let mut process = place.run(&["fails=10"], &environment);
    let sending = load.start(&place.url(), 3);
    let ended = process.ended().await;
    sending.abandon().await;
    holds(!ended.success(), || format!("the receiver did not come to {point} {nth} times"))?;
    settle(&load, &place.inbox(), &place.consumed()).await
}
