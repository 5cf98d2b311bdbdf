//! A fixture with a mock X, a receiver that reports to a watch, and a recording client.

use std::ops::Range;
use std::sync::MutexGuard;
use std::time::Duration;

use birdhook_client::{Client, ManagementApi, Watch, WatchEvent, WatchSettings};
use birdhook_core::{Event, EventKind, Timestamp};
use birdhook_testkit::mock::{MockApi, MockSettings, MockWebhook};
use birdhook_testkit::{MockEventKind, MockX};
use bytes::Bytes;
use http::Request;

use crate::calls::fixture::client;
use crate::support::receiver::{Behaviour, Crc, Receiver};
use crate::support::transport::Sent;
use crate::support::{START, USER, credentials, with_users};

pub(crate) fn m(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// Returns the time this number of minutes after the start.
pub(crate) fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(START + minutes * 60_000)
}

pub(crate) struct Fixture {
    pub(crate) x: MockX,
    pub(crate) webhook: MockWebhook,
    pub(crate) watch: Watch,
    pub(crate) client: Client,
    receiver: Receiver,
    sent: Sent,
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
        let receiver = Receiver::start(&x).await;
        let generation = if api == ManagementApi::V2 { MockApi::V2 } else { MockApi::Enterprise };
        let webhook = x.register_for(x.app(), &receiver.url, generation).await.unwrap();
        x.subscribe(&webhook, USER).unwrap();
        let (client, sent) = client(&x, with_users(credentials(x.app()), &x, &[USER]));
        let mut settings = WatchSettings::default();
        settings.api = api;
        change(&mut settings);
        let watch = client.watch(&*receiver.url, settings);
        receiver.report_to(watch.clone());
        Self { x, webhook, watch, client, receiver, sent }
    }

    /// Creates a fixture `age` minutes after the start, with a downtime in this range of minutes.
    pub(crate) async fn with_gap(age: u64, down: Range<i64>) -> Self {
        let fixture = Self::new(ManagementApi::V2).await;
        fixture.advance(m(age)).await;
        fixture.was_down(down);
        fixture
    }

    pub(crate) fn was_down(&self, minutes: Range<i64>) {
        self.watch.was_down(at(minutes.start), at(minutes.end));
    }

    pub(crate) fn status(&self, status: u16) {
        self.behaviour().status = status;
    }

    pub(crate) fn crc(&self, crc: Crc) {
        self.receiver.crc(crc);
    }

    pub(crate) fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.receiver.behaviour()
    }

    /// Creates an event and waits until its delivery has failed.
    pub(crate) async fn miss(&self, kind: MockEventKind) {
        self.status(503);
        self.emit(kind).await;
        self.status(200);
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

    pub(crate) fn accepted(&self) -> Vec<&'static str> {
        let consumed = self.receiver.consumed();
        let kinds = consumed.iter().map(Event::kind).filter(|kind| *kind != EventKind::ReplayFinished);
        kinds.map(EventKind::as_str).collect()
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.x.webhooks()[0].valid
    }

    /// Makes the receiver answer challenges wrongly, so that X marks the webhook invalid.
    pub(crate) async fn invalidate(&self) {
        self.crc(Crc::OtherSecret);
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
