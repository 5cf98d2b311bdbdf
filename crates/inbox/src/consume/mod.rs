//! Consumes events: by an async function, or by another sink.

pub(crate) mod relay;
pub(crate) mod run;
