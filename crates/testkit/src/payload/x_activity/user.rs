//! Users in the v2 format.

use serde_json::{Value, json};

use super::doubled;
use crate::payload::dates::iso;
use crate::payload::people::Person;

pub(super) fn user(person: &Person) -> Value {
    let mut user = json!({
        "id": person.id,
        "name": person.name,
        "username": person.handle,
        "description": person.description,
        "url": person.link.as_ref().map_or("", |link| link.url.as_str()),
        "protected": person.protected,
        "verified": person.verified,
        "verified_type": if person.verified { "blue" } else { "none" },
        "is_identity_verified": false,
        "created_at": iso(person.since),
        "profile_image_url": person.picture,
        "profile_banner_url": person.banner.as_deref().unwrap_or_default(),
        "public_metrics": doubled([
            ("followers_count", person.followers),
            ("following_count", person.following),
            ("tweet_count", person.posts),
            ("listed_count", person.listed),
            ("like_count", person.likes),
            ("media_count", person.media),
        ]),
    });
    if let Value::Object(members) = &mut user {
        if let Some(name) = person.organisation {
            let badge = format!("https://img.example/badges/{}_normal.jpg", person.id);
            members.insert("affiliation".into(), json!({"description": name, "badge_url": badge}));
        }
        if !person.location.is_empty() {
            members.insert("location".into(), person.location.as_str().into());
        }
        if let Some(link) = &person.link {
            let length = u64::try_from(link.url.len()).unwrap_or_default();
            let mut url = doubled([("start", 0), ("end", length)]);
            url.insert("url".into(), link.url.as_str().into());
            url.insert("expanded_url".into(), link.expanded.as_str().into());
            url.insert("display_url".into(), link.display.as_str().into());
            members.insert("entities".into(), json!({"url": {"urls": [url]}}));
        }
    }
    user
}

/// Returns the user inside `data`, as X wraps users in most places.
pub(super) fn wrapped(person: &Person) -> Value {
    json!({"data": user(person)})
}
