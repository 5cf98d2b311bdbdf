//! Receive Twitter/X webhooks in your own web app: verified, typed, de-duplicated events, one model for the Account Activity
//! API and the X Activity API, and a 200 that means something.
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
//! 1. Describe the webhook: [`Webhook`], with an [`App`], several [`Apps`], or a [`Secret`], which is then a consumer secret.
//!    Which secret checks and which answers: docs/protocol.md, section 3.6.
//! 2. Choose what 200 means: [`Webhook::channel`], [`Webhook::handler`], [`Webhook::sink`], or [`Webhook::gate`] when a
//!    service of yours acknowledges. `inbox::Inbox` (feature `inbox`) is a sink that keeps events on the disk;
//!    `nats::JetStream` and `redis::Redis` (features `nats`, `redis`, and `redis-tls` for `rediss://`) have sinks that
//!    several receivers share.
//! 3. Mount it: `Receiver` or `WebhookLayer` (feature `tower`, on by default), `axum::webhook` (feature `axum`),
//!    `actix::Receiver` (feature `actix`).
//! 4. Consume [`Event`]s: [`Event::kind`], [`Event::activity`], [`Event::raw`].
//! 5. Before the server stops, call [`Pipeline::shutdown`]; on a readiness page, show [`Pipeline::health`].
//!
//! `client::Client` (feature `client`), or the tool `birdhook`, registers the webhook at X and subscribes users.
//!
//! # Metrics and tracing
//! With the feature `metrics`: counters `birdhook_challenges_total{result}`, `birdhook_deliveries_total{result}`,
//! `birdhook_other_requests_total{result}`, `birdhook_challenges_by_x_total`,
//! `birdhook_signed_with_another_kind_total{signed}`, `birdhook_events_total`,
//! `birdhook_duplicates_total`; gauges `birdhook_in_flight` (deliveries), `birdhook_body_bytes`, `birdhook_queue_depth` (events),
//! `birdhook_last_challenge_timestamp_seconds`, `birdhook_last_event_timestamp_seconds`;
//! histogram `birdhook_answer_seconds{request}`. A result is a [`Reason`] or `unanswered`. The page of
//! `inbox` has the inbox's.
//!
//! With the feature `tracing`: a span `birdhook{request, app, events, result}` for each request, in which a delivery's
//! hand-over runs and the answer is told.

pub use birdhook_core::{BodyReader, Endpoint, Settings, Step, Window};
pub use birdhook_pipeline::{
    Activity, Admission, App, AppSelector, Apps, AppsError, Backlog, Begun, ChallengeSignature, ChannelSink, CutOver,
    DedupeScope, Deliveries, Delivery, Direction, Event, EventKey, EventKind, EventSink, Events, Gate, Generation,
    Handler, HandlerFuture, Health, Keying, Keys, Left, Pipeline, PostRelation, RawJson, Reason, Reception, Reply,
    RequestHead, Secret, SecretError, SecretKind, Sending, SinkError, Timestamp, Webhook, activity, crc, message,
    signature, wire,
};
#[cfg(feature = "tower")]
pub use birdhook_tower::{Receiver, ResponseBody, ResponseFuture, WebhookLayer, WebhookService};

#[cfg(feature = "actix")]
pub use birdhook_actix as actix;
#[cfg(feature = "axum")]
pub use birdhook_axum as axum;
#[cfg(feature = "client")]
pub use birdhook_client as client;
#[cfg(feature = "inbox")]
pub use birdhook_inbox as inbox;
#[cfg(feature = "nats")]
pub use birdhook_nats as nats;
#[cfg(feature = "redis")]
pub use birdhook_redis as redis;

#[cfg(all(doctest, feature = "inbox"))]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../../docs/guide/getting-started.md")]
struct GettingStartedGuide;

#[cfg(all(doctest, feature = "inbox"))]
#[doc = include_str!("../../../docs/guide/inbox.md")]
struct InboxGuide;

#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../../docs/guide/bot.md")]
struct BotGuide;

#[cfg(all(doctest, feature = "inbox", feature = "nats"))]
#[doc = include_str!("../../../docs/guide/scale.md")]
struct ScaleGuide;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/cut-over.md")]
struct CutOverGuide;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide/operations.md")]
struct OperationsGuide;
