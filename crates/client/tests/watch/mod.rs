//! Watches over webhooks of a mock X, by a clock that goes on when told.

mod ends;
mod faults;
mod health;
mod replays;
mod silences;
mod world;
