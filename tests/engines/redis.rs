//! What Redis keeps of what it is told.

pub(crate) mod bed;
mod connecting;
mod consuming;
mod groups;
mod lying;
mod publishing;
mod room;
mod settling;
mod tls;
