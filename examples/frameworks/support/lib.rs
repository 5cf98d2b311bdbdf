//! Code that the examples share: their settings.

#[path = "../../support/settings.rs"]
mod settings;

pub use settings::{Error, PATH, address, apps, cannot_listen};
