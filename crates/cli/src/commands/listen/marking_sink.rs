//! A sink that marks deliveries for the log of requests, and prints why one failed.

use std::pin::Pin;
use std::task::{Context, Poll};

use birdhook::Delivery;
use birdhook::adapter::Outcome;
use birdhook::event::EventKey;
use birdhook::sink::{Backlog, EventSink, SinkError};

use super::mark::{PanicMark, mark, mark_delivery};
use super::upkeep::Gaps;
use crate::output::{error_chain, note};

pub(super) struct MarkingSink<S> {
    pub(super) sink: S,
    /// After "not", in the note on a failure.
    pub(super) done: &'static str,
    /// The gaps whose replays end with a delivery's events.
    pub(super) gaps: Option<Gaps>,
}

impl<S: EventSink> EventSink for MarkingSink<S> {
    type Future = Marked<S::Future>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let _mark = PanicMark;
        mark_delivery(&delivery);
        if let Some(gaps) = &self.gaps {
            delivery.events().iter().for_each(|event| gaps.record(event));
        }
        Marked { delivered: Box::pin(self.sink.deliver(delivery)), done: self.done }
    }

    fn remembers(&self, key: &EventKey) -> bool {
        self.sink.remembers(key)
    }

    fn timeout_error(&self) -> SinkError {
        self.sink.timeout_error()
    }

    fn backlog(&self) -> Option<Backlog> {
        self.sink.backlog()
    }

    fn is_open(&self) -> bool {
        self.sink.is_open()
    }

    fn close(&self) {
        self.sink.close();
    }

    fn reports_consumption(&self) -> bool {
        self.sink.reports_consumption()
    }

    fn drained(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        self.sink.drained()
    }
}

pub(super) struct Marked<F> {
    delivered: Pin<Box<F>>,
    done: &'static str,
}

impl<F: Future<Output = Result<(), SinkError>>> Future for Marked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let _mark = PanicMark;
        let done = self.done;
        self.delivered.as_mut().poll(cx).map(|result| {
            match &result {
                Ok(()) => mark(Outcome::Accepted),
                Err(error) => note(format!("not {done}, so answered 503: {}", error_chain(error))),
            }
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use birdhook::adapter::{Endpoint, EndpointSettings};
    use birdhook::app::SecretKind;
    use birdhook::{Receiver, Secret, Webhook};
    use birdhook_testkit::{Sender, WebhookPost};
    use futures_util::FutureExt;
    use futures_util::future::BoxFuture;

    use super::super::destination::Destination;
    use super::super::request_log::{RequestFormat, RequestLog};
    use super::super::signature_cause::Explainer;
    use super::*;
    use crate::signature_mistakes::secret::Secrets;

    struct Panicking {
        at_once: bool,
    }

    impl EventSink for Panicking {
        type Future = BoxFuture<'static, Result<(), SinkError>>;

        fn deliver(&self, _: Delivery) -> Self::Future {
            assert!(!self.at_once, "planted");
            async { panic!("planted") }.boxed()
        }
    }

    #[tokio::test]
    async fn a_panic_of_the_sink_is_reported_as_one() {
        let secret = Secret::new("secret").unwrap();
        for at_once in [true, false] {
            let webhook = Webhook::new(secret.clone());
            let explainer = Explainer {
                endpoint: Endpoint::new(secret.clone(), EndpointSettings::default()),
                secrets: Secrets::new(&[]),
                destination: Destination::output(),
                url: String::new(),
                path: "/".to_owned(),
            };
            let log = RequestLog::new(RequestFormat::Line, explainer);
            let receiver =
                Receiver::new(webhook.sink(MarkingSink { sink: Panicking { at_once }, done: "stored", gaps: None }));
            let router = log.observe(Router::new().route_service("/", receiver));
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let serving = tokio::spawn(axum::serve(listener, router).into_future());
            let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;
            let post = WebhookPost::unsigned(body).signed_as(SecretKind::Consumer, &secret);
            let answer = Sender::new(Duration::from_secs(9)).unwrap().send(post.request(&url).unwrap()).await.unwrap();
            serving.abort();
            assert_eq!(answer.status, 503);
            let table = log.finish().await;
            assert!(table.contains("1 x sink_panicked"), "{table}");
        }
    }
}
