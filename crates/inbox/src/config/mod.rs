//! The settings of an inbox, and its clock.

pub(crate) mod clock;
pub(crate) mod order;
pub(crate) mod settings;
