//! Receives Twitter/X webhooks in your own web app: verified, typed and deduplicated events, one
//! model for the Account Activity API and the X Activity API, and a 200 whose meaning you choose.
//!
//! ```no_run
//! use birdhook::{App, Receiver, Secret, Webhook};
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = Secret::new(std::env::var("BIRDHOOK_CLIENT_SECRET")?)?; // the app's OAuth 2.0 client secret
//! let (pipeline, deliveries) = Webhook::new(App::with_client_secret("default", secret)).channel(1024);
//! let app = axum::Router::new().route_service("/webhooks/twitter", Receiver::new(pipeline));
//!
//! tokio::spawn(async move {
//!     let mut events = deliveries.events();
//!     while let Some(event) = events.recv().await {
//!         println!("{:?}", event.kind());
//!     }
//! });
//! axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, app).await?;
//! # Ok(()) }
//! ```
//!
//! 1. Describe the webhook: [`Webhook`], with an [`App`], several [`Apps`], or a [`Secret`], which
//!    then counts as a consumer secret. `docs/protocol.md`, section 3.6, explains which secret
//!    verifies requests and which one signs responses.
//! 2. Choose what a 200 means: [`Webhook::channel`], [`Webhook::handler`], [`Webhook::sink`], or
//!    [`Webhook::gate`] if a service of yours acknowledges deliveries. `inbox::Inbox` is a sink that
//!    stores events on disk, or with `postgres::Postgres` in a database; `nats::JetStream` and `redis::Redis` provide sinks that several
//!    receivers can share.
//! 3. Mount it: [`Receiver`], [`WebhookLayer`], `axum::webhook` or `actix::ActixReceiver`.
//! 4. Consume [`Event`]s: [`Event::kind`], [`Event::activity`], [`Event::raw`].
//! 5. Keep a [`PipelineHandle`] in the app's state: call [`PipelineHandle::shutdown`] before the
//!    server stops, and report [`PipelineHandle::health`] on a readiness page.
//!
//! `client::Client` and the `birdhook` command-line tool register the webhook with X and subscribe
//! users.
//!
//! # Features
//!
//! | Feature | Adds |
//! |---|---|
//! | `tower` (default) | [`Receiver`] and [`WebhookLayer`] for tower, hyper and axum's `route_service` |
//! | `axum` | `axum::webhook` and the extractor `axum::Verified` |
//! | `actix` | `actix::ActixReceiver` |
//! | `client` | `client::Client` for X's management APIs |
//! | `console` | `console::Console`: a page that shows what arrives, and why requests were refused |
//! | `inbox` | `inbox::Inbox`, a sink on disk |
//! | `nats` | `nats::JetStream`: a sink, a stream and a consumer |
//! | `postgres`, `postgres-sqlx`, `postgres-tls` | `postgres::Postgres`: an inbox in the app's database |
//! | `redis`, `redis-tls` | `redis::Redis`: streams, and deduplication across receivers |
//! | `metrics` | counters, gauges and histograms |
//! | `tracing` (default) | a span for each request, and a warning for each failed handler |
//!
//! # Metrics and tracing
//! The feature `metrics` adds:
//! - counters `birdhook_challenges_total{outcome}`, `birdhook_deliveries_total{outcome}`,
//!   `birdhook_other_requests_total{outcome}`, `birdhook_challenges_by_x_total`,
//!   `birdhook_signed_with_other_kind_total{signed}`, `birdhook_events_total` and
//!   `birdhook_duplicates_total`;
//! - gauges `birdhook_in_flight` (deliveries), `birdhook_body_bytes`, `birdhook_queue_depth`
//!   (events), `birdhook_last_challenge_timestamp_seconds` and
//!   `birdhook_last_event_timestamp_seconds`;
//! - histogram `birdhook_answer_seconds{request}`;
//! - with the console, counter `birdhook_billed_micro_dollars_total`: an estimate of what X bills, in
//!   millionths of a US dollar.
//!
//! An `outcome` is an [`Outcome`](adapter::Outcome) or `unanswered`. The documentation of `inbox` lists the inbox's
//! metrics.
//!
//! The feature `tracing` adds a span `birdhook{request, app, events, outcome}` per request. The
//! delivery to the sink runs inside it, and the response is recorded in it.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(inline)]
pub use birdhook_pipeline::{
    Activity, App, Apps, Deliveries, Delivery, Event, EventKind, Gate, Health, Pipeline, PipelineHandle, Secret,
    ShutdownReport, Webhook, activity, codec, crc, schema, signature,
};
#[cfg(feature = "tower")]
#[doc(inline)]
pub use birdhook_tower::{Receiver, WebhookLayer};

/// Settings of apps, secrets and challenges, and their errors.
pub mod app {
    #[doc(inline)]
    pub use birdhook_core::ParseSecretKindError;
    #[doc(inline)]
    pub use birdhook_pipeline::{AppSelector, AppsError, ChallengeSignature, SecretError, SecretKind};
}

/// The parts of an [`Event`], and its keys.
pub mod event {
    #[doc(inline)]
    pub use birdhook_core::{ParseApiSourceError, ParseEventKeyError, ParseEventKindError, ParseTimestampError};
    #[doc(inline)]
    pub use birdhook_pipeline::{ApiSource, Direction, EventKey, RawJson, Timestamp};
}

/// Deduplication: its policy, and the memory of keys.
pub mod dedupe {
    #[doc(inline)]
    pub use birdhook_core::DedupeWindow;
    #[doc(inline)]
    pub use birdhook_pipeline::{ApiMode, DedupePolicy, DedupeScope};
}

/// Functions that process events one by one, with state and by kind.
///
/// The same handler works for [`Webhook::handler`], `inbox::Inbox::run`, `nats::Consumer::run` and
/// `redis::Group::run`.
pub mod handler {
    #[doc(inline)]
    pub use birdhook_pipeline::{Dispatch, DispatchFuture, EventHandler, OnError, WithState, with_state};
}

/// Destinations of deliveries, for a sink of your own.
pub mod sink {
    #[doc(inline)]
    pub use birdhook_pipeline::{
        Backlog, ChannelSendFuture, ChannelSink, DeliveryHandlerFuture, DeliveryHandlerSink, EventSink, Events,
        HandlerFuture, HandlerSink, SinkError,
    };
}

/// Observation of requests, for a log or a console of your own.
pub mod observer {
    #[doc(inline)]
    pub use birdhook_pipeline::{FinishedRequest, Observer, RequestObserver};
}

/// Requests and replies, for an adapter to a web framework that birdhook does not support.
pub mod adapter {
    #[doc(inline)]
    pub use birdhook_core::{BodyReader, Endpoint, EndpointSettings};
    #[doc(inline)]
    pub use birdhook_pipeline::{HeadResult, IncomingDelivery, Outcome, Reply, RequestHead, VerifiedDelivery};
    #[cfg(feature = "tower")]
    #[doc(inline)]
    pub use birdhook_tower::{ResponseBody, ResponseFuture, WebhookService};
}

#[cfg(feature = "actix")]
#[doc(inline)]
pub use birdhook_actix as actix;
#[cfg(feature = "axum")]
#[doc(inline)]
pub use birdhook_axum as axum;
#[cfg(feature = "client")]
#[doc(inline)]
pub use birdhook_client as client;
#[cfg(feature = "console")]
#[doc(inline)]
pub use birdhook_console as console;
#[cfg(feature = "inbox")]
#[doc(inline)]
pub use birdhook_inbox as inbox;
#[cfg(feature = "nats")]
#[doc(inline)]
pub use birdhook_nats as nats;
#[cfg(feature = "postgres")]
#[doc(inline)]
pub use birdhook_postgres as postgres;
#[cfg(feature = "redis")]
#[doc(inline)]
pub use birdhook_redis as redis;

// A link to the project's README, which is packaged under this name.
#[cfg(all(doctest, feature = "inbox"))]
#[doc = include_str!("../README.md")]
struct Readme;
