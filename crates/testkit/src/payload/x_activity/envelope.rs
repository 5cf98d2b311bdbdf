//! The envelope around X Activity payloads.

use serde_json::{Map, Value, json};

use super::payload::payload;
use super::{post, user};
use crate::payload::dates::iso_millis;
use crate::payload::dice::Dice;
use crate::payload::story::Story;
use crate::payload::{Kind, MockEvent};

const TAGS: &[&str] = &["help desk", "all of them", "tea & café", "7"];

pub(super) fn activity(happening: &MockEvent, story: &Story) -> Value {
    // Every subscriber gets a separate delivery.
    let mut dice = happening.dice(&format!("delivery to {}", happening.subscriber()));
    let mut data = Map::new();
    let mut set = |name: &str, value: Value| _ = data.insert(name.into(), value);
    set("event_uuid", event_uuid(story, &mut dice).into());
    set("created_at", iso_millis(happening.at()).into());
    set("filter", filter(happening, story, &mut dice));
    set("event_type", happening.kind().as_str().into());
    // A revocation belongs to no subscription, so it has no tag.
    if dice.one_in(2) && happening.kind() != Kind::Revoke {
        set("tag", dice.pick(TAGS).into());
    }
    set("payload", payload(happening, story));
    match story {
        Story::Post(post) => set("includes", post::includes(post)),
        Story::Like { post, .. } => set("includes", post::includes(post)),
        // The only includes in which X wraps users.
        Story::Deletion { author, .. } => set("includes", json!({"users": [user::wrapped(author)]})),
        Story::Profile { .. } if dice.one_in(2) => set("includes", json!({})),
        _ => {}
    }
    json!({"data": data})
}

/// Returns the `event_uuid`: the id of a post, a UUID for some encrypted messages, otherwise a
/// signed 64-bit number.
fn event_uuid(story: &Story, dice: &mut Dice) -> String {
    match story {
        Story::Post(post) => post.id.clone(),
        Story::Chat(_) if dice.one_in(4) => dice.uuid(),
        _ => dice.number().cast_signed().to_string(),
    }
}

/// Returns the subscription's filter: a keyword for news, nothing for revocations, otherwise the
/// user, sometimes with a direction.
fn filter(happening: &MockEvent, story: &Story, dice: &mut Dice) -> Value {
    let subscriber = happening.subscriber();
    let is_directed = matches!(happening.kind(), Kind::Like | Kind::Follow | Kind::Unfollow) && dice.one_in(2);
    match story {
        Story::News { .. } => json!({"keyword": "ferry"}),
        Story::Revocation { .. } => json!({}),
        _ if is_directed => {
            let is_own = story.actor().is_some_and(|who| who.id == subscriber);
            json!({"user_id": subscriber, "direction": if is_own { "outbound" } else { "inbound" }})
        }
        _ => json!({"user_id": subscriber}),
    }
}
