//! Events and the deliveries that contain them.

pub(crate) mod delivery;
pub(crate) mod envelope;
#[expect(clippy::module_inception, reason = "the folder holds the parts of an event")]
pub(crate) mod event;
pub(crate) mod event_type;
pub(crate) mod identity;
pub(crate) mod key;
pub(crate) mod kind;
pub(crate) mod time;
pub(crate) mod user_index;
pub(crate) mod window;
