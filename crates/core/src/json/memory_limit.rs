//! The memory limit for the typed values of one text.

use std::cell::Cell;

thread_local! {
    static REMAINING: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Memory allowed for each byte of JSON, and for any text. X's smallest posts are 100 bytes of JSON
/// and 1.5 KiB as a type; an element `{}` of a hostile array is 3 bytes of JSON.
const BYTES_PER_BYTE: u64 = 16;
const BASE: u64 = 64 << 10;

/// Runs `read` with a memory limit in proportion to a text of this length.
///
/// If several events share the text, each of them reads it, so the memory per byte is divided among
/// them. Array elements, map members and boxed objects beyond the limit read as absent.
pub(crate) fn with_limit<R>(length: usize, shared_by: usize, read: impl FnOnce() -> R) -> R {
    struct Restore(u64);

    impl Drop for Restore {
        fn drop(&mut self) {
            REMAINING.set(self.0);
        }
    }

    let limit = (length as u64).saturating_mul(BYTES_PER_BYTE) / (shared_by.max(1) as u64) + BASE;
    let _restore = Restore(REMAINING.replace(limit));
    read()
}

/// Reserves memory for one value of this type. Returns whether the limit allowed it.
pub(super) fn reserve<T>() -> bool {
    let remaining = REMAINING.get().checked_sub(size_of::<T>() as u64);
    REMAINING.set(remaining.unwrap_or(0));
    remaining.is_some()
}
