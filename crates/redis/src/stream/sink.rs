//! A sink that appends deliveries to a stream.

use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Duration;

use birdhook_core::codec::Format;
use birdhook_core::{Delivery, Event};
use birdhook_pipeline::{EventSink, SinkError};
use redis::{RedisError, Script, ScriptInvocation};

use super::names::{PAYLOAD, beside};
use crate::connection::Redis;
use crate::error::code;

static PUBLISH: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("publish.lua")));

/// Appends each event to a stream once. Made by [`Redis::sink`]. Cheap to clone.
///
/// Status 200 means that Redis has appended all events of the delivery. The server's settings
/// decide whether it can still lose them: see the [crate](crate#what-200-is-worth).
///
/// An event is one entry. Its fields are the [attributes](birdhook_core::codec::EncodedEvent::attributes) under
/// their names, and the JSON as `payload`. Each event also sets a seen key beside the stream,
/// `{stream}:seen:<key>` (`stream::seen:<key>` for a name with a closing brace), so that receivers
/// that share a stream append it once between them. The seen key takes about 200 bytes for the
/// [horizon](Self::horizon).
///
/// One call appends at most 128 events, or 256 KiB and one more event. If a larger delivery is
/// answered 503, some of its events may have been appended. They are recognised when X sends the
/// delivery again.
#[derive(Clone)]
pub struct StreamSink {
    redis: Redis,
    stream: Arc<str>,
    horizon: Duration,
    limit: u64,
    format: Format,
}

impl Redis {
    /// Returns a sink that appends to this stream, which need not exist.
    pub fn sink(&self, stream: impl Into<String>) -> StreamSink {
        StreamSink {
            redis: self.clone(),
            stream: stream.into().into(),
            horizon: Duration::from_secs(24 * 60 * 60),
            limit: 1_000_000,
            format: Format::default(),
        }
    }
}

impl StreamSink {
    /// Sets how long an event is recognised as a duplicate. Defaults to 1 day.
    ///
    /// X repeats a delivery without a 200 for minutes, and a replay brings events up to a day old.
    #[must_use]
    pub fn horizon(mut self, horizon: Duration) -> Self {
        self.horizon = horizon;
        self
    }

    /// Sets the largest number of entries in the stream. Defaults to 1,000,000.
    ///
    /// At this limit, deliveries with new events are answered 503 until consumers have
    /// [acknowledged](crate::StreamMessage::ack) some: unread entries are never trimmed. A delivery that
    /// begins below the limit is appended completely.
    #[must_use]
    pub fn limit(mut self, entries: u64) -> Self {
        self.limit = entries;
        self
    }

    /// Sets the format of events. Defaults to [`Format::Plain`].
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Returns the name of the stream.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    async fn publish(self, events: Vec<Event>) -> Result<(), SinkError> {
        let (mut events, mut has_appended) = (events.into_iter().peekable(), false);
        while events.peek().is_some() {
            // A delivery that begins below the limit is appended completely.
            let limit = if has_appended { u64::MAX } else { self.limit };
            let call = self.batch(&mut events, limit);
            match self.redis.invoke::<i64>(&call).await {
                Ok(..0) => return Err(SinkError::Full),
                Ok(added) => has_appended |= added > 0,
                Err(error) => return Err(publish_error(error)),
            }
        }
        Ok(())
    }

    /// Builds a call that appends the next events, at least one.
    ///
    /// Its size is limited to save memory, and because Redis does nothing else meanwhile.
    fn batch(&self, events: &mut impl Iterator<Item = Event>, limit: u64) -> ScriptInvocation<'static> {
        let mut call = PUBLISH.key(&*self.stream);
        call.arg(u64::try_from(self.horizon.as_millis()).unwrap_or(u64::MAX).clamp(1, LONGEST)).arg(limit);
        let mut bytes = 0;
        for event in events.take(BATCH) {
            let (key, message) = (event.dedupe_key(), self.format.write(&event));
            call.key(beside(&self.stream, &format!("seen:{key}"))).arg(2 * message.attributes.len() + 2);
            for (name, value) in &message.attributes {
                call.arg(*name).arg(value);
                bytes += value.len();
            }
            call.arg(PAYLOAD).arg(&*message.payload);
            bytes += message.payload.len();
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        call
    }
}

/// The largest number of events in one call, and the number of bytes after which no event is added.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 256 << 10;

/// In milliseconds. Redis adds the time of day, which must not overflow.
const LONGEST: u64 = 100 * 365 * 24 * 60 * 60 * 1000;

/// Reports full memory like a full stream.
fn publish_error(error: RedisError) -> SinkError {
    if code(&error) == Some("OOM") { SinkError::Full } else { SinkError::failed(error) }
}

impl EventSink for StreamSink {
    type Future = PublishFuture;

    fn deliver(&self, delivery: Delivery) -> PublishFuture {
        PublishFuture(Box::pin(self.clone().publish(delivery.into_events())))
    }

    fn reports_consumption(&self) -> bool {
        true
    }
}

debug_fields!(StreamSink, |this| redis: this.redis, stream: this.stream);

/// The future of a [`StreamSink`].
///
/// If it is dropped, the delivery may still be appended. When X sends it again, it is a duplicate.
#[must_use = "futures do nothing unless polled"]
pub struct PublishFuture(Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>);

impl Future for PublishFuture {
    type Output = Result<(), SinkError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

debug_fields!(PublishFuture, |_this|);

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use redis::Client;

    use super::*;
    use crate::recorder;
    use crate::stream::message;

    macro_rules! golden {
        ($app:literal, $position:literal, $body:literal, $entry:literal) => {
            (
                $app,
                $position,
                include_str!(concat!("../../tests/golden/", $body, ".json")),
                include_str!(concat!("../../tests/golden/", $entry, "-0.1.txt")),
            )
        };
    }

    /// Entries that version 0.1 appended: the name of the app, the index of the event, the body, and
    /// the commands that the script called.
    const GOLDEN: [(&str, usize, &str, &str); 3] = [
        golden!("shop", 0, "deletion", "deletion-plain"),
        golden!("my shop, Grüße", 0, "like", "like-cloudevents"),
        golden!("shop", 1, "messages", "second-message-plain"),
    ];

    fn golden_event(app: &str, position: usize, body: &'static str) -> Event {
        Delivery::restore(app, body.trim_end(), 10).unwrap().into_events().remove(position)
    }

    /// Returns the fields and values of an `XADD`, and the arguments of the `SET` after it.
    fn parts(commands: &str) -> (Vec<(&str, &str)>, Vec<&str>) {
        let (add, set) = commands.trim_end().split_once("\n\n").unwrap();
        let add: Vec<&str> = add.lines().collect();
        let fields = add.strip_prefix(&["XADD", "events", "*"]).unwrap().chunks_exact(2);
        (fields.map(|field| (field[0], field[1])).collect(), set.lines().collect())
    }

    #[test]
    fn reads_the_entries_of_version_0_1() {
        for (app, position, body, golden) in GOLDEN {
            let fields = parts(golden).0.into_iter();
            let fields: Vec<_> = fields
                .map(|(name, value)| (Bytes::copy_from_slice(name.as_bytes()), value.to_owned().into()))
                .collect();
            let read = message::event(&fields).unwrap();
            let sent = golden_event(app, position, body);
            assert_eq!((read.app(), read.kind(), read.raw()), (app, sent.kind(), sent.raw()));
            assert_eq!((read.dedupe_key(), read.delivery_key()), (sent.delivery_key(), sent.delivery_key()));
        }
    }

    #[tokio::test]
    async fn appends_entries_as_version_0_1_did() {
        let redis = Redis::unconnected(Client::open("redis://127.0.0.1:1").unwrap()).unwrap();
        for (app, position, body, golden) in GOLDEN {
            let ((old, seen), event) = (parts(golden), golden_event(app, position, body));
            let is_plain = old.contains(&("content_type", "application/json"));
            let sink = redis.sink("events").format(if is_plain { Format::Plain } else { Format::CloudEvents });
            let call = sink.batch(&mut std::iter::once(event), u64::MAX);
            let written = recorder::written(&call, include_str!("publish.lua"));
            let (new, newly_seen) = parts(&written);
            // The core's tests compare CloudEvents, which may have more members later.
            for field in old.iter().filter(|(name, _)| is_plain || *name != PAYLOAD) {
                assert!(new.contains(field), "{app}: {field:?} is not in {new:?}");
            }
            assert_eq!(newly_seen, seen, "{app}");
        }
    }
}
