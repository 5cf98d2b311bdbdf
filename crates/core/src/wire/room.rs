//! How much memory the typed values of one text may take.

use std::cell::Cell;

thread_local! {
    static ROOM: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Memory for each byte of JSON, and for any text. The smallest posts of X are 100 bytes of JSON and 1.5 KiB as a type; an
/// element `{}` of a hostile array is 3 bytes of JSON.
const FOR_A_BYTE: u64 = 16;
const FOR_ANY: u64 = 64 << 10;

/// Runs `read` with room in proportion to a text of this length that this many events share, each of which reads it. Elements of
/// arrays, members of maps and boxed objects for which there is no room read as absent.
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

/// Takes room for one value of this type.
pub(super) fn take<T>() -> bool {
    let rest = ROOM.get().checked_sub(size_of::<T>() as u64);
    ROOM.set(rest.unwrap_or(0));
    rest.is_some()
}
