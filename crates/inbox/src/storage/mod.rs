//! The files of an inbox: the store, the watermark and the locks.

pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod folder;
pub(crate) mod lock;
pub(crate) mod lock_holder;
pub(crate) mod private_file;
pub(crate) mod record;
pub(crate) mod redb;
pub(crate) mod snapshots;
pub(crate) mod unreadable;
pub(crate) mod watermark;
