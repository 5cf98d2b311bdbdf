//! Nothing secret or personal is printed, and the documented output is.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use crate::metrics::recorded;
use crate::support::{
    SECRET, app, begin_signed, deleted, deliver, deliver_signed, get, incoming, secret, webhook, whole,
};
use birdhook_pipeline::{
    Delivery, Event, EventHandler, EventSink, HeadResult, Outcome, Pipeline, RequestHead, SinkError, Webhook, crc,
    signature,
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing_subscriber::fmt::format::FmtSpan;

const TOKEN: &str = "TOKENMARKERabc";
const REFUSED: &str = "REFUSEDMARKER";
const TEXT: &str = "TEXTMARKER meet me at nine";
const NAME: &str = "NAMEMARKER Wren";
const SCREEN_NAME: &str = "SCREENMARKER_wren";
const SUBSCRIBER: &str = "770770770771";
const SENDER: &str = "880880880882";
const WRITTEN: &[&str] = &[TEXT, NAME, SCREEN_NAME];

fn message(id: &str) -> String {
    let content = format!(
        r#"{{"target":{{"recipient_id":"{SUBSCRIBER}"}},"sender_id":"{SENDER}","message_data":{{"text":"{TEXT}"}}}}"#
    );
    let user = format!(r#"{{"id":"{SENDER}","name":"{NAME}","screen_name":"{SCREEN_NAME}"}}"#);
    format!(
        r#"{{"for_user_id":"{SUBSCRIBER}","direct_message_events":[{{"type":"message_create","id":"{id}","created_timestamp":"1678000000001","message_create":{content}}}],"users":{{"{SENDER}":{user}}}}}"#
    )
}

fn sign(message: &str) -> String {
    signature::sign(&secret(SECRET), message.as_bytes())
}

/// Everything that must not appear: keys, tokens and their answers, signatures, users and their
/// texts.
fn hidden() -> Vec<String> {
    let mut hidden: Vec<String> = [SECRET, TOKEN, REFUSED, SUBSCRIBER, SENDER].map(Into::into).into();
    hidden.extend(WRITTEN.iter().map(|&text| text.into()));
    hidden.push(sign(TOKEN));
    hidden.extend(["1", "2", "3"].map(|id| sign(&message(id))));
    hidden
}

#[track_caller]
fn assert_hides(what: &str, printed: &str, hidden: &[impl AsRef<str>]) {
    for hidden in hidden {
        let hidden = hidden.as_ref().trim_start_matches("sha256=");
        let list = format!("{:?}", hidden.as_bytes());
        let hex: String = hidden.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [hidden, list.trim_matches(['[', ']']), &hex] {
            assert!(!printed.contains(form), "{what} tells {hidden}:\n{printed}");
        }
    }
}

#[track_caller]
fn assert_hides_all(what: &str, value: &impl Debug) -> String {
    let printed = format!("{value:?}\n{value:#?}");
    let without_spaces: Vec<_> = hidden().iter().map(|hidden| hidden.replace(' ', "")).collect();
    assert_hides(what, &printed.replace(['\n', ' '], ""), &without_spaces);
    assert_hides(what, &printed, &hidden());
    printed
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures this thread's traces, at every level and from every target, and its metrics.
struct Observed {
    captured: Captured,
    snapshotter: Snapshotter,
    _tracing: tracing::subscriber::DefaultGuard,
    _metrics: metrics::LocalRecorderGuard<'static>,
}

impl Observed {
    fn start() -> Self {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        let recorder: &'static DebuggingRecorder = Box::leak(Box::default());
        Self {
            captured,
            snapshotter: recorder.snapshotter(),
            _tracing: tracing::subscriber::set_default(subscriber),
            _metrics: metrics::set_default_local_recorder(recorder),
        }
    }

    fn log(&self) -> String {
        String::from_utf8(self.captured.0.lock().unwrap().clone()).unwrap()
    }

    fn metrics(&self) -> BTreeMap<String, DebugValue> {
        recorded(&self.snapshotter)
    }
}

/// A handler that fails at first, with an error that quotes the message.
fn quoting() -> Pipeline<impl EventSink> {
    let calls = AtomicUsize::new(0);
    webhook().delivery_handler(move |delivery: Delivery| {
        let call = calls.fetch_add(1, SeqCst);
        async move {
            tracing::info!("the handler runs");
            if call == 0 { Err(format!("cannot store {}", delivery.body().as_str())) } else { Ok(()) }
        }
    })
}

/// Sends one request of each kind.
async fn exercise<S: EventSink>(pipeline: &Pipeline<S>) {
    assert_eq!(get(pipeline, &format!("crc_token={TOKEN}&nonce={REFUSED}")).status(), 200);
    let query = format!("crc_token={TOKEN}&nonce={REFUSED}");
    let by_x = signature::sign(&secret(SECRET), query.as_bytes());
    let head = RequestHead::new("GET", "/", Some(&query)).with_headers([(signature::HEADER, by_x.as_bytes())]);
    assert!(matches!(pipeline.begin(&head), HeadResult::Reply(reply) if reply.is_signed_by_x()));
    assert_eq!(get(pipeline, &format!("crc_token=%7B{REFUSED}")).status(), 400);
    assert_eq!(deliver(pipeline, &message("1")).await, Outcome::SinkFailed);
    assert_eq!(deliver(pipeline, &message("1")).await, Outcome::Accepted);
    assert_eq!(deliver(pipeline, &message("1")).await, Outcome::Duplicate);
    assert_eq!(deliver(pipeline, &message("2")).await, Outcome::Accepted);
    assert_eq!(deliver_signed(pipeline, "forger", &message("3")).await, Outcome::SignatureWrong);
    assert_eq!(deliver(pipeline, &format!("[\"{TEXT}\"]")).await, Outcome::NotAnObject);
    assert!(matches!(pipeline.begin(&RequestHead::new("POST", "/", None)), HeadResult::Reply(_)));
    let slow = whole(&message("3")).chain(stream::pending());
    assert_eq!(pipeline.receive(incoming(pipeline, &message("3")), slow).await.outcome(), Outcome::BodyTooSlow);
    let broken = stream::iter([Ok(Bytes::from(message("3"))), Err(TEXT)]);
    assert_eq!(pipeline.receive(incoming(pipeline, &message("3")), broken).await.outcome(), Outcome::BodyCutOff);
    drop(incoming(pipeline, &message("3")));
}

#[tokio::test(start_paused = true)]
async fn metrics_and_traces_contain_no_secrets_and_no_personal_data() {
    let observed = Observed::start();
    exercise(&quoting()).await;
    let metrics = format!("{:?}", observed.metrics());
    assert_hides("a metric", &metrics, &hidden());
    assert_hides("the log", &observed.log(), &hidden());
    assert!(metrics.len() > 500 && observed.log().lines().count() > 40, "{metrics}\n{}", observed.log());
}

#[tokio::test(start_paused = true)]
async fn the_documented_metrics_are_recorded() {
    let observed = Observed::start();
    exercise(&quoting()).await;
    let mut metrics = observed.metrics();
    let mut histogram = |request: &str| match metrics.remove(&format!("birdhook_answer_seconds{{request={request}}}")) {
        Some(DebugValue::Histogram(mut values)) => {
            values.sort();
            values.into_iter().map(f64::from).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(histogram("challenge"), [0.0; 3]);
    let answers = histogram("delivery");
    assert_eq!(answers[..8], [0.0; 8]);
    assert!(answers.len() == 9 && (2.5..2.51).contains(&answers[8]), "{answers:?}");
    for gauge in ["birdhook_last_challenge_timestamp_seconds", "birdhook_last_event_timestamp_seconds"] {
        let Some(DebugValue::Gauge(time)) = metrics.remove(gauge) else { panic!("no {gauge}") };
        let age = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64() - f64::from(time);
        assert!((0.0..60.0).contains(&age), "{gauge} is {age} s old");
    }
    for gauge in ["birdhook_in_flight", "birdhook_body_bytes"] {
        assert_eq!(metrics.remove(gauge), Some(DebugValue::Gauge(0.0.into())), "{gauge} comes back to nought");
    }
    let counters = [
        ("birdhook_challenges_by_x_total", 1),
        ("birdhook_challenges_total{outcome=challenge_answered}", 2),
        ("birdhook_challenges_total{outcome=token_refused}", 1),
        ("birdhook_deliveries_total{outcome=accepted}", 2),
        ("birdhook_deliveries_total{outcome=body_cut_off}", 1),
        ("birdhook_deliveries_total{outcome=body_too_slow}", 1),
        ("birdhook_deliveries_total{outcome=duplicate}", 1),
        ("birdhook_deliveries_total{outcome=not_an_object}", 1),
        ("birdhook_deliveries_total{outcome=signature_missing}", 1),
        ("birdhook_deliveries_total{outcome=signature_wrong}", 1),
        ("birdhook_deliveries_total{outcome=sink_failed}", 1),
        ("birdhook_deliveries_total{outcome=unanswered}", 1),
        ("birdhook_duplicates_total", 1),
        ("birdhook_events_total", 2),
    ];
    assert_eq!(metrics, counters.map(|(name, count)| (name.to_owned(), DebugValue::Counter(count))).into());
}

#[tokio::test(start_paused = true)]
async fn the_documented_spans_and_events_are_recorded() {
    let observed = Observed::start();
    exercise(&quoting()).await;
    let log = observed.log();
    let count = |parts: &[&str]| log.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count();
    for (span, times) in [
        (r#"birdhook{request="delivery" app="bees" events=1 outcome="accepted"}: "#, 2),
        (r#"birdhook{request="delivery" app="bees" events=1 outcome="sink_failed"}: "#, 1),
        (r#"birdhook{request="delivery" app="bees" events=1 outcome="duplicate"}: "#, 1),
        (r#"birdhook{request="delivery" outcome="signature_wrong"}: "#, 1),
        (r#"birdhook{request="delivery" outcome="not_an_object"}: "#, 1),
        (r#"birdhook{request="delivery" outcome="body_too_slow"}: "#, 1),
        (r#"birdhook{request="delivery" outcome="body_cut_off"}: "#, 1),
        (r#"birdhook{request="delivery" outcome="unanswered"}: "#, 1),
    ] {
        assert_eq!(count(&[span, "close"]), times, "{span}\n{log}");
    }
    assert_eq!(count(&[r#"birdhook{request="delivery" app="bees" events=1}: "#, "the handler runs"]), 3, "{log}");
    for (request, answer, times) in [
        (r#"request="challenge""#, r#"answered outcome="challenge_answered" status=200"#, 2),
        (r#"request="challenge""#, r#"answered outcome="token_refused" status=400"#, 1),
        (r#"request="delivery""#, r#"answered outcome="accepted" status=200"#, 2),
        (r#"request="delivery""#, r#"answered outcome="sink_failed" status=503"#, 1),
        (r#"request="delivery""#, r#"answered outcome="signature_missing" status=401"#, 1),
    ] {
        assert_eq!(count(&["birdhook_pipeline", request, answer]), times, "{answer}\n{log}");
    }
    assert_eq!(count(&["birdhook_pipeline", ": answered outcome="]), 12, "one for each answer\n{log}");
    assert_eq!(count(&["birdhook_pipeline", ": ended without an answer"]), 1, "{log}");
}

/// A sink that does its work in `deliver` itself, as in the example of [`EventSink`].
struct Eager;

impl EventSink for Eager {
    type Future = std::future::Ready<Result<(), SinkError>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        tracing::info!("the sink runs");
        std::future::ready(Ok(()))
    }
}

/// A 503 alone does not say that a handler failed.
#[tokio::test(start_paused = true)]
async fn a_failed_handler_is_a_warning_with_kind_key_and_type_of_the_error() {
    /// Quotes the message.
    #[derive(Debug)]
    struct OutOfStock(#[expect(dead_code, reason = "it must not be printed")] String);

    let observed = Observed::start();
    let quote = |event: Event| std::future::ready(Err::<(), _>(OutOfStock(event.raw().as_str().to_owned())));
    assert_eq!(deliver(&webhook().handler(quote), &message("1")).await, Outcome::SinkFailed);
    let log = observed.log();
    let warning = log.lines().find(|line| line.contains("WARN")).unwrap();
    let key = Delivery::restore("bees", message("1"), 1).unwrap().events()[0].dedupe_key();
    let fields = [
        "the handler failed",
        "kind=message_received",
        &format!("key={key}"),
        "OutOfStock",
        "birdhook{request=\"delivery\"",
    ];
    fields.iter().for_each(|field| assert!(warning.contains(field), "no {field} in {warning}"));
    assert_hides("the log", &log, &hidden());

    let observed = Observed::start();
    let quote = quote.on_error(|_, _| {});
    assert_eq!(deliver(&webhook().handler(quote), &message("1")).await, Outcome::SinkFailed);
    assert!(!observed.log().contains("WARN"), "the app reports it itself");
}

#[tokio::test(start_paused = true)]
async fn the_sink_runs_inside_the_span() {
    let observed = Observed::start();
    assert_eq!(deliver(&webhook().sink(Eager), &message("1")).await, Outcome::Accepted);
    let log = observed.log();
    let line = log.lines().find(|line| line.contains("the sink runs")).unwrap();
    assert!(line.contains("birdhook{request="), "{line}");
}

/// Without the decrease, a queue that was read long ago seems stuck until the next delivery comes.
#[tokio::test(start_paused = true)]
async fn the_queue_depth_counts_events_until_the_app_reads_them() {
    let observed = Observed::start();
    let (pipeline, mut deliveries) = webhook().channel(8);
    // Reading resets the gauge.
    for (body, depth) in [(deleted(&["1", "2"]), 2.0), (message("1"), 1.0)] {
        assert_eq!(deliver(&pipeline, &body).await, Outcome::Accepted);
        assert_eq!(observed.metrics()["birdhook_queue_depth"], DebugValue::Gauge(depth.into()));
    }
    for (left, change) in [(1, -2.0), (0, -1.0)] {
        deliveries.recv().await.unwrap();
        assert_eq!(pipeline.health().backlog.unwrap().events, left);
        assert_eq!(observed.metrics()["birdhook_queue_depth"], DebugValue::Gauge(change.into()));
    }
}

/// Challenges that fail without a secret end the webhook, so they must not hide among deliveries.
#[tokio::test(start_paused = true)]
async fn a_challenge_without_a_secret_is_counted_as_a_challenge() {
    let observed = Observed::start();
    let (pipeline, _deliveries) = Webhook::new(birdhook_pipeline::Apps::none()).channel(8);
    assert_eq!(get(&pipeline, "crc_token=a").status(), 503);
    let metrics = observed.metrics();
    let counted = metrics.get("birdhook_challenges_total{outcome=no_secret}");
    assert_eq!(counted, Some(&DebugValue::Counter(1)), "{metrics:?}");
}

#[tokio::test(start_paused = true)]
async fn no_public_type_prints_secrets_users_or_texts() {
    let tell = |what: &str, value: &dyn Debug, told: &str| {
        let printed = assert_hides_all(what, &value);
        assert!(printed.contains(told), "{what} tells nothing: {printed}");
    };
    let app = app("bees", SECRET).add_consumer_secret(secret(SECRET)).add_client_secret(secret(SECRET));
    tell("Secret", &secret(SECRET), "Secret");
    tell("App", &app, "bees");
    tell("Webhook", &Webhook::new(app), "bees");
    let gate = webhook().gate();
    tell("Gate", &gate, "bees");
    let (pipeline, mut deliveries) = webhook().channel(8);
    tell("Pipeline", &pipeline, "bees");
    let begun = begin_signed(&pipeline, SECRET, &message("1"));
    tell("HeadResult", &begun, "Delivery");
    let HeadResult::Body(begun) = begun else { panic!("refused") };
    tell("IncomingDelivery", &begun, "IncomingDelivery");
    let verified = begun.verify(whole(&message("1"))).await.unwrap();
    tell("VerifiedDelivery", &verified, "Delivery");
    drop(verified);
    for id in ["1", "2"] {
        assert_eq!(deliver(&pipeline, &message(id)).await, Outcome::Accepted);
    }
    tell("Deliveries", &deliveries, "Deliveries");
    let delivery = deliveries.recv().await.unwrap();
    tell("Delivery", &delivery, "bees");
    let event = &delivery.events()[0];
    tell("Event", event, "MessageReceived");
    tell("RawJson", event.raw(), "bytes");
    tell("EventKey", &event.delivery_key(), "EventKey");
    assert_hides("v1", &format!("{:?} {:?}", event.v1(), event.user(SENDER)), WRITTEN);
    let mut events = deliveries.events();
    tell("Events", &events, "Events");
    tell("Option<Event>", &events.recv().await, "MessageReceived");
    tell("Health", &pipeline.health(), "Health");
    tell("ShutdownReport", &pipeline.shutdown(std::time::Duration::ZERO).await, "ShutdownReport");
    let handler = webhook().delivery_handler(|_| std::future::ready(Err::<(), _>(TEXT)));
    tell("Pipeline", &handler, "bees");
    let reply = handler.receive(incoming(&handler, &message("1")), whole(&message("1"))).await;
    tell("Reply", &reply, "SinkFailed");
    tell("AppsError", &format!("a={SECRET},{SECRET}").parse::<birdhook_pipeline::Apps>().unwrap_err(), "entry");
    tell("TokenError", &crc::TokenPolicy::Base64.check(&format!("{{{TOKEN}")).unwrap_err(), "not signed");
}

#[test]
fn an_answered_challenge_does_not_print_its_answer() {
    let (pipeline, _deliveries) = webhook().channel(8);
    let begun = pipeline.begin(&RequestHead::new("GET", "/", Some(&format!("crc_token={TOKEN}"))));
    assert!(assert_hides_all("HeadResult", &begun).contains("ChallengeAnswered"));
}

#[test]
fn a_head_does_not_print_its_token_and_signature() {
    let (query, signed) = (format!("crc_token={TOKEN}"), sign(&message("1")));
    let headers = [(signature::HEADER, signed.as_bytes()), (signature::HEADER_OAUTH2, signed.as_bytes())];
    let head = RequestHead::new("GET", "/", Some(&query)).with_headers(headers);
    assert!(assert_hides_all("RequestHead", &head).contains("GET"));
}

/// "Birdhook never prints the source, because it may quote a message."
#[test]
fn a_failed_sink_does_not_print_its_source() {
    for (error, name) in [(SinkError::failed as fn(String) -> _, "Failed"), (SinkError::refused, "Refused")] {
        let error = error(format!("cannot store {TEXT}"));
        assert_hides("Display", &error.to_string(), WRITTEN);
        assert!(std::error::Error::source(&error).unwrap().to_string().contains(TEXT), "who asks is told");
        assert!(assert_hides_all("SinkError", &error).contains(name));
    }
}
