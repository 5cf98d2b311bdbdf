//! Tests of the console in Chromium. `BIRDHOOK_SCREENSHOTS=DIR` also writes pictures of the pages.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod browser;
mod inbox;
mod pages;
mod site;
