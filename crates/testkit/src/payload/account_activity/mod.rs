//! The bodies of the Account Activity API.

mod message;
mod tweet;
mod user;

use serde_json::{Map, Value, json};

pub(super) use message::message;

use super::dates::{classic, millis, offset};
use super::story::{App, Story};
use super::{Happening, Kind};

/// A body of the Account Activity API in its parts.
#[derive(Debug)]
pub(super) struct Telling {
    subscriber: String,
    member: &'static str,
    /// An array, save for revocations.
    events: Value,
    users: Map<String, Value>,
    apps: Map<String, Value>,
    /// For mentions: whether the subscriber has blocked the author.
    has_blocked: Option<bool>,
}

impl Telling {
    /// How this API tells a story, if it does.
    pub(super) fn of(happening: &Happening, story: &Story) -> Option<Self> {
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

    /// Tells another one in the same body, if it can hold both.
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
        // A revocation does not say whose subscription it ends, save in its source.
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

/// The type that tells a follow from an unfollow, for both come in the same array.
fn relation(kind: Kind) -> Option<&'static str> {
    kind.as_str().split_once('.').map(|(_, kind)| kind)
}

/// An event of reading, or of typing, as both APIs write it.
pub(super) fn reading(who: &str, whose: &str, last: Option<&str>, at: &str) -> Value {
    let mut event = json!({"created_timestamp": at, "sender_id": who, "target": {"recipient_id": whose}});
    if let (Some(last), Value::Object(members)) = (last, &mut event) {
        members.insert("last_read_event_id".into(), last.into());
    }
    event
}

/// An id as the number that posts have it as; ids of tests that are none stay texts.
fn number(id: &str) -> Value {
    id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
}
