//! The integration tests of birdhook-doctor, in one binary.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod certificates;
mod fault;
mod faults;
mod proxy;
mod receiver;
mod secrets;
mod table;
mod urls;

use std::net::SocketAddr;

use birdhook_doctor::{CheckResult, CheckStatus, Diagnosis, Doctor};

fn checks_with(diagnosis: &Diagnosis, status: CheckStatus) -> Vec<&'static str> {
    diagnosis.results().iter().filter(|result| result.status() == status).map(CheckResult::check).collect()
}

fn result<'a>(diagnosis: &'a Diagnosis, check: &str) -> &'a CheckResult {
    diagnosis.results().iter().find(|result| result.check() == check).unwrap()
}

fn doctor(address: SocketAddr) -> Doctor {
    Doctor::new(format!("http://{address}/webhooks/twitter"), receiver::SECRET).unwrap().local(true)
}
