//! Hooks for the tests that prove that the inbox loses nothing. Compiled to nothing without
//! `--cfg birdhook_faults`.

#[cfg(birdhook_faults)]
use std::sync::OnceLock;

/// A bug that can be planted in the inbox. The tests must detect each one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(not(birdhook_faults), allow(unreachable_pub, reason = "only the tests can name it"))]
pub enum Bug {
    /// Keys are remembered before their events are stored.
    MarkBeforeAppend,
    /// 200 is answered before the events are on disk.
    AnswerBeforeSync,
    /// A failed fsync is treated as a success.
    IgnoredSyncError,
    /// Checksums are not verified.
    SkippedChecksum,
    /// A lock held by another opener is treated as free.
    IgnoredLock,
    /// The attempt of a leased event is not on disk before a consumer receives it.
    UncountedAttempt,
    /// An event whose lease a crash ended is prefetched with others.
    PrefetchedAfterCrash,
    /// A durable acknowledgement resolves before it is on disk.
    EarlyDurableAck,
}

/// The functions that the inbox calls while it is tested.
#[cfg(birdhook_faults)]
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Called with the name of each point of opening and of a commit that is reached.
    pub point: fn(&'static str),
    /// Returns whether this bug is planted.
    pub has: fn(Bug) -> bool,
}

#[cfg(birdhook_faults)]
static HOOKS: OnceLock<Hooks> = OnceLock::new();

/// Installs the hooks of this process. Only the first call has an effect.
#[cfg(birdhook_faults)]
pub fn install(hooks: Hooks) {
    let _ = HOOKS.set(hooks);
}

/// Returns whether this bug is planted. Always false without `birdhook_faults`.
pub(crate) fn has(bug: Bug) -> bool {
    let _ = bug;
    #[cfg(birdhook_faults)]
    return HOOKS.get().is_some_and(|hooks| (hooks.has)(bug));
    #[cfg(not(birdhook_faults))]
    false
}

/// Marks a point at which tests can end the process.
pub(crate) fn point(name: &'static str) {
    #[cfg(birdhook_faults)]
    HOOKS.get().into_iter().for_each(|hooks| (hooks.point)(name));
    let _ = name;
}
