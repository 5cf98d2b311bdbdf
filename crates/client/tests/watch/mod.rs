//! Watches over webhooks of a mock X, on a clock that the tests advance.

mod ends;
mod faults;
mod health;
mod replays;
mod silences;
mod world;
