//! One request: its head, its body, and the reply.

pub(crate) mod body;
mod challenge;
pub(crate) mod endpoint;
mod explanation;
pub(crate) mod head;
pub(crate) mod outcome;
pub(crate) mod reply;
pub(crate) mod settings;
mod signatures;
