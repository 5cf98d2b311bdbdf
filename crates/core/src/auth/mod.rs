//! Secrets, the apps that hold them, and signatures made with them.

pub(crate) mod app;
pub(crate) mod apps;
pub mod crc;
pub(crate) mod secret;
pub(crate) mod secret_kind;
pub mod signature;
