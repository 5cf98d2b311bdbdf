//! Payloads of the Account Activity API.

mod message;
mod tweet;
mod user;

use serde_json::{Map, Value, json};

pub(super) use message::message;

use super::dates::{classic, millis, offset};
use super::story::{App, Story};
use super::{Kind, MockEvent};

/// The parts of an Account Activity payload.
#[derive(Debug)]
pub(super) struct Telling {
    subscriber: String,
    member: &'static str,
    /// An array, except for revocations.
    events: Value,
    users: Map<String, Value>,
    apps: Map<String, Value>,
    /// For mentions: whether the subscriber has blocked the author.
    has_blocked: Option<bool>,
}

impl Telling {
    /// Returns the payload for an event; `None` if this API does not report its kind.
    pub(super) fn of(happening: &MockEvent, story: &Story) -> Option<Self> {
        let member = happening.kind().account_activity()?;
        let at = happening.at();
        let (mut users, mut apps) = (Map::new(), Map::new());
        let event = match story {
            Story::Post(post) => tweet::tweet(post),
            Story::Deletion { id, author } => {
                json!({"status": {"id": id, "user_id": author.id}, "timestamp_ms": millis(at)})
            }
            Story::Like { id, by, post } => json!({
                "id": id,
                "created_at": classic(at),
                "timestamp_ms": at.as_millis(),
                "favorited_status": tweet::tweet(post),
                "user": user::of_post(by),
            }),
            Story::Relation { source, target } => json!({
                "type": relation(happening.kind())?,
                "created_timestamp": millis(at),
                "source": user::of_relation(source),
                "target": user::of_relation(target),
            }),
            Story::Message(message) => {
                users.extend([&message.sender, &message.recipient].map(|who| (who.id.clone(), user::of_message(who))));
                let app = |app: &App| json!({"id": app.id, "name": app.name, "url": app.url});
                apps.extend(message.app.as_ref().map(|sent_with| (sent_with.id.clone(), app(sent_with))));
                self::message(message, at)
            }
            Story::Reading { who, whose, last } => {
                users.extend([who, whose].map(|who| (who.id.clone(), user::of_message(who))));
                reading(&who.id, &whose.id, last.as_deref(), &millis(at))
            }
            Story::Revocation { who, app } => {
                json!({"revoke": {"date_time": offset(at), "target": {"app_id": app}, "source": {"user_id": who.id}}})
            }
            _ => return None,
        };
        Some(Self {
            subscriber: happening.subscriber().to_owned(),
            member,
            events: if matches!(story, Story::Revocation { .. }) { event } else { json!([event]) },
            users,
            apps,
            has_blocked: (happening.kind() == Kind::Mention).then_some(false),
        })
    }

    /// Adds the events of `other` to this payload. Returns `None` if one payload cannot hold both.
    pub(super) fn add(&mut self, other: Self) -> Option<()> {
        if (&self.subscriber, self.member) != (&other.subscriber, other.member) {
            return None;
        }
        let (Value::Array(events), Value::Array(others)) = (&mut self.events, other.events) else { return None };
        events.extend(others);
        self.users.extend(other.users);
        self.apps.extend(other.apps);
        self.has_blocked = self.has_blocked.or(other.has_blocked);
        Some(())
    }

    pub(super) fn body(self) -> Value {
        let mut body = Map::new();
        // A revocation names the user only in its `source`.
        if self.events.is_array() {
            body.insert("for_user_id".into(), self.subscriber.into());
        }
        body.insert(self.member.into(), self.events);
        body.extend(self.has_blocked.map(|has_blocked| ("user_has_blocked".into(), has_blocked.into())));
        for (name, members) in [("users", self.users), ("apps", self.apps)] {
            if !members.is_empty() {
                body.insert(name.into(), members.into());
            }
        }
        body.into()
    }
}

/// Returns the `type` that distinguishes follow from unfollow; both arrive in the same array.
fn relation(kind: Kind) -> Option<&'static str> {
    kind.as_str().split_once('.').map(|(_, kind)| kind)
}

/// Returns a read receipt or typing event, which have the same format in both APIs.
pub(super) fn reading(who: &str, whose: &str, last: Option<&str>, at: &str) -> Value {
    let mut event = json!({"created_timestamp": at, "sender_id": who, "target": {"recipient_id": whose}});
    if let (Some(last), Value::Object(members)) = (last, &mut event) {
        members.insert("last_read_event_id".into(), last.into());
    }
    event
}

/// Returns an id as a number, as posts hold it. Ids in tests that are not numeric stay strings.
fn number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
}
