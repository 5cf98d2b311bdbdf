//! What Redis keeps of what it is told.

mod bed;
mod connecting;
mod consuming;
mod groups;
mod publishing;
mod room;
mod settling;
mod tls;
