//! Bodies of the Account Activity API.

pub(super) mod message;
mod tweet;

use birdhook_core::Timestamp;
use serde_json::{Value, json};

use self::tweet::{tweet, user_of_message, user_of_post, user_of_relation};
use super::dates::{classic, millis, offset};
use super::facts::{Content, Facts};
use super::json::{with, without_nulls};
use super::kind::MockEventKind;

/// Returns the body for an event; `None` if this API does not report its kind.
pub(super) fn body(facts: Facts, kind: MockEventKind, subscriber: &str, at: Timestamp) -> Option<Value> {
    let member = kind.account_activity()?;
    let (actor, target) = (facts.actor.as_ref(), facts.target.as_ref());
    let actor_id = actor.map(|user| &user.id);
    let mut rest = json!({"for_user_id": subscriber});
    let event = match facts.content {
        Content::Post(post) => tweet(&post),
        Content::Deletion => json!({"status": {"id": facts.id, "user_id": actor_id}, "timestamp_ms": millis(at)}),
        Content::Like(post) => json!({
            "id": facts.id, "created_at": classic(at), "timestamp_ms": at.as_millis(),
            "favorited_status": tweet(&post), "user": actor.map(user_of_post),
        }),
        Content::Relation => json!({
            // Distinguishes follow from unfollow; both arrive in the same array.
            "type": kind.as_str().split_once('.').map(|(_, name)| name),
            "created_timestamp": millis(at),
            "source": actor.map(user_of_relation), "target": target.map(user_of_relation),
        }),
        Content::Message(event, app) => {
            let users = actor.into_iter().chain(target).map(|user| (user.id.clone(), user_of_message(user)));
            let apps = app.and_then(|app| Some(json!({app.get("id")?.as_str()?: app})));
            rest = with(rest, without_nulls(json!({"users": users.collect::<Value>(), "apps": apps})));
            event
        }
        // A revocation names the user only in its `source`, and is not in an array.
        Content::Revocation(app) => {
            let revoke = json!({"date_time": offset(at), "target": {"app_id": app}, "source": {"user_id": actor_id}});
            return Some(json!({member: {"revoke": revoke}}));
        }
        Content::Payload(_) | Content::Body(_) => return None,
    };
    if kind == MockEventKind::Mention {
        rest = with(rest, json!({"user_has_blocked": false}));
    }
    Some(with(json!({member: [event]}), rest))
}
