//! The suite that a [`Store`] must pass: give it a way to open yours, in a place where nothing is stored yet.
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
//! The rules are checked one after the other in the same place, which is opened anew again and again; then a long run of
//! random commits is held against an ordered map. What breaks a rule is told as a [`Violation`], with the name of the rule.
//!
//! | rule | what |
//! |---|---|
//! | [`EMPTY`] | nothing is found where nothing was stored |
//! | [`READ`] | `get` finds what was committed, and nothing else |
//! | [`ORDER`], [`FROM`], [`STOP`] | `scan` goes by the order of the keys, begins at `from`, and ends when it is told to |
//! | [`TABLES`] | a key is another one in each table |
//! | [`LASTING`] | what was committed is there when it is opened again, after it was only dropped |
//! | [`OVERWRITE`], [`REMOVE`] | the last value counts; what was removed is gone, and what is not there may be removed |
//! | [`IN_ORDER`] | the changes of one commit are made in their order |
//! | [`VALUES`], [`KEYS`] | a value may have no bytes or some millions, and a key may be any number |
//! | [`IN_USE`] | it is not opened twice at once |
//! | [`RECLAIM`], [`VERIFY`] | neither changes anything |
//! | [`LONG_RUN`] | it does as an ordered map does |
//! | [`ATOMIC`] | after a commit that failed, all of its changes are there or none |
//!
//! Whether a commit survives the loss of power cannot be seen from here.

mod random;
mod rules;
mod subject;

use std::fmt;
use std::hash::{BuildHasher, RandomState};

use self::subject::Subject;
use super::{Store, StoreError};

/// The name of a rule.
pub const EMPTY: &str = "an empty store reads as empty";
/// The name of a rule.
pub const READ: &str = "what was committed is read";
/// The name of a rule.
pub const ORDER: &str = "a scan goes by the order of the keys";
/// The name of a rule.
pub const FROM: &str = "a scan begins at `from`";
/// The name of a rule.
pub const STOP: &str = "a scan ends when it is told to";
/// The name of a rule.
pub const TABLES: &str = "tables are separate";
/// The name of a rule.
pub const OVERWRITE: &str = "the last value counts";
/// The name of a rule.
pub const REMOVE: &str = "what was removed is gone";
/// The name of a rule.
pub const IN_ORDER: &str = "the changes of a commit are made in their order";
/// The name of a rule.
pub const VALUES: &str = "a value may have no bytes or some millions";
/// The name of a rule.
pub const KEYS: &str = "a key may be any number";
/// The name of a rule.
pub const LASTING: &str = "what was committed is there when it is opened again";
/// The name of a rule.
pub const IN_USE: &str = "it is not opened twice at once";
/// The name of a rule.
pub const RECLAIM: &str = "reclaiming keeps everything";
/// The name of a rule.
pub const VERIFY: &str = "verifying keeps everything";
/// The name of a rule.
pub const LONG_RUN: &str = "it does as an ordered map does";
/// The name of a rule.
pub const ATOMIC: &str = "a commit is made as a whole or not at all";

/// Checks a store. `open` opens the same place each time it is called.
///
/// # Errors
/// With the first rule that the store does not hold to. That a call fails is a violation too.
pub fn check<S: Store>(open: impl FnMut() -> Result<S, StoreError>) -> Result<(), Violation> {
    check_seeded(RandomState::new().hash_one(0), open)
}

/// As [`check`], with the seed that a [`Violation`] has named.
///
/// # Errors
/// As for [`check`].
pub fn check_seeded<S: Store>(seed: u64, open: impl FnMut() -> Result<S, StoreError>) -> Result<(), Violation> {
    run(seed, open, false)
}

/// As [`check_seeded`], for a store some of whose commits fail, as on a disk that is made to: it is then opened again, and
/// must hold all of the commit or none of it. Everything else must not fail.
///
/// # Errors
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

/// A rule that a store does not hold to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The name of the rule, one of this module's.
    pub rule: &'static str,
    /// What was expected and what was found.
    pub what: String,
    /// To be given to [`check_seeded`], so that the same happens again.
    pub seed: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}: {} (seed {})", self.rule, self.what, self.seed)
    }
}

impl std::error::Error for Violation {}
