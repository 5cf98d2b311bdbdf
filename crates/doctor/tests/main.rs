//! The integration tests of birdhook-doctor, in one binary.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod certificates;
mod fault;
mod faults;
mod proxy;
mod receiver;
mod secrets;
mod urls;

use birdhook_doctor::{CheckResult, CheckStatus, Diagnosis};

/// Returns the names of the checks with this status.
fn checks_with(diagnosis: &Diagnosis, status: CheckStatus) -> Vec<&'static str> {
    diagnosis.results().iter().filter(|result| result.status() == status).map(CheckResult::check).collect()
}
