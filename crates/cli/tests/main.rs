//! The integration tests of the `birdhook` tool, in one binary.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod account;
mod admin;
#[cfg(unix)]
mod alarms;
mod at_x;
mod auth;
#[cfg(unix)]
mod backups;
mod catching_up;
mod config;
mod credentials;
mod doctor;
mod engines;
mod errors;
mod forwarding;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(target_os = "linux")]
mod gateway;
mod golden;
mod golden_json;
mod inbox;
mod inspect;
mod logs;
mod mock_x;
mod offline;
#[cfg(unix)]
mod postgres;
#[cfg(target_os = "linux")]
mod programs;
mod progress;
mod refusals;
mod requests;
mod resend;
#[cfg(unix)]
mod rotation;
#[cfg(target_os = "linux")]
mod runbook;
mod serving;
#[cfg(target_os = "linux")]
mod stalled;
mod support;
mod terminal;
