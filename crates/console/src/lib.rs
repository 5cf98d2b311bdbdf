//! A page in your own app that shows what a Twitter/X webhook received, and why requests were
//! refused.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook}; pub mod console { pub use birdhook_console::*; } }
//! use birdhook::{Secret, Webhook, console::{Access, Console, History}};
//! use http::{Request, StatusCode, header};
//! use tower::ServiceExt;
//!
//! let history = History::new().keep(50, 64 << 10);
//! let webhook = Webhook::new(Secret::new("consumer-secret").unwrap());
//! let (pipeline, _deliveries) = webhook.observer(history.clone()).channel(1024);
//! let access = Access::bearer("an-unguessable-token").unwrap();
//! let console = Console::new(pipeline.handle(), history, access);
//! // With axum: `Router::new().nest_service("/birdhook", console)`
//!
//! let request = Request::get("/birdhook/api/health")
//!     .header(header::HOST, "localhost")
//!     .header(header::AUTHORIZATION, "Bearer an-unguessable-token");
//! let response = console.oneshot(request.body(String::new()).unwrap()).await.unwrap();
//! assert_eq!(response.status(), StatusCode::OK);
//! # }
//! ```
//!
//! `docs/guide/console.md` shows the page, and how to mount it.
//!
//! # API
//! All responses are JSON, and hide private values unless the query has `reveal=1`:
//!
//! | path | response |
//! |---|---|
//! | `/api/health` | state, challenges, refusals, the estimated bill, counts of 24 hours |
//! | `/api/deliveries` | requests, newest first |
//! | `/api/deliveries/ID` | one request |
//! | `/api/events` | new requests as server-sent events, which resume after `Last-Event-ID` |
//!
//! With the feature `inbox` and `Console::inbox`:
//!
//! | path | response |
//! |---|---|
//! | `/api/inbox` | the numbers of events, and `csrf`, the token of actions |
//! | `/api/inbox/events` | events, oldest first; parameters `status`, `kind`, `subscriber`, `after`, `limit` |
//! | `/api/inbox/events/ID` | one event |
//! | POST `/api/inbox/requeue`, `/api/inbox/discard` | `count`; needs `id`, or `all=1` and optionally a filter |
//! | POST `/api/inbox/purge` | `count`; needs `subscriber` |
//!
//! With the feature `client` and `Console::at_x`:
//!
//! | path | response |
//! |---|---|
//! | `/api/at-x` | webhooks, subscriptions, replay jobs and the last actions, and `csrf` |
//! | POST `/api/at-x/validate` | `ok`, whether the webhook is valid; needs `webhook`, an id |
//! | POST `/api/at-x/replay` | `ok`; needs `webhook`, and `from` and `to`, times in UTC |
//!
//! An error of X is answered 502, with `error`, `fix`, and `until` if a rate limit is reached.
//!
//! With `Console::resend`:
//!
//! | path | response |
//! |---|---|
//! | `/api/send` | the targets, and `csrf`, the token of the action |
//! | POST `/api/deliveries/ID/send` | the target's `response`; needs `target`, a name of that list |
//!
//! The body of this POST replaces that of the delivery. Without one, the delivery is sent as it was. A
//! body that is not valid JSON needs `anyway=1`.
//!
//! A POST also needs the token, as `csrf` in the query or in the header `x-birdhook-csrf`, and is
//! answered 403 after [`Console::read_only`].
//!
//! Parameters of the list and the stream of requests: `kind`, `subscriber`, `outcome` (a name, or
//! `refused`),
//! `text` (only requests whose kept body contains it, in upper or lower case),
//! `since` and `until` (times), `last` (minutes), `after` (an id); of the list also `before` and
//! `limit` (at most 1,000, by default 100).

mod access;
#[cfg(feature = "client")]
mod at_x;
#[cfg(feature = "client")]
mod at_x_data;
#[cfg(feature = "client")]
mod at_x_query;
mod body_search;
mod cause;
mod chart;
mod console;
mod copies;
mod data;
mod entry;
mod filter;
mod guard;
mod headers;
mod health_source;
mod history;
mod hosts;
#[cfg(feature = "inbox")]
mod inbox;
#[cfg(feature = "inbox")]
mod inbox_data;
#[cfg(feature = "inbox")]
mod inbox_query;
mod mask;
mod page;
mod prices;
#[cfg(feature = "client")]
mod replay_end;
mod request_body;
mod resend;
mod resend_actions;
mod stream;

pub use access::{Access, TokenError};
pub use console::Console;
pub use headers::{HeaderFuture, HeaderLayer, HeaderService};
pub use health_source::HealthSource;
pub use history::History;
pub use prices::{DATE as PRICES_DATE, PRICES};
pub use resend::{Resend, ResendError};
pub use stream::ConsoleBody;
