//! The test suite for a [`Store`]. It needs a function that opens the store in an empty place.
//!
//! ```
//! use birdhook_inbox::{RedbStore, conformance};
//!
//! # let folder = tempfile::tempdir()?;
//! let file = folder.path().join("inbox.redb");
//! conformance::check(|| RedbStore::open(&file))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The rules are checked one after the other in the same place, which is reopened many times. A
//! long run of random commits is then compared with an ordered map. A broken rule is returned as a
//! [`Violation`] with the rule's name.
//!
//! | rule | requirement |
//! |---|---|
//! | [`EMPTY`] | an empty store returns nothing |
//! | [`READ`] | `get` returns what was committed, and nothing else |
//! | [`ORDER`], [`FROM`], [`STOP`] | `scan` follows the order of the keys, begins at `from`, and ends when `visit` returns `false` |
//! | [`TABLES`] | the same key is independent in each table |
//! | [`LASTING`] | a commit is there after the store was dropped and reopened |
//! | [`OVERWRITE`], [`REMOVE`] | the last value counts; a removed record is gone, and removing a missing one is allowed |
//! | [`IN_ORDER`] | the changes of one commit are applied in their order |
//! | [`VALUES`], [`KEYS`] | a value may be empty or several MiB long, and a key may be any number |
//! | [`IN_USE`] | it cannot be opened twice at once |
//! | [`RECLAIM`], [`VERIFY`] | neither changes the records |
//! | [`LONG_RUN`] | it behaves like an ordered map |
//! | [`ATOMIC`] | after a failed commit, all of its changes are there or none |
//!
//! The suite cannot check whether a commit survives a power loss.

mod random;
mod rules;
mod subject;

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use self::subject::Subject;
use super::{Store, StoreError};

/// Name of the rule: nothing is found before the first commit.
pub const EMPTY: &str = "an empty store reads as empty";
/// Name of the rule: `get` returns what was committed, and nothing else.
pub const READ: &str = "what was committed is read";
/// Name of the rule: `scan` follows the order of the keys.
pub const ORDER: &str = "a scan goes by the order of the keys";
/// Name of the rule: `scan` begins at `from`.
pub const FROM: &str = "a scan begins at `from`";
/// Name of the rule: `scan` ends when `visit` returns `false`.
pub const STOP: &str = "a scan ends when it is told to";
/// Name of the rule: the same key is independent in each table.
pub const TABLES: &str = "tables are separate";
/// Name of the rule: the last value written counts.
pub const OVERWRITE: &str = "the last value counts";
/// Name of the rule: a removed record is gone, and removing a missing one is allowed.
pub const REMOVE: &str = "what was removed is gone";
/// Name of the rule: the changes of one commit are applied in their order.
pub const IN_ORDER: &str = "the changes of a commit are made in their order";
/// Name of the rule: a value may be empty or several MiB long.
pub const VALUES: &str = "a value may have no bytes or some millions";
/// Name of the rule: a key may be any number.
pub const KEYS: &str = "a key may be any number";
/// Name of the rule: a commit is there after the store was dropped and reopened.
pub const LASTING: &str = "what was committed is there when it is opened again";
/// Name of the rule: the store cannot be opened twice at once.
pub const IN_USE: &str = "it is not opened twice at once";
/// Name of the rule: `reclaim` changes no record.
pub const RECLAIM: &str = "reclaiming keeps everything";
/// Name of the rule: `verify` changes no record.
pub const VERIFY: &str = "verifying keeps everything";
/// Name of the rule: over a long run the store behaves like an ordered map.
pub const LONG_RUN: &str = "it does as an ordered map does";
/// Name of the rule: after a failed commit, all of its changes are there or none.
pub const ATOMIC: &str = "a commit is made as a whole or not at all";

/// Checks a store. Each call of `open` must open the same place.
///
/// # Errors
/// The first rule that the store breaks. A call that fails is a violation too.
pub fn check<S: Store>(open: impl FnMut() -> Result<S, StoreError>) -> Result<(), Violation> {
    check_seeded(RandomState::new().hash_one(0), open)
}

/// Checks a store with the seed of an earlier [`Violation`].
///
/// # Errors
/// The same as [`check`].
pub fn check_seeded<S: Store>(seed: u64, open: impl FnMut() -> Result<S, StoreError>) -> Result<(), Violation> {
    run(seed, open, false)
}

/// Checks a store whose commits may fail, as on a faulty disk.
///
/// After a failed commit the store is reopened, and must hold all of the commit or none of it. No
/// other call may fail.
///
/// # Errors
/// The same as [`check`].
/// As for [`check`].
pub fn check_failing<S: Store>(seed: u64, open: impl FnMut() -> Result<S, StoreError>) -> Result<(), Violation> {
    run(seed, open, true)
}

fn run<S: Store>(seed: u64, mut open: impl FnMut() -> Result<S, StoreError>, may_fail: bool) -> Result<(), Violation> {
    let mut subject = Subject::new(&mut open, may_fail);
    for (rule, check) in rules::all(seed) {
        check(&mut subject).map_err(|broken| {
            let (rule, what) = (broken.rule.unwrap_or(rule), broken.what);
            Violation { rule, what, seed }
        })?;
    }
    Ok(())
}

/// A rule that a store breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The name of the rule: one of this module's constants.
    pub rule: &'static str,
    /// The expected and the actual result.
    pub what: String,
    /// The seed to pass to [`check_seeded`] to repeat the failure.
    pub seed: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}: {} (seed {})", self.rule, self.what, self.seed)
    }
}

impl std::error::Error for Violation {}
