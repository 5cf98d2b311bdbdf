//! Posts and users in the v1.1 format.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::payload::dates::{classic, millis};
use crate::payload::json::{number, with, without_nulls};
use crate::payload::post::Post;
use crate::payload::text::{Media, Text, What};
use crate::payload::user::User;

/// Maximum length of a post's `text`; the full text of a longer post is in `extended_tweet`.
const LIMIT: u64 = 140;

pub(super) fn tweet(post: &Post) -> Value {
    let (answered, quoted) = (post.answers.as_deref(), post.quotes.as_deref());
    let always = json!({
        "id": number(&post.id), "id_str": post.id, "user": user_of_post(&post.author),
        "created_at": classic(post.at), "timestamp_ms": millis(post.at),
        "in_reply_to_status_id": answered.map(|post| number(&post.id)),
        "in_reply_to_status_id_str": answered.map(|post| &post.id),
        "in_reply_to_user_id": answered.map(|post| number(&post.author.id)),
        "in_reply_to_user_id_str": answered.map(|post| &post.author.id),
        "in_reply_to_screen_name": answered.map(|post| &post.author.handle),
        "source": "<a href=\"https://client.example/web\" rel=\"nofollow\">X Web App</a>",
        "geo": null, "coordinates": null, "place": null, "contributors": null, "is_quote_status": quoted.is_some(),
        "quote_count": post.likes / 50, "reply_count": post.likes / 20, "retweet_count": post.likes / 10,
        "favorite_count": post.likes, "favorited": false, "retweeted": false, "filter_level": "low",
        "lang": post.language,
    });
    let links: Vec<_> = post.text.entities.iter().filter_map(|entity| entity.what.link()).collect();
    let permalink = quoted.and(links.last());
    let permalink = permalink.map(|link| json!({"url": link.url, "expanded": link.expanded, "display": link.display}));
    let controls = json!({"editable_until_ms": millis(post.editable_until()), "edits_remaining": "5"});
    let sometimes = json!({
        "possibly_sensitive": (!links.is_empty()).then_some(false),
        "quoted_status_id": quoted.map(|post| number(&post.id)),
        "quoted_status_id_str": quoted.map(|post| &post.id),
        "quoted_status": quoted.map(tweet),
        "quoted_status_permalink": permalink,
        "retweeted_status": post.reposts.as_deref().map(tweet),
        "edit_history": post.is_editable.then(|| json!({"initial_tweet_id": post.id, "edit_tweet_ids": [post.id]})),
        "edit_controls": post.is_editable.then_some(controls),
        "editable": post.is_editable.then_some(true),
    });
    with(with(always, text(post)), without_nulls(sometimes))
}

/// Returns the text. If it is too long, `text` is truncated and `extended_tweet` holds the full
/// text.
fn text(post: &Post) -> Value {
    let (whole, shown) = (&post.text, post.shown());
    let is_cut = post.reposts.is_none() && whole.length() > LIMIT;
    let extended = whole.media().map(|(picture, at)| json!({"media": [media(picture, at, true)]}));
    let mut full = without_nulls(json!({
        "display_text_range": (is_cut || shown != [0, whole.length()]).then_some(shown),
        "entities": entities(whole),
        "extended_entities": extended,
    }));
    if !is_cut {
        return with(full, json!({"truncated": false, "text": whole.text}));
    }
    let short = whole.cut(LIMIT, Some(&post.link));
    full = with(full, json!({"full_text": whole.text}));
    json!({"truncated": true, "text": short.text, "entities": entities(&short), "extended_tweet": full})
}

/// Returns the entities of a text, in the format shared by posts and messages.
pub(super) fn entities(text: &Text) -> Value {
    let mut groups: BTreeMap<_, Vec<Value>> =
        ["hashtags", "symbols", "user_mentions", "urls"].map(|group| (group, Vec::new())).into();
    for entity in &text.entities {
        let indices = [entity.start, entity.end];
        let (group, value) = match &entity.what {
            What::Hashtag(tag) => ("hashtags", json!({"text": tag, "indices": indices})),
            What::Cashtag(tag) => ("symbols", json!({"text": tag, "indices": indices})),
            What::Mention(user) => (
                "user_mentions",
                json!({
                    "screen_name": user.handle, "name": user.name, "id": number(&user.id), "id_str": user.id,
                    "indices": indices,
                }),
            ),
            What::Link(link) => (
                "urls",
                json!({
                    "url": link.url, "expanded_url": link.expanded, "display_url": link.display, "indices": indices,
                }),
            ),
            What::Media(picture) => ("media", media(picture, indices, false)),
        };
        groups.entry(group).or_default().push(value);
    }
    json!(groups)
}

/// Returns a picture or video. Plain `entities` list a video as a photo, `extended_entities` as a
/// video.
pub(super) fn media(media: &Media, indices: [u64; 2], is_extended: bool) -> Value {
    let video = (media.is_video && is_extended).then(|| {
        json!({
            "aspect_ratio": [16, 9], "duration_millis": 12_345,
            "variants": [{"bitrate": 832_000, "content_type": "video/mp4", "url": media.video_url()}],
        })
    });
    without_nulls(json!({
        "id": number(&media.id), "id_str": media.id, "indices": indices, "ext_alt_text": media.alt_text,
        "media_url": media.url.replace("https:", "http:"), "media_url_https": media.url,
        "url": media.link.url, "display_url": media.link.display, "expanded_url": media.link.expanded,
        "type": if video.is_some() { "video" } else { "photo" }, "video_info": video,
        "sizes": {
            "thumb": {"w": 150, "h": 150, "resize": "crop"}, "small": {"w": 680, "h": 383, "resize": "fit"},
            "medium": {"w": 1200, "h": 675, "resize": "fit"}, "large": {"w": 1280, "h": 720, "resize": "fit"},
        },
    }))
}

/// Returns the user in the format of posts and likes: a numeric id, with a string beside it.
pub(super) fn user_of_post(user: &User) -> Value {
    let own = json!({
        "id": number(&user.id), "id_str": user.id, "translator_type": "none", "withheld_in_countries": [],
        "location": stated(user.location), "description": stated(user.description),
        "url": user.link.as_ref().map(|link| &link.url), "profile_banner_url": user.banner,
        "listed_count": user.followers / 100, "utc_offset": null, "time_zone": null, "lang": null,
        "following": null, "follow_request_sent": null, "notifications": null,
        "profile_background_color": "F5F8FA", "profile_link_color": "1DA1F2", "profile_text_color": "333333",
        "profile_sidebar_border_color": "C0DEED", "profile_sidebar_fill_color": "DDEEF6",
        "profile_use_background_image": true,
    });
    with(account(user), own)
}

/// Returns the user in the format of follows, blocks and mutes: the id is a string, colours are -1,
/// and missing texts are empty. X writes the text `null` for some pictures.
pub(super) fn user_of_relation(user: &User) -> Value {
    let picture = user.banner.as_ref().map_or("null".to_owned(), |_| user.picture.replace("https:", "http:"));
    let own = json!({
        "id": user.id, "location": user.location, "description": user.description,
        "url": user.link.as_ref().map_or("", |link| &link.url), "profile_image_url": picture,
        "listed_count": 0, "utc_offset": 0, "time_zone": "", "lang": "",
        "following": false, "follow_request_sent": false, "notifications": false,
        "profile_background_color": -1, "profile_link_color": -1, "profile_text_color": -1,
        "profile_sidebar_border_color": -1, "profile_sidebar_fill_color": -1,
        "profile_use_background_image": false,
    });
    with(account(user), own)
}

/// Returns the user in the format of messages: fewer members, and the creation time in
/// milliseconds. Empty texts are left out.
pub(super) fn user_of_message(user: &User) -> Value {
    let own = json!({
        "id": user.id, "created_timestamp": millis(user.since), "location": stated(user.location),
        "description": stated(user.description), "url": user.link.as_ref().map(|link| &link.url),
    });
    with(profile(user), without_nulls(own))
}

/// Returns the members that the formats of posts and relations share.
fn account(user: &User) -> Value {
    let own = json!({
        "favourites_count": user.likes, "created_at": classic(user.since), "geo_enabled": false,
        "contributors_enabled": false, "is_translator": false,
        "profile_background_image_url": "", "profile_background_image_url_https": "",
        "profile_background_tile": false, "default_profile": true, "default_profile_image": false,
    });
    with(profile(user), own)
}

/// Returns the members that all formats share.
fn profile(user: &User) -> Value {
    json!({
        "name": user.name, "screen_name": user.handle, "protected": user.is_protected, "verified": user.is_verified,
        "followers_count": user.followers, "friends_count": user.following, "statuses_count": user.posts,
        "profile_image_url": user.picture.replace("https:", "http:"), "profile_image_url_https": user.picture,
    })
}

fn stated(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}
