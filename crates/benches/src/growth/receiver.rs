//! A receiver without a server, and deliveries for it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use birdhook::{
    App, Apps, Deliveries, Pipeline, Secret, Webhook,
    adapter::{HeadResult, Outcome, RequestHead},
    signature,
    sink::ChannelSink,
};
use bytes::Bytes;
use futures_util::stream;
use tokio::runtime::{Builder, Runtime};

use super::bodies::{self, ID};
use crate::rounds::{Clock, Work};

static NEXT: AtomicU64 = AtomicU64::new(1_000_000_000_000_000_001);

pub(super) struct Receiver {
    runtime: Runtime,
    pipeline: Pipeline<ChannelSink>,
    deliveries: Deliveries,
    secret: Secret,
}

impl Receiver {
    pub(super) fn new(apps: usize, keys: usize) -> Self {
        let secret = |number| Secret::new(format!("the-consumer-secret-of-app-number-{number}")).unwrap();
        let all = Apps::new((1..=apps).map(|number| App::new(format!("app-{number}"), secret(number)))).unwrap();
        let webhook = Webhook::new(all).dedupe_window(keys, Duration::from_secs(86_400)).body_limit(2 << 20);
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let (pipeline, deliveries) = webhook.channel(64);
        Self { runtime, pipeline, deliveries, secret: secret(apps) }
    }

    /// Returns the work of receiving deliveries of this body, each with its own events, until the
    /// app has them.
    pub(super) fn work(mut self, body: &str) -> Work {
        let pieces: Vec<String> = body.split(ID).map(str::to_owned).collect();
        Box::new(move |times| {
            let signed: Vec<_> = (0..times).map(|_| self.sign(&pieces)).collect();
            self.take(signed)
        })
    }

    pub(super) fn remember(&mut self, events: usize) {
        // Small batches: the memory that deliveries in flight once needed is kept, and would be
        // outside the processor's caches too.
        const AT_ONCE: usize = 100;
        let mut left = events;
        while left > 0 {
            let count = left.min(AT_ONCE);
            let body = bodies::deletions(count);
            let signed = self.sign(&body.split(ID).map(str::to_owned).collect::<Vec<_>>());
            self.take(vec![signed]);
            left -= count;
        }
        let remembered = self.pipeline.health().remembered;
        assert!(remembered > 0, "nothing is remembered");
    }

    fn sign(&self, pieces: &[String]) -> (Bytes, String) {
        let (first, rest) = pieces.split_first().expect("a body");
        let mut body = first.clone();
        for piece in rest {
            body += &NEXT.fetch_add(1, Relaxed).to_string();
            body += piece;
        }
        let signature = signature::sign(&self.secret, body.as_bytes());
        (body.into(), signature)
    }

    /// Returns the CPU time from the heads of the deliveries until the app receives them.
    fn take(&mut self, signed: Vec<(Bytes, String)>) -> Duration {
        let Self { runtime, pipeline, deliveries, .. } = self;
        runtime.block_on(async {
            let started = Clock::start();
            for (body, signature) in signed {
                let headers = [("content-type", "application/json"), (signature::HEADER, &*signature)];
                let head = RequestHead::new("POST", "/webhooks/twitter", None)
                    .with_headers(headers.map(|(name, value)| (name, value.as_bytes())));
                let HeadResult::Body(incoming) = pipeline.begin(&head) else { panic!("refused") };
                let reply = pipeline.receive(incoming, stream::iter([Ok::<_, Infallible>(body)])).await;
                assert_eq!(reply.outcome(), Outcome::Accepted);
                drop(deliveries.recv().await);
            }
            started.elapsed()
        })
    }
}
