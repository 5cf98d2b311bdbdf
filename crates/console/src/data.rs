//! The data of the page and of the API: the same structs for both. Private values are hidden here, so
//! neither can show one by mistake.

use std::borrow::Cow;

use birdhook_core::{
    App, Delivery, Endpoint, EndpointSettings, EventKey, HeadResult, RequestHead, Secret, SecretKind, Timestamp,
};
use birdhook_pipeline::Health;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::cause;
use crate::chart::{Group, Series};
use crate::copies;
use crate::entry::{Entry, EventEntry};
use crate::headers::REDACTED;
use crate::health_source::HealthSource;
use crate::history::{AnsweredChallenge, History, now};
use crate::mask;
use crate::prices::Bill;

/// The time without an answered challenge after which X makes the webhook invalid: 24 hours, and 4
/// of grace.
const CHALLENGE_LIMIT: i64 = 28 * HOUR;

const HOUR: i64 = 3_600_000;

/// One request in the list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) time: String,
    pub(crate) method: Cow<'static, str>,
    pub(crate) path: String,
    pub(crate) status: Option<u16>,
    pub(crate) outcome: &'static str,
    /// `None` for an outcome that needs no explanation.
    pub(crate) cause: Option<&'static str>,
    pub(crate) fix: Option<&'static str>,
    pub(crate) ms: f64,
    pub(crate) app: Option<String>,
    /// The number of events that X sent.
    pub(crate) sent: usize,
    /// The first events.
    pub(crate) events: Vec<EventRow>,
    #[serde(skip)]
    pub(crate) group: Group,
}

#[derive(Debug, Serialize)]
pub(crate) struct EventRow {
    pub(crate) kind: &'static str,
    pub(crate) name: Box<str>,
    pub(crate) subscriber: Option<String>,
    pub(crate) api: &'static str,
    pub(crate) key: String,
}

impl Row {
    pub(crate) fn new(history: &History, entry: &Entry, reveal: bool) -> Self {
        let explanation = cause::explain(entry.outcome);
        let event = |event: &EventEntry| EventRow {
            kind: event.kind.as_str(),
            name: event.name.clone(),
            subscriber: event.subscriber.as_deref().map(|id| mask::id(id, reveal)),
            api: event.api.as_str(),
            key: event.key.to_string(),
        };
        Self {
            id: history.id(entry.number),
            time: entry.time.to_string(),
            method: entry.request.method.clone(),
            path: entry.request.path.to_string(),
            status: entry.outcome.map(birdhook_core::Outcome::status),
            outcome: cause::label(entry.outcome),
            cause: explanation.map(|(cause, _)| cause),
            fix: explanation.map(|(_, fix)| fix),
            ms: entry.micros as f64 / 1e3,
            app: entry.verified.as_ref().map(|verified| verified.app.to_string()),
            sent: entry.verified.as_ref().map_or(0, |verified| verified.sent),
            events: entry.events().iter().map(event).collect(),
            group: entry.group(),
        }
    }
}

/// One request with everything that is known about it.
#[derive(Debug, Serialize)]
pub(crate) struct Detail {
    #[serde(flatten)]
    pub(crate) row: Row,
    pub(crate) revealed: bool,
    /// The kinds of secrets whose signature headers are present.
    pub(crate) signatures: Vec<&'static str>,
    /// The kind of secret that signed the body.
    pub(crate) signed_with: Option<&'static str>,
    /// For a challenge: whether X sent it, and the kind of secret that answered.
    pub(crate) is_signed_by_x: bool,
    pub(crate) answered_with: Option<&'static str>,
    /// The size of a verified body in bytes.
    pub(crate) bytes: Option<usize>,
    /// The id of the accepted delivery that contained one of a duplicate's events before.
    pub(crate) duplicate_of: Option<String>,
    /// The id of the delivery of the other API with the same event. Found only while both bodies are
    /// kept.
    pub(crate) twin: Option<String>,
    /// `None` if headers are not recorded.
    pub(crate) headers: Option<Vec<(Box<str>, String)>>,
    /// The body as X wrote it, or, hidden, its structure. `None` if it was not kept.
    pub(crate) body: Option<String>,
    /// The activity of each event of a kept body.
    pub(crate) activities: Vec<Value>,
    pub(crate) copies: Copies,
}

/// Texts to copy. Those with the body exist only once it is revealed.
#[derive(Debug, Serialize)]
pub(crate) struct Copies {
    pub(crate) trigger: Option<String>,
    pub(crate) curl: Option<String>,
    pub(crate) fixture: Option<String>,
}

impl Detail {
    pub(crate) fn new(history: &History, entry: &Entry, reveal: bool, test_secret: Option<&Secret>) -> Self {
        let body = history.body(entry.number);
        let text = body.as_deref().and_then(|body| std::str::from_utf8(body).ok());
        let structure = |text: &str| match serde_json::from_str(text) {
            Ok(value) => mask::indented(&mask::json(value).to_string()),
            Err(_) => mask::HIDDEN.to_owned(),
        };
        let keys: Vec<_> = entry.events().iter().map(|event| event.key).collect();
        let is_duplicate = entry.outcome == Some(birdhook_core::Outcome::Duplicate);
        let first = is_duplicate.then(|| history.first_with(&keys, entry.number)).flatten();
        let app = entry.verified.as_ref().map_or("default", |verified| &verified.app);
        let activities = body.as_ref().map(|body| activities(app, body.clone(), reveal)).unwrap_or_default();
        let twin = body.as_ref().and_then(|body| twin(history, entry, body));
        let shown = text.filter(|_| reveal).zip(test_secret);
        let header = |(name, value): &(Box<str>, Box<str>)| {
            let is_shown = reveal || &**value == REDACTED;
            (name.clone(), mask::text(value, is_shown).to_owned())
        };
        Self {
            revealed: reveal,
            signatures: entry.request.signatures.iter().flatten().map(|kind| kind.as_str()).collect(),
            signed_with: entry.verified.as_ref().and_then(|it| it.signed_with).map(SecretKind::as_str),
            is_signed_by_x: entry.is_signed_by_x,
            answered_with: entry.answered_with.map(SecretKind::as_str),
            bytes: entry.verified.as_ref().map(|verified| verified.bytes),
            duplicate_of: first.map(|number| history.id(number)),
            twin: twin.map(|number| history.id(number)),
            headers: entry.request.headers.as_ref().map(|headers| headers.iter().map(header).collect()),
            body: text.map(|text| if reveal { mask::indented(text) } else { structure(text) }),
            activities,
            copies: Copies {
                trigger: copies::trigger(entry, reveal),
                curl: shown.map(|(text, secret)| copies::curl(entry, text, secret)),
                fixture: shown.map(|(text, secret)| copies::fixture(entry, text, secret)),
            },
            row: Row::new(history, entry, reveal),
        }
    }
}

/// Returns the activity of each event. A body is read only if it is signed, so it is signed again
/// with a key that exists for this call.
fn activities(app: &str, body: Bytes, reveal: bool) -> Vec<Value> {
    let Some(delivery) = read(app, body) else { return Vec::new() };
    let activity = |event: &birdhook_core::Event| {
        let value = serde_json::to_value(event.activity()).unwrap_or_default();
        let kind = event.kind().as_str();
        match (reveal, mask::json(value.clone())) {
            (true, _) => value,
            (false, Value::Object(mut members)) => {
                members.insert("kind".to_owned(), kind.into());
                Value::Object(members)
            }
            (false, other) => other,
        }
    };
    delivery.events().iter().take(crate::entry::MAX_EVENTS).map(activity).collect()
}

/// Returns the delivery of the other API with the same event.
fn twin(history: &History, entry: &Entry, body: &Bytes) -> Option<u64> {
    let keys = |entry: &Entry, body: Bytes| -> Vec<EventKey> {
        let app = entry.verified.as_ref().map_or("default", |verified| &verified.app);
        let delivery = read(app, body);
        delivery.iter().flat_map(Delivery::events).map(birdhook_core::Event::content_key).collect()
    };
    let own = keys(entry, body.clone());
    let is_told_by_other = |other: &Entry| {
        let same = |event: &EventEntry| entry.events().iter().any(|own| own.kind == event.kind && own.api != event.api);
        other.events().iter().any(same)
    };
    let mut others = history.kept().into_iter().filter(|(other, _)| is_told_by_other(other));
    let (other, _) = others.find(|(other, body)| keys(other, body.clone()).iter().any(|key| own.contains(key)))?;
    Some(other.number)
}

fn read(app: &str, body: Bytes) -> Option<Delivery> {
    let secret = Secret::new("only-within-this-function").ok()?;
    let signed = birdhook_core::signature::sign(&secret, &body);
    let mut settings = EndpointSettings::default();
    settings.body_limit = body.len();
    let endpoint = Endpoint::new(App::new(app, secret), settings);
    let head = RequestHead::new("POST", "/", None);
    let head = head.with_headers([(birdhook_core::signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(mut reader) = endpoint.begin(&head) else { return None };
    reader.push(body).ok()?;
    reader.finish().ok()
}

/// The health page.
#[derive(Debug, Serialize)]
pub(crate) struct HealthView {
    pub(crate) now: String,
    pub(crate) started: String,
    pub(crate) ready: bool,
    pub(crate) challenge: ChallengeView,
    /// The time of the last accepted delivery since the start.
    pub(crate) last_event: Option<String>,
    #[serde(skip)]
    pub(crate) since_last_event: Option<String>,
    pub(crate) refusals: Vec<Refusals>,
    /// Events that wait in the memory of a sink. `None` for sinks that hold none.
    pub(crate) backlog: Option<usize>,
    pub(crate) bill: Bill,
    pub(crate) last_24_hours: Series,
    pub(crate) health: Health,
    #[cfg(feature = "inbox")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) inbox: Option<crate::inbox_data::InboxView>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ChallengeView {
    /// The last challenge whose signature proves that X sent it.
    pub(crate) last_by_x: Option<ChallengeTime>,
    /// The last answered challenge of any sender.
    pub(crate) last: Option<ChallengeTime>,
    /// Hours until X makes the webhook invalid, if no other challenge is answered. Counts from the last
    /// challenge by X, else from the last of any sender.
    pub(crate) hours_left: Option<f64>,
    /// Whether `hours_left` counts from a challenge that X provably sent.
    pub(crate) is_certain: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct ChallengeTime {
    pub(crate) time: String,
    /// The kind of secret that answered.
    pub(crate) answered_with: Option<&'static str>,
    #[serde(skip)]
    pub(crate) ago: String,
}

/// Refused requests since the start, by outcome.
#[derive(Debug, Serialize)]
pub(crate) struct Refusals {
    pub(crate) outcome: &'static str,
    pub(crate) requests: u64,
    pub(crate) cause: &'static str,
    pub(crate) fix: &'static str,
}

impl HealthView {
    pub(crate) fn new(source: &dyn HealthSource, history: &History) -> Self {
        let (now, health) = (now(), source.health());
        let totals = history.totals(now);
        let challenge = |challenge: AnsweredChallenge| ChallengeTime {
            time: challenge.time.to_string(),
            answered_with: challenge.answered_with.map(SecretKind::as_str),
            ago: ago(challenge.time, now),
        };
        let refusals = totals.refusals.iter().filter_map(|(outcome, requests)| {
            let (cause, fix) = cause::explain(cause::from_label(outcome)?)?;
            Some(Refusals { outcome, requests: *requests, cause, fix })
        });
        let counted = totals.challenges.last_by_x.or(totals.challenges.last);
        Self {
            now: now.to_string(),
            started: history.started().to_string(),
            ready: health.ready,
            challenge: ChallengeView {
                last_by_x: totals.challenges.last_by_x.map(challenge),
                last: totals.challenges.last.map(challenge),
                hours_left: counted.map(|it| hours_left(it.time, now)),
                is_certain: totals.challenges.last_by_x.is_some(),
            },
            last_event: totals.last_event.map(|time| time.to_string()),
            since_last_event: totals.last_event.map(|time| ago(time, now)),
            refusals: refusals.collect(),
            backlog: health.backlog.map(|backlog| backlog.events),
            bill: totals.bill,
            last_24_hours: totals.series,
            health,
            #[cfg(feature = "inbox")]
            inbox: None,
        }
    }
}

/// Returns the hours until X makes the webhook invalid, with one decimal.
fn hours_left(challenge: Timestamp, now: Timestamp) -> f64 {
    let left = challenge.as_millis() + CHALLENGE_LIMIT - now.as_millis();
    (left.max(0) as f64 / HOUR as f64 * 10.0).floor() / 10.0
}

fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = (now.as_millis() - time.as_millis()).max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h {} min ago", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_ends_28_hours_after_the_last_challenge() {
        let at = Timestamp::from_millis;
        assert_eq!(hours_left(at(0), at(0)).to_string(), "28");
        assert_eq!(hours_left(at(0), at(HOUR + 1)).to_string(), "26.9");
        assert_eq!(hours_left(at(0), at(29 * HOUR)).to_string(), "0");
    }

    #[test]
    fn times_ago_are_rounded_down() {
        let ago = |seconds: i64| ago(Timestamp::from_millis(0), Timestamp::from_millis(seconds * 1000 + 999));
        assert_eq!([ago(0), ago(59), ago(60), ago(3660)], ["0 s ago", "59 s ago", "1 min ago", "1 h 1 min ago"]);
        assert_eq!((ago(172_800), ago(-5)), ("2 days ago".to_owned(), "0 s ago".to_owned()));
    }
}
