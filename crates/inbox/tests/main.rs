//! The integration tests of birdhook-inbox, in one binary.
//!
//! The tests in `behaviour` use the inbox through [`support::backend::Backend`] only. Another crate
//! runs them on its own backend: it includes `behaviour` and `support` with `#[path]` and defines
//! `Tested`. The tests in `files` are about the files of this crate's inbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::panic, clippy::print_stdout, reason = "tests")]

mod behaviour;
mod files;
mod support;

/// The backend under test.
type Tested = files::redb_file::RedbFile;
