//! The files of an inbox: damaged, foreign, missing, or opened by several.

#[cfg(unix)]
mod backup;
#[cfg(unix)]
mod control;
mod golden;
#[cfg(unix)]
mod gone;
mod opening;
#[cfg(unix)]
mod permissions;
mod racing;
mod records;
pub(crate) mod redb_file;
mod retention;
mod unreadable;
