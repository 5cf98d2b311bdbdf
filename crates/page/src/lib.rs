//! The stylesheet and the icon that the console and the page of the mock X share.
//!
//! They are in a crate of their own because neither page may depend on the other's server.

/// The stylesheet: dark and light, from 400 px.
pub const STYLESHEET: &str = include_str!("page.css");

/// The icon, as SVG.
pub const ICON: &str = include_str!("icon.svg");
