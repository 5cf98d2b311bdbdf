//! The memory limit for the typed values of one text.

use std::cell::Cell;

thread_local! {
    static ROOM: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Memory allowed for each byte of JSON, and for any text. X's smallest posts are 100 bytes of JSON
/// and 1.5 KiB as a type; an element `{}` of a hostile array is 3 bytes of JSON.
const FOR_A_BYTE: u64 = 16;
const FOR_ANY: u64 = 64 << 10;

/// Runs `read` with a memory limit in proportion to a text of this length.
///
/// If several events share the text, each of them reads it, so the memory per byte is divided among
/// them. Array elements, map members and boxed objects beyond the limit read as absent.
pub(crate) fn for_text<R>(length: usize, shared_by: usize, read: impl FnOnce() -> R) -> R {
    struct Restore(u64);

    impl Drop for Restore {
        fn drop(&mut self) {
            ROOM.set(self.0);
        }
    }

    let room = (length as u64).saturating_mul(FOR_A_BYTE) / (shared_by.max(1) as u64) + FOR_ANY;
    let _restore = Restore(ROOM.replace(room));
    read()
}

/// Reserves memory for one value of this type. Returns whether the limit allowed it.
pub(super) fn take<T>() -> bool {
    let rest = ROOM.get().checked_sub(size_of::<T>() as u64);
    ROOM.set(rest.unwrap_or(0));
    rest.is_some()
}
