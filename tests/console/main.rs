//! Tests of the console and of the page of the mock X in Chromium. `BIRDHOOK_SCREENSHOTS=DIR` also writes pictures of the pages.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod at_x;
mod browser;
mod inbox;
mod mock;
mod pages;
mod resend;
mod site;
