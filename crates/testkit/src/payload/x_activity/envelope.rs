//! What is around a payload of the X Activity API.

use serde_json::{Map, Value, json};

use super::payload::payload;
use super::{post, user};
use crate::payload::dates::iso_millis;
use crate::payload::dice::Dice;
use crate::payload::story::Story;
use crate::payload::{Happening, Kind};

const TAGS: &[&str] = &["help desk", "all of them", "tea & café", "7"];

pub(super) fn activity(happening: &Happening, story: &Story) -> Value {
    // Each subscriber has a delivery of their own.
    let mut dice = happening.dice(&format!("delivery to {}", happening.subscriber()));
    let mut data = Map::new();
    let mut set = |name: &str, value: Value| _ = data.insert(name.into(), value);
    set("event_uuid", event_uuid(story, &mut dice).into());
    set("created_at", iso_millis(happening.at()).into());
    set("filter", filter(happening, story, &mut dice));
    set("event_type", happening.kind().as_str().into());
    // A revocation follows from no subscription, so it has nobody's tag.
    if dice.one_in(2) && happening.kind() != Kind::Revoke {
        set("tag", dice.pick(TAGS).into());
    }
    set("payload", payload(happening, story));
    match story {
        Story::Post(post) => set("includes", post::includes(post)),
        Story::Like { post, .. } => set("includes", post::includes(post)),
        // Here alone users among the includes are wrapped.
        Story::Deletion { author, .. } => set("includes", json!({"users": [user::wrapped(author)]})),
        Story::Profile { .. } if dice.one_in(2) => set("includes", json!({})),
        _ => {}
    }
    json!({"data": data})
}

/// No UUID but a signed number of 64 bits, save in some of X's encrypted messages; of a post it is the post's id.
fn event_uuid(story: &Story, dice: &mut Dice) -> String {
    match story {
        Story::Post(post) => post.id.clone(),
        Story::Chat(_) if dice.one_in(4) => dice.uuid(),
        _ => dice.number().cast_signed().to_string(),
    }
}

/// What the subscription is about: of news a word, of all else a user, and sometimes on which side the user is.
fn filter(happening: &Happening, story: &Story, dice: &mut Dice) -> Value {
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
