//! Watches over webhooks of a mock X, on a clock that the tests advance.

mod expiries;
mod faults;
mod fixture;
mod health;
mod replays;
mod silences;
