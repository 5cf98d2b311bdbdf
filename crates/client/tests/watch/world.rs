//! A fixture with a mock X, a receiver that reports to a watch, and a recording client.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use birdhook_client::{
    AccessToken, Client, ConsumerKeys, Credentials, HttpsTransport, ManagementApi, RetryPolicy, Transport,
    TransportFuture, UserToken, Watch, WatchEvent, WatchSettings,
};
use birdhook_core::{DedupeWindow, Event, EventKind, Secret, Timestamp, crc};
use birdhook_testkit::mock::{MockApi, MockSettings, MockWebhook};
use birdhook_testkit::{Clock, MockEventKind, MockX};
use http::{Method, StatusCode, header};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const USER: &str = "2001";
/// The initial time of the clock: 2026-11-23T09:30:00Z.
pub(crate) const START: i64 = 1_795_426_200_000;

pub(crate) fn m(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Returns the time this number of minutes after the start.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(START + minutes * 60_000)
}

/// The behaviour of the receiver.
#[derive(Debug)]
pub(crate) struct Mood {
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
    mood: Mutex<Mood>,
    watch: Mutex<Option<Watch>>,
    window: Mutex<DedupeWindow>,
    /// The events that were not dropped as duplicates.
    taken: Mutex<Vec<Event>>,
}

async fn receive(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let now = receiver.clock.now();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let watch = receiver.watch.lock().unwrap().clone();
    let (status, is_right, tells_ends) = {
        let mut mood = receiver.mood.lock().unwrap();
        let next = if head.method == Method::POST { mood.next.pop_front() } else { None };
        (next.unwrap_or(mood.status), mood.is_right, mood.tells_ends)
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
                receiver.taken.lock().unwrap().push(event);
            }
        }
    }
    StatusCode::from_u16(status).unwrap().into_response()
}

/// The client's transport, which records the requested replays.
struct Remembering {
    https: HttpsTransport,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Transport for Remembering {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        let (head, body) = request.into_parts();
        if head.uri.path().contains("/replay") {
            let text = format!("{} {}", head.uri.query().unwrap_or_default(), String::from_utf8_lossy(&body));
            let dates: Vec<&str> = text
                .split(|c: char| !c.is_ascii_digit())
                .filter(|word| word.len() == 12 && word.starts_with("2026"))
                .collect();
            // The body of v2 and the query of 1.1 name the dates in the same order.
            self.asked.lock().unwrap().push(dates.join("-"));
        }
        self.https.send(Request::from_parts(head, body))
    }
}

pub(crate) struct World {
    pub(crate) x: MockX,
    pub(crate) webhook: MockWebhook,
    pub(crate) watch: Watch,
    pub(crate) client: Client,
    receiver: Arc<Receiver>,
    asked: Arc<Mutex<Vec<String>>>,
    server: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
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
        let mood = Mood { status: 200, is_right: true, tells_ends: true, next: VecDeque::new() };
        let receiver = Arc::new(Receiver {
            secret: x.app().secret().clone(),
            clock: x.clock(),
            mood: Mutex::new(mood),
            watch: Mutex::default(),
            window: Mutex::new(DedupeWindow::new(10_000, m(6 * 24 * 60))),
            taken: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&receiver));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        let generation = if api == ManagementApi::V2 { MockApi::V2 } else { MockApi::Enterprise };
        let webhook = x.register_for(x.app(), &url, generation).await.unwrap();
        x.subscribe(&webhook, USER).unwrap();

        let app = x.app();
        let owner = AccessToken::new(app.owner.token.as_str(), app.owner.token_secret.as_str());
        let credentials = Credentials::new(ConsumerKeys::new(&*app.consumer_key, app.consumer_secret.as_str()))
            .bearer(app.bearer.as_str())
            .owner(owner)
            .user2(USER, UserToken::new(x.user(USER).oauth2_token.as_str()));
        let (clock, asked) = (x.clock(), Arc::<Mutex<Vec<String>>>::default());
        let transport = Remembering { https: HttpsTransport::new(m(1)).unwrap(), asked: Arc::clone(&asked) };
        let client = Client::builder(credentials)
            .base_url(x.url())
            .clock(move || clock.now())
            .retries(RetryPolicy::never())
            .transport(transport)
            .build()
            .unwrap();
        let mut settings = WatchSettings::default();
        settings.api = api;
        change(&mut settings);
        let watch = client.watch(url, settings);
        *receiver.watch.lock().unwrap() = Some(watch.clone());
        Self { x, webhook, watch, client, receiver, asked, server }
    }

    /// Changes the receiver's behaviour.
    pub(crate) fn mood(&self, change: impl FnOnce(&mut Mood)) {
        change(&mut self.receiver.mood.lock().unwrap());
    }

    pub(crate) async fn advance(&self, by: Duration) {
        tokio::time::timeout(m(1), self.x.clock().advance(by)).await.unwrap();
    }

    /// Creates an event and waits for its delivery.
    pub(crate) async fn happen(&self, kind: MockEventKind) {
        self.x.emit(kind, USER);
        self.x.settle().await;
    }

    /// Runs steps until no replay begins. Returns the notices, one per line.
    ///
    /// Several steps are needed because a short replay may end before or after X's response.
    pub(crate) async fn step(&self) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let told: Vec<String> = self.watch.step().await.iter().map(line).collect();
            self.x.settle().await;
            let is_over = !told.iter().any(|line| line.starts_with("replaying"));
            all.extend(told);
            if is_over {
                return all;
            }
        }
    }

    /// Returns the requested replays as `yyyymmddhhmm-yyyymmddhhmm`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Returns the kinds of the accepted events.
    pub(crate) fn taken(&self) -> Vec<&'static str> {
        self.receiver.taken.lock().unwrap().iter().map(|event| event.kind().as_str()).collect()
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.x.webhooks()[0].valid
    }

    /// Makes the receiver answer challenges wrongly, so that X marks the webhook invalid.
    pub(crate) async fn invalidate(&self) {
        self.mood(|mood| mood.is_right = false);
        self.x.revalidate(&self.webhook).await.unwrap_err();
        assert!(!self.is_valid());
    }
}

/// Returns a notice on one line, with times in minutes after the start.
///
/// Omits the parts that vary between runs.
pub(crate) fn line(notice: &WatchEvent) -> String {
    let told = notice.to_string();
    assert!(!told.contains('\n'), "{told}");
    let json = serde_json::to_value(notice).unwrap();
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
