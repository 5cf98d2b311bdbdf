//! Processes Twitter/X deliveries: verification, deduplication, deadlines, sinks, shutdown and
//! health.
//!
//! Configure a [`Webhook`] and turn it into a [`Pipeline`] with an [`EventSink`], or into a bare
//! [`Gate`]. An adapter for a framework converts its requests into [`RequestHead`]s and byte
//! streams, and the answers into responses:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use std::convert::Infallible;
//! # mod birdhook { pub use birdhook_pipeline::{Secret, Webhook, signature}; pub mod adapter { pub use birdhook_pipeline::{HeadResult, RequestHead}; } }
//! use birdhook::{Secret, Webhook, adapter::{HeadResult, RequestHead}, signature};
//!
//! let secret = Secret::new("consumer-secret").unwrap();
//! let (pipeline, mut deliveries) = Webhook::new(secret.clone()).channel(16);
//!
//! let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
//! let signed = signature::sign(&secret, body.as_bytes());
//! let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
//!
//! let HeadResult::Body(incoming) = pipeline.begin(&head) else { panic!("refused") };
//! let chunks = futures_util::stream::iter([Ok::<_, Infallible>(body.into())]);
//! assert_eq!(pipeline.receive(incoming, chunks).await.status(), 200);
//! assert_eq!(deliveries.recv().await.unwrap().events().len(), 1);
//! # }
//! ```
//!
//! # Features
//! `metrics` and `tracing`: the documentation of `birdhook` lists what they record.

mod acceptance;
mod catch_panic;
#[doc(hidden)]
pub mod consumer;
mod dedupe;
mod handle;
mod handler;
mod health;
mod memory_budget;
#[cfg(all(test, birdhook_models))]
#[path = "../tests/models/mod.rs"]
mod models;
mod pipeline;
mod sink;
mod sync;
mod telemetry;
#[cfg(not(all(test, birdhook_models)))]
mod timeout;
mod wake_coalescer;
mod webhook;

pub use acceptance::{Gate, IncomingDelivery, VerifiedDelivery};
pub use birdhook_core::{
    Activity, ApiSource, App, AppSelector, Apps, AppsError, ChallengeSignature, DedupeScope, Delivery, Direction,
    Event, EventKey, EventKind, HeadResult, Outcome, PostRelation, RawJson, Reply, RequestHead, Secret, SecretError,
    SecretKind, Timestamp, activity, codec, crc, schema, signature,
};
pub use dedupe::{ApiMode, DedupePolicy};
pub use handle::{PipelineHandle, ShutdownReport};
pub use handler::{Dispatch, DispatchFuture, EventHandler, OnError, WithState, with_state};
pub use health::Health;
pub use pipeline::Pipeline;
pub use sink::{
    Backlog, ChannelSendFuture, ChannelSink, Deliveries, DeliveryHandlerFuture, DeliveryHandlerSink, EventSink, Events,
    HandlerFuture, HandlerSink, SinkError,
};
pub use webhook::Webhook;
