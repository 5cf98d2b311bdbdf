//! Each planted mistake must be found by a short soak.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::path::Path;
use std::time::Duration;

use birdhook_soak::{Plant, Report, Settings, Sink, run};

#[tokio::main]
async fn soak(plant: Plant) -> Report {
    let mut settings = Settings::lasting(Duration::from_secs(8), Sink::Channel, 7).at_rate(400, 48);
    settings.plant = Some(plant);
    let report = run(Path::new(env!("CARGO_BIN_EXE_birdhook-soak")), &settings).await;
    println!("{report}");
    report
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn files_that_stay_open_are_noticed() {
    let broken = soak(Plant::FileLeak).broken();
    assert!(broken.contains(&"open files") && broken.contains(&"at rest"), "{broken:?}");
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn memory_that_is_never_let_go_is_noticed() {
    let broken = soak(Plant::MemoryLeak).broken();
    assert!(broken.contains(&"memory, resident") && broken.contains(&"memory, proportional"), "{broken:?}");
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn events_that_are_lost_when_there_is_no_room_are_noticed() {
    let report = soak(Plant::Loss);
    assert!(report.balance.lost > 0 && report.balance.doubled == 0, "{:?}", report.balance);
    assert!(report.broken().contains(&"journal"));
}

#[test]
#[ignore = "long: run by `cargo xtask ci long`"]
fn events_that_come_twice_are_noticed() {
    let report = soak(Plant::Double);
    assert!(report.balance.doubled > 0 && report.balance.lost == 0, "{:?}", report.balance);
    assert!(report.broken().contains(&"journal"));
}
