//! Users in the three formats of v1.1.

use serde_json::{Value, json};

use super::number;
use crate::payload::dates::{classic, millis};
use crate::payload::people::Person;

/// Returns the user in the format of posts and likes: a numeric id, with a string beside it.
pub(super) fn of_post(person: &Person) -> Value {
    json!({
        "id": number(&person.id),
        "id_str": person.id,
        "name": person.name,
        "screen_name": person.handle,
        "location": said(&person.location),
        "url": person.link.as_ref().map(|link| &link.url),
        "description": said(&person.description),
        "translator_type": "none",
        "protected": person.protected,
        "verified": person.verified,
        "followers_count": person.followers,
        "friends_count": person.following,
        "listed_count": person.listed,
        "favourites_count": person.likes,
        "statuses_count": person.posts,
        "created_at": classic(person.since),
        "utc_offset": null,
        "time_zone": null,
        "geo_enabled": false,
        "lang": null,
        "contributors_enabled": false,
        "is_translator": false,
        "profile_background_color": "F5F8FA",
        "profile_background_image_url": "",
        "profile_background_image_url_https": "",
        "profile_background_tile": false,
        "profile_link_color": "1DA1F2",
        "profile_sidebar_border_color": "C0DEED",
        "profile_sidebar_fill_color": "DDEEF6",
        "profile_text_color": "333333",
        "profile_use_background_image": true,
        "profile_image_url": person.picture.replace("https:", "http:"),
        "profile_image_url_https": person.picture,
        "profile_banner_url": person.banner,
        "default_profile": true,
        "default_profile_image": false,
        "following": null,
        "follow_request_sent": null,
        "notifications": null,
        "withheld_in_countries": [],
    })
}

/// Returns the user in the format of follows, blocks and mutes: the id is a string, colours are -1,
/// and missing texts are empty.
pub(super) fn of_relation(person: &Person) -> Value {
    json!({
        "id": person.id,
        "name": person.name,
        "screen_name": person.handle,
        "location": person.location,
        "url": person.link.as_ref().map_or("", |link| link.url.as_str()),
        "description": person.description,
        "protected": person.protected,
        "verified": person.verified,
        "followers_count": person.followers,
        "friends_count": person.following,
        "listed_count": 0,
        "favourites_count": person.likes,
        "statuses_count": person.posts,
        "created_at": classic(person.since),
        "utc_offset": 0,
        "time_zone": "",
        "geo_enabled": false,
        "lang": "",
        "contributors_enabled": false,
        "is_translator": false,
        "profile_background_color": -1,
        "profile_background_image_url": "",
        "profile_background_image_url_https": "",
        "profile_background_tile": false,
        "profile_link_color": -1,
        "profile_sidebar_border_color": -1,
        "profile_sidebar_fill_color": -1,
        "profile_text_color": -1,
        "profile_use_background_image": false,
        "profile_image_url": person.banner.as_ref().map_or("null".to_owned(), |_| person.picture.replace("https:", "http:")),
        "profile_image_url_https": person.picture,
        "default_profile": true,
        "default_profile_image": false,
        "following": false,
        "follow_request_sent": false,
        "notifications": false,
    })
}

/// Returns the user in the format of messages: fewer members, and the creation time in
/// milliseconds. Empty texts are left out.
pub(super) fn of_message(person: &Person) -> Value {
    let mut user = json!({
        "id": person.id,
        "created_timestamp": millis(person.since),
        "name": person.name,
        "screen_name": person.handle,
        "protected": person.protected,
        "verified": person.verified,
        "followers_count": person.followers,
        "friends_count": person.following,
        "statuses_count": person.posts,
        "profile_image_url": person.picture.replace("https:", "http:"),
        "profile_image_url_https": person.picture,
    });
    let url = person.link.as_ref().map_or("", |link| &link.url);
    let said_of_themself = [("location", &*person.location), ("description", &person.description), ("url", url)];
    if let Value::Object(members) = &mut user {
        let said = said_of_themself.into_iter().filter(|(_, text)| !text.is_empty());
        members.extend(said.map(|(name, text)| (name.to_owned(), text.into())));
    }
    user
}

fn said(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
