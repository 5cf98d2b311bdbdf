//! Duplicates removed across receivers.
//!
//! Several receivers may stand behind one URL, and X sends copies of an event to any of them, sometimes at the same time. A
//! [`Webhook`](birdhook_pipeline::Webhook) remembers what it has handed over itself; a [`SharedDedupe`] around its sink makes all of them remember it in
//! Redis, whatever the sink is. Where the events go to a stream of Redis or of JetStream anyway, that sink removes duplicates
//! itself, and this is not needed.
//!
//! # How
//! Each event has one key in Redis: `{birdhook}:` and the event's own [key](birdhook_pipeline::EventKey), as it is in a message's
//! `key`.
//!
//! 1. **Claim.** One script looks at all events of a delivery. If one is in flight in another request, nothing is claimed and X is
//!    answered 503 ([`InFlight`](birdhook_pipeline::SinkError::InFlight)): it sends the delivery again, or the other's 200 stands. Those that are done are
//!    taken out of the delivery. The others get the request's token, for [`in_flight`](Dedupe::in_flight) at most. When none is
//!    left, X is answered 200.
//! 2. **Hand-over** to the inner sink, of what is left.
//! 3. **Done**, for the [`horizon`](Dedupe::horizon), if the sink said `Ok`; else **release**, also when the request was dropped.
//!    Both are told in the background, again and again until Redis has heard or the claim is over anyway.
//!
//! # When the answer is given
//! In the very poll in which the inner sink says `Ok`; nobody waits for Redis to hear that it is done. From then on the events are
//! taken, and nothing changes that: were the answer to wait, a deadline that passes meanwhile would make a 503 of it, and a
//! receiver that ends meanwhile would leave X without an answer, to send again what was taken. Until Redis has heard, the claim
//! stands in its place, and a copy is answered 503 instead of 200; X sends it again and finds it done.
//!
//! # When an event is handed over twice
//! - Redis loses what it knew: it was restarted without its data, evicts keys (set `maxmemory-policy noeviction`), or a replica
//!   took over that had not heard everything. Nothing else is lost then; Redis is only a memory here.
//! - Redis is not heard from after the hand-over for as long as the claim lasts, or the receiver ends before Redis has heard:
//!   the claim runs out and a copy is new again. The former is counted, [`unmarked`](SharedDedupe::unmarked).
//! - [`WhenDown::Trust`], while Redis is down.
//! - A receiver's process stands still for longer than the claim lasts, and goes on with the hand-over. One that only takes long
//!   is cut off when its claim is over.
//!
//! It is never lost: what was not handed over is not marked. A claim that nobody settles blocks copies for `in_flight`.
//!
//! # Cost
//! One round trip before the hand-over and one after it, which nobody waits for. Redis works some 12 microseconds for each event, and
//! does nothing else meanwhile: claiming a delivery of 10,000 events takes it 70 ms. Each event takes about 220 bytes of its memory
//! for the whole horizon: 100,000 events a day are 110 MB after five days.

mod claim;
mod settings;
mod sink;
mod store;
mod verdict;

pub use settings::{Dedupe, WhenDown};
pub use sink::{HandOver, SharedDedupe};
pub use store::DedupeError;
