//! Accepts deliveries: reads and verifies their bodies, claims their events, and delivers them
//! within a deadline.
//!
//! [`Gate`] begins a request and returns an [`IncomingDelivery`]. Its verification reads the body
//! and claims the events, and returns a [`VerifiedDelivery`], which delivers them. A `Request`
//! accompanies the delivery through all of this, and counts as in flight until it is answered or
//! dropped.

mod body;
mod gate;
mod in_flight;
mod incoming;
mod request;
mod state;
mod verified;

pub use gate::Gate;
pub use incoming::IncomingDelivery;
pub use verified::VerifiedDelivery;
