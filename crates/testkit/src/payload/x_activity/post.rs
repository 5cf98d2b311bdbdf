//! Posts and users in the v2 format.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::payload::dates::iso;
use crate::payload::json::{with, without_nulls};
use crate::payload::post::Post;
use crate::payload::text::{Link, Media, Text, What};
use crate::payload::user::User;

/// Maximum length of a post's `text`; the full text of a longer post is in `note_tweet`.
const LIMIT: u64 = 280;

pub(super) fn post(post: &Post) -> Value {
    let whole = &post.text;
    let short = (whole.length() > LIMIT).then(|| whole.cut(LIMIT, Some(&post.link)));
    let note = short.as_ref().map(|_| without_nulls(json!({"text": whole.text, "entities": entities(whole)})));
    let shown = short.as_ref().map_or_else(|| post.shown(), |short| [0, short.length()]);
    let text = short.as_ref().unwrap_or(whole);
    let controls = json!({"is_edit_eligible": post.is_editable, "editable_until": iso(post.editable_until())});
    let references = [("replied_to", &post.answers), ("quoted", &post.quotes), ("retweeted", &post.reposts)];
    let references = references.into_iter().filter_map(|(kind, post)| Some((kind, post.as_ref()?)));
    let references: Vec<_> = references.map(|(kind, post)| json!({"type": kind, "id": post.id})).collect();
    without_nulls(json!({
        "id": post.id, "author_id": post.author.id, "created_at": iso(post.at), "lang": post.language,
        "conversation_id": post.conversation(), "edit_history_tweet_ids": [post.id],
        "edit_controls": with(controls, doubled(json!({"edits_remaining": 5}))),
        "reply_settings": "everyone", "possibly_sensitive": false, "paid_partnership": false,
        "public_metrics": doubled(json!({
            "retweet_count": post.likes / 10, "reply_count": post.likes / 20, "like_count": post.likes,
            "quote_count": post.likes / 50, "bookmark_count": post.likes / 10, "impression_count": post.likes * 30,
        })),
        "text": text.text, "display_text_range": shown, "entities": entities(text), "note_tweet": note,
        "attachments": whole.media().map(|(media, _)| json!({"media_keys": [key(media)]})),
        "referenced_tweets": (!references.is_empty()).then_some(references),
        "in_reply_to_user_id": post.answers.as_ref().map(|answered| &answered.author.id),
    }))
}

/// Returns the post with the fields of a filtered stream that requests no others.
pub(super) fn with_default_fields(post: &Post) -> Value {
    let fields = ["author_id", "created_at", "edit_history_tweet_ids", "id", "note_tweet", "text"];
    let mut value = self::post(post);
    value.as_object_mut().into_iter().for_each(|members| members.retain(|name, _| fields.contains(&name.as_str())));
    value
}

/// Returns the objects that the payload refers to. `tweets` holds only the post itself, which X
/// repeats.
pub(super) fn includes(post: &Post) -> Value {
    without_nulls(json!({
        "tweets": [self::post(post)],
        "users": [with(user(&post.author), json!({"most_recent_tweet_id": post.id}))],
        "media": post.text.media().map(|(picture, _)| [media(picture)]),
    }))
}

/// Returns the entities of a text; `None` if it has none. Kinds without entities are left out.
fn entities(text: &Text) -> Option<BTreeMap<&'static str, Vec<Value>>> {
    let mut groups: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for entity in &text.entities {
        let (group, value) = match &entity.what {
            What::Hashtag(tag) => ("hashtags", json!({"tag": tag})),
            What::Cashtag(tag) => ("cashtags", json!({"tag": tag})),
            What::Mention(user) => ("mentions", json!({"username": user.handle, "id": user.id})),
            What::Link(link) => ("urls", url(link)),
            What::Media(media) => ("urls", with(url(&media.link), json!({"media_key": key(media)}))),
        };
        let place = doubled(json!({"start": entity.start, "end": entity.end}));
        groups.entry(group).or_default().push(with(place, value));
    }
    (!groups.is_empty()).then_some(groups)
}

/// Returns the media key: `3_` for photos or `7_` for videos, and the id.
fn key(media: &Media) -> String {
    format!("{}_{}", if media.is_video { 7 } else { 3 }, media.id)
}

fn media(media: &Media) -> Value {
    let rest = match media.is_video {
        true => json!({
            "type": "video", "preview_image_url": media.url, "duration_ms": 12_345, "duration_ms_str": "12345",
            "variants": [{"bit_rate": 832_000, "content_type": "video/mp4", "url": media.video_url()}],
        }),
        false => json!({"type": "photo", "url": media.url}),
    };
    let all = doubled(json!({"width": 1280, "height": 720}));
    with(with(all, rest), json!({"media_key": key(media), "alt_text": media.alt_text}))
}

fn user(user: &User) -> Value {
    let link = user.link.as_ref();
    let place = |link: &Link| doubled(json!({"start": 0, "end": link.url.len()}));
    without_nulls(json!({
        "id": user.id, "name": user.name, "username": user.handle, "description": user.description,
        "location": (!user.location.is_empty()).then_some(user.location),
        "url": link.map_or("", |link| &link.url),
        "entities": link.map(|link| json!({"url": {"urls": [with(place(link), url(link))]}})),
        "protected": user.is_protected, "verified": user.is_verified, "is_identity_verified": false,
        "verified_type": if user.is_verified { "blue" } else { "none" }, "created_at": iso(user.since),
        "profile_image_url": user.picture, "profile_banner_url": user.banner.as_deref().unwrap_or_default(),
        "public_metrics": doubled(json!({
            "followers_count": user.followers, "following_count": user.following, "tweet_count": user.posts,
            "listed_count": user.followers / 100, "like_count": user.likes, "media_count": user.posts / 10,
        })),
    }))
}

/// Returns the user inside `data`, as X wraps users in most places.
pub(super) fn wrapped(person: &User) -> Value {
    json!({"data": user(person)})
}

fn url(link: &Link) -> Value {
    json!({"url": link.url, "expanded_url": link.expanded, "display_url": link.display})
}

/// Returns numbers in both formats that X sends: as numbers, and as strings for parsers that lose
/// digits.
pub(super) fn doubled(numbers: Value) -> Value {
    let texts = numbers.as_object().into_iter().flatten();
    let texts = texts.map(|(name, number)| (format!("{name}_str"), number.to_string())).collect();
    with(numbers, texts)
}
