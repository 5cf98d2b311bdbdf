//! The commands, one per file.

pub(crate) mod activity;
pub(crate) mod auth;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod console;
pub(crate) mod consume;
pub(crate) mod crc;
pub(crate) mod doctor;
pub(crate) mod ensure;
pub(crate) mod inbox;
pub(crate) mod inspect;
pub(crate) mod listen;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod mock_x;
pub(crate) mod postgres;
pub(crate) mod relay;
pub(crate) mod replay;
pub(crate) mod sign;
pub(crate) mod stream_links;
pub(crate) mod subscriptions;
pub(crate) mod trigger;
pub(crate) mod validate;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod webhooks;
