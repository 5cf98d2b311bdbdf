//! The files of an inbox: damaged, foreign, missing, or opened by several.

mod golden;
#[cfg(unix)]
mod gone;
mod opening;
#[cfg(unix)]
mod permissions;
mod racing;
mod records;
mod retention;
mod unreadable;
