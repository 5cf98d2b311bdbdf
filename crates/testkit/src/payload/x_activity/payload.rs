//! The `payload` member of X Activity bodies.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use birdhook_core::Timestamp;
use serde_json::{Map, Value, json};

use super::{doubled, post, user};
use crate::payload::dates::{self, iso, iso_millis, millis, offset};
use crate::payload::people::Person;
use crate::payload::story::{Chat, Story};
use crate::payload::{Kind, MockEvent, account_activity};

pub(super) fn payload(happening: &MockEvent, story: &Story) -> Value {
    let at = happening.at();
    match story {
        Story::Post(post) => post::post(post),
        Story::Deletion { id, author } => json!({"id": id, "author_id": author.id}),
        // X does not report who liked the post.
        Story::Like { id, post, .. } => json!({
            "id": id,
            "created_at": iso(at),
            "timestamp_ms": millis(at),
            "liked_tweet_id": post.id,
            "liked_tweet_author_id": post.author.id,
        }),
        Story::Relation { source, target } => {
            json!({"source": user::wrapped(source), "target": user::wrapped(target)})
        }
        Story::Message(message) => json!({
            "direct_message_events": [account_activity::message(message, at)],
            "users": users([&message.sender, &message.recipient]),
        }),
        Story::Reading { who, whose, last } => {
            let member = happening.kind().account_activity().unwrap_or_default();
            let event = account_activity::reading(&who.id, &whose.id, last.as_deref(), &millis(at));
            json!({member: [event], "users": users([who, whose])})
        }
        Story::Revocation { who, app } => json!({"date_time": offset(at), "user_id": who.id, "app_id": app}),
        Story::Profile { before, after, .. } => json!({"before": before, "after": after}),
        Story::Chat(chat) => self::chat(happening, chat),
        Story::Space { id, host } => {
            let event_type = if happening.kind() == Kind::SpaceStart { "spaces_start" } else { "spaces_end" };
            json!({"user": user::wrapped(host), "broadcast_id": id, "event_type": event_type})
        }
        Story::Broadcast { id, host, title, began } => broadcast(happening, id, host, title, *began),
        Story::BroadcastMessage { id, broadcast, author, text } => {
            json!({"broadcast_id": broadcast, "message_id": id, "message": text, "author": user::wrapped(author)})
        }
        Story::BroadcastRemoval { id, broadcast, author } => {
            json!({"broadcast_id": broadcast, "message_id": id, "author": user::wrapped(author)})
        }
        Story::News { id, headline, rest: [category, hook, summary], posts } => {
            let posts = posts.iter().map(|(id, author)| json!({"id": id, "author_id": author}));
            json!({
                "id": id,
                "name": headline,
                "category": category,
                "hook": hook,
                "summary": summary,
                "contexts": {"topics": [category], "entities": {"places": ["Saltwick Bay"]}},
                "cluster_posts_results": posts.collect::<Vec<_>>(),
                "updated_at": iso_millis(at),
                "disclaimer": "This story was written by a machine, which may err.",
            })
        }
        Story::Matched { .. } | Story::Replay { .. } => Value::Null,
    }
}

fn users(people: [&Person; 2]) -> Map<String, Value> {
    people.into_iter().map(|person| (person.id.clone(), user::wrapped(person))).collect()
}

/// Random bytes suffice for an encrypted message, because receivers cannot decrypt it.
fn chat(happening: &MockEvent, chat: &Chat) -> Value {
    let mut dice = happening.dice("chat");
    let at = happening.at();
    let key_version = millis(dates::later(at, -86_400_000));
    let token = [&br#"{"alg":"HS256"}"#[..], &dice.bytes(60), &dice.bytes(32)].map(|part| URL_SAFE_NO_PAD.encode(part));
    let mut payload = json!({
        "conversation_token": token.join("."),
        "id": chat.id,
        "created_at_msec": millis(at),
        "sender_id": chat.sender.id,
        "conversation_id": chat.conversation,
        "conversation_key_version": key_version,
        "encoded_event": STANDARD.encode(dice.bytes(180)),
    });
    if let Value::Object(members) = &mut payload {
        if dice.one_in(3) {
            members.insert("conversation_key_change_event".into(), STANDARD.encode(dice.bytes(120)).into());
        }
        if matches!(happening.kind(), Kind::ChatReceived | Kind::ChatSent) {
            let signature = json!({
                "public_key_version": millis(dates::later(at, -864_000_000)),
                "signature": STANDARD_NO_PAD.encode(dice.bytes(64)),
                "signature_version": "7",
                "signing_public_key": STANDARD.encode(dice.bytes(91)),
            });
            members.insert("message_event_signature".into(), signature);
        }
    }
    payload
}

fn broadcast(happening: &MockEvent, id: &str, host: &Person, title: &str, began: Timestamp) -> Value {
    let has_ended = happening.kind() == Kind::BroadcastEnd;
    let time = |at: Timestamp| u64::try_from(at.as_millis()).unwrap_or_default();
    let mut payload = doubled([
        ("event_timestamp_ms", time(happening.at())),
        ("created_timestamp_ms", time(began)),
        ("updated_timestamp_ms", time(dates::later(happening.at(), -300))),
    ]);
    let rest = json!({
        "user": user::wrapped(host),
        "broadcast_id": id,
        "title": title,
        "broadcast_state": if has_ended { "Ended" } else { "Running" },
        "language": "en",
        "thumbnail_url": format!("https://img.example/broadcasts/{id}/thumbnail.jpg"),
        "available_for_replay": has_ended,
    });
    if let Value::Object(rest) = rest {
        payload.extend(rest);
    }
    payload.into()
}
