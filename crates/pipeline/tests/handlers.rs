//! Handlers: functions, state, dispatch by kind, failures, and what comes again after a failure.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Ready, pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_pipeline::consumer::{process, retry_after};
use birdhook_pipeline::{Dispatch, Event, EventHandler, EventKind, EventSink, Outcome, PipelineHandle, with_state};
use tokio::time::Instant;

use crate::support::{SECRET, app, deleted, deliver, deliver_signed, id, message_for, poll, webhook};

/// The ids of the events that a handler was called with.
type Seen = Arc<Mutex<Vec<String>>>;

fn take(seen: &Seen) -> Vec<String> {
    std::mem::take(&mut seen.lock().unwrap())
}

/// Records the id, then does as `result` says.
fn recording<R>(seen: &Seen, result: impl Fn(&str) -> R) -> impl Fn(Event) -> Ready<R> {
    let seen = Arc::clone(seen);
    move |event: Event| {
        let id = id(&event);
        seen.lock().unwrap().push(id.clone());
        ready(result(&id))
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_called_with_each_event_in_order() {
    let seen = Seen::default();
    let pipeline = webhook().handler(recording(&seen, |_| Ok::<(), Infallible>(())));
    assert_eq!(deliver(&pipeline, &deleted(&["3", "1", "2"])).await, Outcome::Accepted);
    assert_eq!(take(&seen), ["3", "1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_only_the_unprocessed_events_come_again() {
    let (seen, broken) = (Seen::default(), Arc::new(Mutex::new(true)));
    let is_broken = Arc::clone(&broken);
    let fails = move |id: &str| if id == "2" && *is_broken.lock().unwrap() { Err("no database") } else { Ok(()) };
    let pipeline = webhook().handler(recording(&seen, fails));
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::SinkFailed);
    assert_eq!(take(&seen), ["1", "2"], "the first error ends the delivery");
    *broken.lock().unwrap() = false;
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::Accepted);
    assert_eq!(take(&seen), ["2", "3"]);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::Duplicate);
    assert_eq!(take(&seen), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_or_a_panic_only_the_unprocessed_events_come_again() {
    for panics in [false, true] {
        let seen = Seen::default();
        let record = Arc::clone(&seen);
        let pipeline = webhook().handler(move |event: Event| {
            let (id, is_first) = (id(&event), !record.lock().unwrap().contains(&"2".to_owned()));
            record.lock().unwrap().push(id.clone());
            async move {
                match (id == "2" && is_first, panics) {
                    (true, true) => panic!("planted"),
                    (true, false) => pending().await,
                    (false, _) => Ok::<(), Infallible>(()),
                }
            }
        });
        let expected = if panics { Outcome::SinkPanicked } else { Outcome::SinkTooSlow };
        assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, expected);
        assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
        assert_eq!(take(&seen), ["1", "2", "2"], "panics: {panics}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_that_remembers_nothing_gets_every_event_again() {
    let seen = Seen::default();
    let fails = |id: &str| if id == "2" { Err(()) } else { Ok(()) };
    let pipeline = webhook().dedupe_window(0, Duration::ZERO).handler(recording(&seen, fails));
    for _ in 0..2 {
        assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::SinkFailed);
        assert_eq!(take(&seen), ["1", "2"]);
    }
}

#[derive(Debug, PartialEq)]
struct OutOfStock;

#[tokio::test(start_paused = true)]
async fn any_error_that_borrows_nothing_is_an_error_of_a_handler() {
    async fn anyhow(_: Event) -> anyhow::Result<()> {
        anyhow::bail!("no")
    }
    async fn boxed(_: Event) -> Result<(), Box<dyn Error>> {
        Err("no".into())
    }
    async fn boxed_send(_: Event) -> Result<(), Box<dyn Error + Send + Sync>> {
        Err("no".into())
    }
    async fn plain(_: Event) -> Result<(), OutOfStock> {
        Err(OutOfStock)
    }
    async fn not_send(_: Event) -> Result<(), std::rc::Rc<str>> {
        Err("no".into())
    }
    let body = deleted(&["1"]);
    assert_eq!(deliver(&webhook().handler(anyhow), &body).await, Outcome::SinkFailed);
    assert_eq!(deliver(&webhook().handler(boxed), &body).await, Outcome::SinkFailed);
    assert_eq!(deliver(&webhook().handler(boxed_send), &body).await, Outcome::SinkFailed);
    assert_eq!(deliver(&webhook().handler(plain), &body).await, Outcome::SinkFailed);
    assert_eq!(deliver(&webhook().handler(not_send), &body).await, Outcome::SinkFailed);
    assert_eq!(deliver(&webhook().delivery_handler(|_| ready(Err(OutOfStock))), &body).await, Outcome::SinkFailed);
}

/// Compiles only if these futures can be moved to another thread, as tower and `tokio::spawn` need.
#[tokio::test(start_paused = true)]
async fn handlers_run_on_any_thread() {
    async fn boxed(_: Event) -> Result<(), Box<dyn Error>> {
        Ok(())
    }
    let pipeline = webhook().handler(boxed.on_error(|_, error| drop(error.to_string())));
    let body = deleted(&["1"]);
    assert_eq!(tokio::spawn(async move { deliver(&pipeline, &body).await }).await.unwrap(), Outcome::Accepted);
    let pipeline = webhook().handler(Dispatch::new(()).otherwise(|(), event| boxed(event)).on_error(|_, _| {}));
    let body = deleted(&["1"]);
    assert_eq!(tokio::spawn(async move { deliver(&pipeline, &body).await }).await.unwrap(), Outcome::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_reported_once_with_its_event_and_its_type() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&reports);
    let report = move |event: &Event, error: &OutOfStock| {
        assert_eq!(*error, OutOfStock);
        to.lock().unwrap().push(id(event));
    };
    let seen = Seen::default();
    let handler = recording(&seen, |id| if id == "2" { Err(OutOfStock) } else { Ok(()) }).on_error(report);
    let pipeline = webhook().handler(handler);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2", "3"])).await, Outcome::SinkFailed);
    assert_eq!(*reports.lock().unwrap(), ["2"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_gets_the_state_of_the_app() {
    async fn on_event(seen: Seen, event: Event) -> Result<(), Infallible> {
        seen.lock().unwrap().push(id(&event));
        Ok(())
    }
    let seen = Seen::default();
    let pipeline = webhook().handler(with_state(Arc::clone(&seen), on_event));
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    assert_eq!(take(&seen), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn a_struct_may_be_a_handler() {
    struct Shop(Seen);
    impl EventHandler for Shop {
        type Error = OutOfStock;
        type Future = Ready<Result<(), OutOfStock>>;

        fn handle(&self, event: Event) -> Self::Future {
            self.0.lock().unwrap().push(id(&event));
            ready(Err(OutOfStock))
        }

        fn failed(&self, event: &Event, error: &OutOfStock) {
            self.0.lock().unwrap().push(format!("{} {error:?}", id(event)));
        }
    }
    let seen = Seen::default();
    assert_eq!(deliver(&webhook().handler(Shop(Arc::clone(&seen))), &deleted(&["1"])).await, Outcome::SinkFailed);
    assert_eq!(take(&seen), ["1", "1 OutOfStock"]);
}

#[tokio::test(start_paused = true)]
async fn dispatch_calls_the_function_of_the_kind() {
    fn noting(what: &'static str) -> impl Fn(Seen, Event) -> Ready<Result<(), OutOfStock>> + Send + Sync + 'static {
        move |seen: Seen, event: Event| {
            seen.lock().unwrap().push(format!("{what} {}", event.kind()));
            ready(if what == "fail" { Err(OutOfStock) } else { Ok(()) })
        }
    }
    let (deletion, message) = (deleted(&["1"]), message_for("40", "2"));
    let seen = Seen::default();
    let new = || Dispatch::new(Arc::clone(&seen));
    let cases = [
        ("nothing", new(), Outcome::Accepted, vec![], Outcome::Accepted, vec![]),
        (
            "by kind",
            new().on(EventKind::PostDeleted, noting("a")).on(EventKind::MessageReceived, noting("b")),
            Outcome::Accepted,
            vec!["a post_deleted"],
            Outcome::Accepted,
            vec!["b message_received"],
        ),
        (
            "otherwise",
            new().on(EventKind::PostDeleted, noting("a")).otherwise(noting("other")),
            Outcome::Accepted,
            vec!["a post_deleted"],
            Outcome::Accepted,
            vec!["other message_received"],
        ),
        (
            "several, and a replaced one",
            new()
                .on_any([EventKind::PostDeleted, EventKind::MessageReceived], noting("x"))
                .on(EventKind::PostDeleted, noting("fail")),
            Outcome::SinkFailed,
            vec!["fail post_deleted"],
            Outcome::Accepted,
            vec!["x message_received"],
        ),
    ];
    for (name, dispatch, on_deletion, saw_deletion, on_message, saw_message) in cases {
        let pipeline = webhook().handler(dispatch);
        assert_eq!(deliver(&pipeline, &deletion).await, on_deletion, "{name}");
        assert_eq!(take(&seen), saw_deletion, "{name}");
        assert_eq!(deliver(&pipeline, &message).await, on_message, "{name}");
        assert_eq!(take(&seen), saw_message, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leased_event_is_processed_until_its_lease_ends() {
    let event = birdhook_pipeline::Delivery::restore("bees", deleted(&["1"]), 1).unwrap().into_events().remove(0);
    let lease = || Instant::now() + Duration::from_secs(30);
    let reports = Arc::new(Mutex::new(0));
    let to = Arc::clone(&reports);
    let failing = |_: Event| ready(Err(OutOfStock));
    let failing = failing.on_error(move |_: &Event, _: &OutOfStock| *to.lock().unwrap() += 1);
    assert!(process(&|_: Event| ready(Ok::<(), Infallible>(())), &event, lease()).await);
    assert!(!process(&failing, &event, lease()).await);
    assert_eq!(*reports.lock().unwrap(), 1);
    assert!(!process(&|_: Event| pending::<Result<(), Infallible>>(), &event, lease()).await);
}

#[test]
fn retries_wait_longer_each_time() {
    let seconds = |attempts| retry_after(attempts).as_secs();
    assert_eq!([0, 1, 2, 3, 9, 10, u64::MAX].map(seconds), [1, 1, 2, 4, 256, 300, 300]);
}

/// The state of an app: it names no type of a sink.
#[derive(Clone)]
struct AppState {
    webhook: PipelineHandle,
}

#[tokio::test(start_paused = true)]
async fn a_handle_controls_the_pipeline_without_its_type() {
    let (pipeline, mut deliveries) = webhook().channel(8);
    let state = AppState { webhook: pipeline.handle() };
    assert!(state.webhook.is_ready());
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let health = state.webhook.health();
    assert_eq!((health.events, health.backlog.unwrap().events), (1, 1));

    state.webhook.replace_apps(app("bees", "another-secret"));
    assert_eq!(deliver_signed(&pipeline, SECRET, &deleted(&["2"])).await, Outcome::SignatureWrong);
    assert_eq!(deliver_signed(&pipeline, "another-secret", &deleted(&["2"])).await, Outcome::Accepted);

    let report = state.webhook.shutdown(Duration::from_secs(1)).await;
    assert_eq!((report.in_flight, report.unconsumed.events), (0, 2));
    assert!(!state.webhook.is_ready() && !pipeline.health().ready);
    assert!(deliveries.recv().await.is_some());
    let pipeline = webhook().handler(|_: Event| ready(Ok::<(), Infallible>(())));
    let _ = AppState { webhook: pipeline.handle() };
}

/// After an error, the next poll would otherwise go on with the next event.
#[tokio::test(start_paused = true)]
#[should_panic = "polled after completion"]
async fn a_delivery_that_failed_does_not_go_on() {
    let pipeline = webhook().handler(|_: Event| ready(Err::<(), _>(OutOfStock)));
    let delivery = birdhook_pipeline::Delivery::restore("bees", deleted(&["1", "2"]), 2).unwrap();
    let mut future = Box::pin(pipeline.sink().deliver(delivery));
    assert!(poll(&mut future).is_ready());
    let _ = poll(&mut future);
}
