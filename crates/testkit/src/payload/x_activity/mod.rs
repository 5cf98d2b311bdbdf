//! Bodies of the X Activity API, filtered streams and replays.

pub(super) mod events;
mod post;

use birdhook_core::Timestamp;
use fastrand::Rng;
use serde_json::{Value, json};

use self::post::wrapped;
use super::dates::{iso, iso_millis, millis, offset};
use super::facts::{Content, Facts};
use super::json::without_nulls;
use super::kind::MockEventKind;
use super::rng::pick;
use crate::request::uuid;

/// Returns the body for one subscriber. `rng` decides what differs between the deliveries to
/// several subscribers.
pub(super) fn body(facts: Facts, kind: MockEventKind, subscriber: &str, at: Timestamp, mut rng: Rng) -> Value {
    let event_uuid = match &facts.content {
        Content::Post(post) => post.id.clone(),
        _ if kind.as_str().starts_with("chat.") && rng.u8(..4) == 0 => uuid(&mut rng),
        _ => rng.i64(..).to_string(),
    };
    let filter = match kind {
        MockEventKind::News => json!({"keyword": "ferry"}),
        MockEventKind::Revoke => json!({}),
        MockEventKind::Like | MockEventKind::Follow | MockEventKind::Unfollow if rng.bool() => {
            let is_own = facts.actor.as_ref().is_some_and(|user| user.id == subscriber);
            json!({"user_id": subscriber, "direction": if is_own { "outbound" } else { "inbound" }})
        }
        _ => json!({"user_id": subscriber}),
    };
    // A revocation belongs to no subscription, so it has no tag.
    let tag = (rng.bool() && kind != MockEventKind::Revoke).then(|| pick(&mut rng, &["help desk", "tea & café"]));
    let (actor, target) = (facts.actor.as_ref(), facts.target.as_ref());
    let mut includes = None;
    let payload = match facts.content {
        Content::Post(post) => {
            includes = Some(post::includes(&post));
            post::post(&post)
        }
        // The only includes in which X wraps users.
        Content::Deletion => {
            includes = Some(json!({"users": [actor.map(wrapped)]}));
            json!({"id": facts.id, "author_id": actor.map(|user| &user.id)})
        }
        // X does not report who liked the post.
        Content::Like(post) => {
            includes = Some(post::includes(&post));
            json!({
                "id": facts.id, "created_at": iso(at), "timestamp_ms": millis(at),
                "liked_tweet_id": post.id, "liked_tweet_author_id": post.author.id,
            })
        }
        Content::Relation => json!({"source": actor.map(wrapped), "target": target.map(wrapped)}),
        Content::Message(event, _) => {
            let users: Value = actor.into_iter().chain(target).map(|user| (user.id.clone(), wrapped(user))).collect();
            json!({kind.account_activity().unwrap_or_default(): [event], "users": users})
        }
        Content::Revocation(app) => {
            json!({"date_time": offset(at), "user_id": actor.map(|user| &user.id), "app_id": app})
        }
        Content::Payload(payload) => payload,
        Content::Body(body) => return body,
    };
    json!({"data": without_nulls(json!({
        "event_uuid": event_uuid, "created_at": iso_millis(at), "filter": filter, "event_type": kind.as_str(),
        "tag": tag, "payload": payload, "includes": includes,
    }))})
}
