//! A fixture with a mock X, a receiver that reports to a watch, and a recording client.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use birdhook_client::{Client, ManagementApi, RetryPolicy, Watch, WatchEvent, WatchSettings};
use birdhook_core::{DedupeWindow, Event, EventKind, Secret, Timestamp, crc};
use birdhook_testkit::mock::{MockApi, MockSettings, MockWebhook};
use birdhook_testkit::{Clock, MockEventKind, MockX};
use http::{Method, Request, StatusCode, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::transport::{Recorder, Sent};
use crate::support::{START, USER, credentials, with_users};

pub(crate) fn m(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Returns the time this number of minutes after the start.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(START + minutes * 60_000)
}

/// The behaviour of the receiver.
#[derive(Debug)]
pub(crate) struct Behaviour {
    pub(crate) status: u16,
    /// Whether challenges are answered with the right secret.
    pub(crate) is_right: bool,
    /// Whether the ends of replays are reported to the watch.
    pub(crate) tells_ends: bool,
    /// The statuses of the next responses to deliveries.
    pub(crate) next: VecDeque<u16>,
}

#[derive(Debug)]
struct Receiver {
    secret: Secret,
    clock: Clock,
    behaviour: Mutex<Behaviour>,
    watch: Mutex<Option<Watch>>,
    window: Mutex<DedupeWindow>,
    /// The events that were not dropped as duplicates.
    accepted: Mutex<Vec<Event>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: axum::extract::Request) -> Response {
    let now = receiver.clock.now();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let watch = receiver.watch.lock().unwrap().clone();
    let (status, is_right, tells_ends) = {
        let mut behaviour = receiver.behaviour.lock().unwrap();
        let next = if head.method == Method::POST { behaviour.next.pop_front() } else { None };
        (next.unwrap_or(behaviour.status), behaviour.is_right, behaviour.tells_ends)
    };
    if head.method == Method::GET {
        let token = crc::token(head.uri.query().unwrap()).unwrap();
        let secret = if is_right { receiver.secret.clone() } else { Secret::new("another").unwrap() };
        if let Some(watch) = watch.filter(|_| is_right) {
            watch.challenged(now);
        }
        let answer = crc::respond(&secret, &token, crc::TokenPolicy::default()).unwrap();
        return ([(header::CONTENT_TYPE, "application/json")], answer).into_response();
    }
    if status == 200 {
        for event in birdhook_testkit::read("default", body).unwrap().into_events() {
            let is_end = event.kind() == EventKind::ReplayFinished;
            if let Some(watch) = watch.as_ref().filter(|_| tells_ends || !is_end) {
                watch.record_event(&event);
            }
            let (key, time) = (event.delivery_key(), Duration::from_millis(now.as_millis().unsigned_abs()));
            let mut window = receiver.window.lock().unwrap();
            if !is_end && !window.contains(&key, time) {
                window.insert(&key, time);
                receiver.accepted.lock().unwrap().push(event);
            }
        }
    }
    StatusCode::from_u16(status).unwrap().into_response()
}

pub(crate) struct Fixture {
    pub(crate) x: MockX,
    pub(crate) webhook: MockWebhook,
    pub(crate) watch: Watch,
    pub(crate) client: Client,
    receiver: Arc<Receiver>,
    sent: Sent,
    server: JoinHandle<()>,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fixture {
    pub(crate) async fn new(api: ManagementApi) -> Self {
        Self::with(api, |_| (), |_| ()).await
    }

    /// Creates a fixture with a valid webhook to which the user is subscribed.
    pub(crate) async fn with(
        api: ManagementApi,
        change_x: impl FnOnce(&mut MockSettings),
        change: impl FnOnce(&mut WatchSettings),
    ) -> Self {
        let mut settings = MockSettings::manual();
        change_x(&mut settings);
        let x = MockX::start(settings).await.unwrap();
        let behaviour = Behaviour { status: 200, is_right: true, tells_ends: true, next: VecDeque::new() };
        let receiver = Arc::new(Receiver {
            secret: x.app().secret().clone(),
            clock: x.clock(),
            behaviour: Mutex::new(behaviour),
            watch: Mutex::default(),
            window: Mutex::new(DedupeWindow::new(10_000, m(6 * 24 * 60))),
            accepted: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&receiver));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let generation = if api == ManagementApi::V2 { MockApi::V2 } else { MockApi::Enterprise };
        let webhook = x.register_for(x.app(), &url, generation).await.unwrap();
        x.subscribe(&webhook, USER).unwrap();

        let credentials = with_users(credentials(x.app()), &x, &[USER]);
        let (network, clock) = (Recorder::new(), x.clock());
        let sent = network.sent.clone();
        let client = Client::builder(credentials)
            .base_url(x.url())
            .clock(move || clock.now())
            .retries(RetryPolicy::never())
            .transport(network)
            .build()
            .unwrap();
        let mut settings = WatchSettings::default();
        settings.api = api;
        change(&mut settings);
        let watch = client.watch(url, settings);
        *receiver.watch.lock().unwrap() = Some(watch.clone());
        Self { x, webhook, watch, client, receiver, sent, server }
    }

    /// Changes the receiver's behaviour.
    pub(crate) fn behaviour(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.receiver.behaviour.lock().unwrap());
    }

    pub(crate) async fn advance(&self, by: Duration) {
        tokio::time::timeout(m(1), self.x.clock().advance(by)).await.unwrap();
    }

    /// Creates an event and waits for its delivery.
    pub(crate) async fn emit(&self, kind: MockEventKind) {
        self.x.emit(kind, USER);
        self.x.settle().await;
    }

    /// Runs steps until no replay begins. Returns the events, one per line.
    ///
    /// Several steps are needed because a short replay may end before or after X's response.
    pub(crate) async fn step(&self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let events: Vec<String> = self.watch.step().await.iter().map(line).collect();
            self.x.settle().await;
            let is_over = !events.iter().any(|line| line.starts_with("replaying"));
            all.extend(events);
            if is_over {
                return all;
            }
        }
    }

    /// Returns the requested replays as `yyyymmddhhmm-yyyymmddhhmm`.
    pub(crate) fn replays(&self) -> Vec<String> {
        let dates = |request: &Request<Bytes>| {
            // The body of v2 and the query of 1.1 name the dates in the same order.
            let text = format!("{} {}", request.uri(), String::from_utf8_lossy(request.body()));
            let numbers = text.split(|c: char| !c.is_ascii_digit());
            numbers.filter(|word| word.len() == 12 && word.starts_with("2026")).collect::<Vec<_>>().join("-")
        };
        self.sent.all().iter().filter(|request| request.uri().path().contains("/replay")).map(dates).collect()
    }

    /// Returns the kinds of the accepted events.
    pub(crate) fn accepted(&self) -> Vec<&'static str> {
        self.receiver.accepted.lock().unwrap().iter().map(|event| event.kind().as_str()).collect()
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.x.webhooks()[0].valid
    }

    /// Makes the receiver answer challenges wrongly, so that X marks the webhook invalid.
    pub(crate) async fn invalidate(&self) {
        self.behaviour(|behaviour| behaviour.is_right = false);
        self.x.revalidate(&self.webhook).await.unwrap_err();
        assert!(!self.is_valid());
    }
}

/// Returns an event on one line, with times in minutes after the start.
///
/// Omits the parts that vary between runs.
pub(crate) fn line(event: &WatchEvent) -> String {
    let events = event.to_string();
    assert!(!events.contains('\n'), "{events}");
    let json = serde_json::to_value(event).unwrap();
    let minute = |value: &serde_json::Value| {
        let time = Timestamp::parse(value.as_str()?)?;
        Some(format!("{}", (time.as_millis() - START) as f64 / 60_000.0))
    };
    let name = json["notice"].as_str().unwrap();
    let span = json.get("span").unwrap_or(&json);
    let times = [&span["from"], &span["to"], &json["at"], &json["since"]];
    let mut words = vec![name.to_owned()];
    words.extend(times.into_iter().filter_map(minute));
    for word in [&json["cause"], &json["complete"]] {
        words.extend(word.as_str().map(str::to_owned).or_else(|| word.as_bool().map(|is| is.to_string())));
    }
    words.join(" ")
}
