#![doc = include_str!("../../../README.md")]

pub use birdhook_core as core;
pub use birdhook_pipeline::{
    Admission, App, AppSelector, Apps, AppsError, Backlog, Begun, ChallengeKey, ChallengeSignature, ChannelSink,
    DedupeScope, Deliveries, Delivery, Direction, Event, EventKey, EventKind, EventSink, Events, Gate, Generation,
    Handler, HandlerFuture, Health, Left, Pipeline, RawJson, Reason, Reception, Reply, RequestHead, Secret,
    SecretError, Sending, SinkError, Timestamp, Webhook, crc, signature, wire,
};
#[cfg(feature = "tower")]
pub use birdhook_tower::{Receiver, ResponseBody, ResponseFuture, WebhookLayer, WebhookService};

#[cfg(feature = "actix")]
pub use birdhook_actix as actix;
#[cfg(feature = "axum")]
pub use birdhook_axum as axum;
