//! Posts in the v2 format.

use serde_json::{Map, Value, json};

use super::{doubled, user};
use crate::payload::dates::iso;
use crate::payload::rendered::{Place, Rendered};
use crate::payload::story::{Picture, Post, Venue};

/// Maximum length of a post's `text`; the full text of a longer post is in `note_tweet`.
const LIMIT: u64 = 280;

/// The fields of a post in a filtered stream that requests no others.
const DEFAULT_FIELDS: [&str; 6] = ["author_id", "created_at", "edit_history_tweet_ids", "id", "note_tweet", "text"];

pub(super) fn post(post: &Post) -> Value {
    let whole = post.text();
    let [quotes, replies, reposts, likes] = post.counts;
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| _ = members.insert(name.into(), value);
    set("id", post.id.as_str().into());
    set("author_id", post.author.id.as_str().into());
    set("created_at", iso(post.at).into());
    set("lang", post.language.into());
    set("conversation_id", post.conversation().into());
    set("edit_history_tweet_ids", json!([post.id]));
    set("reply_settings", "everyone".into());
    set("possibly_sensitive", false.into());
    set("paid_partnership", false.into());
    set("public_metrics", metrics([reposts, replies, likes, quotes]));
    set("edit_controls", edit_controls(post));
    set("display_text_range", json!(post.shown(&whole)));
    let picture = post.picture.as_ref();
    if whole.length > LIMIT {
        let short = post.words.cut(LIMIT, Some(&post.link));
        set("note_tweet", note(&whole, picture));
        set("display_text_range", json!([0, short.length]));
        found(&short, None).into_iter().for_each(|found| set("entities", found));
        set("text", short.text.into());
    } else {
        found(&whole, picture).into_iter().for_each(|found| set("entities", found));
        set("text", whole.text.into());
    }
    if let Some(picture) = picture {
        set("attachments", json!({"media_keys": [key(picture)]}));
    }
    if let Some(venue) = post.venue {
        set("geo", json!({"place_id": venue.id}));
    }
    let references = [("replied_to", &post.answers), ("quoted", &post.quotes), ("retweeted", &post.reposts)];
    let references = references.into_iter().filter_map(|(kind, post)| Some((kind, post.as_ref()?)));
    let references: Vec<_> = references.map(|(kind, post)| json!({"type": kind, "id": post.id})).collect();
    if !references.is_empty() {
        set("referenced_tweets", references.into());
    }
    if let Some(answered) = &post.answers {
        set("in_reply_to_user_id", answered.author.id.as_str().into());
    }
    members.into()
}

/// Returns the post with all fields, or with the default fields only.
pub(super) fn with_fields(post: &Post, all: bool) -> Value {
    let mut value = self::post(post);
    if let (false, Value::Object(members)) = (all, &mut value) {
        members.retain(|name, _| DEFAULT_FIELDS.contains(&name.as_str()));
    }
    value
}

/// Returns the objects that the payload refers to. `tweets` holds only the post itself, which X
/// repeats.
pub(super) fn includes(post: &Post) -> Value {
    let mut author = user::user(&post.author);
    if let Value::Object(members) = &mut author {
        members.insert("most_recent_tweet_id".into(), post.id.as_str().into());
    }
    let mut includes = json!({"tweets": [self::post(post)], "users": [author]});
    if let Value::Object(members) = &mut includes {
        members.extend(post.picture.as_ref().map(|picture| ("media".to_owned(), json!([media(picture)]))));
        members.extend(post.venue.map(|venue| ("places".to_owned(), json!([place(venue)]))));
    }
    includes
}

fn place(venue: Venue) -> Value {
    json!({
        "id": venue.id,
        "place_type": "city",
        "name": venue.name,
        "full_name": venue.full_name,
        "country": "Northmarsh",
        "country_code": "XN",
        "geo": {"type": "Feature", "bbox": [-3.5, 54.1, -3.2, 54.3], "properties": {}},
    })
}

fn metrics([reposts, replies, likes, quotes]: [u64; 4]) -> Value {
    let counts = [
        ("retweet_count", reposts),
        ("reply_count", replies),
        ("like_count", likes),
        ("quote_count", quotes),
        ("bookmark_count", likes / 10),
        ("impression_count", likes * 30),
    ];
    doubled(counts).into()
}

fn edit_controls(post: &Post) -> Value {
    let mut controls = doubled([("edits_remaining", 5)]);
    controls.insert("is_edit_eligible".into(), post.is_editable.into());
    controls.insert("editable_until".into(), iso(post.editable_until()).into());
    controls.into()
}

fn note(whole: &Rendered, picture: Option<&Picture>) -> Value {
    let mut note = Map::new();
    note.insert("text".into(), whole.text.as_str().into());
    note.extend(found(whole, picture).map(|found| ("entities".to_owned(), found)));
    note.into()
}

/// Returns the entities of a text. Kinds without entities are left out.
fn found(text: &Rendered, picture: Option<&Picture>) -> Option<Value> {
    let link = |link: &Place<_>| {
        let crate::payload::words::Link { url, expanded, display } = &link.what;
        placed(link, [("url", url), ("expanded_url", expanded), ("display_url", display)])
    };
    let mut urls: Vec<Value> = text.links.iter().map(link).collect();
    urls.extend(text.pictures.first().zip(picture).map(|(place, picture)| {
        let mut url = link(place);
        if let Value::Object(members) = &mut url {
            members.insert("media_key".into(), key(picture).into());
        }
        url
    }));
    let mentions = text.mentions.iter().map(|mention| {
        let person = &mention.what;
        placed(mention, [("username", &person.handle), ("id", &person.id)])
    });
    let tag = |tag: &Place<String>| placed(tag, [("tag", &tag.what)]);
    let all = [
        ("hashtags", text.hashtags.iter().map(tag).collect::<Vec<_>>()),
        ("cashtags", text.cashtags.iter().map(tag).collect()),
        ("mentions", mentions.collect()),
        ("urls", urls),
    ];
    let found = all.into_iter().filter(|(_, found)| !found.is_empty());
    let found: Map<_, _> = found.map(|(name, found)| (name.to_owned(), found.into())).collect();
    (!found.is_empty()).then(|| found.into())
}

fn placed<'a, T>(place: &Place<T>, members: impl IntoIterator<Item = (&'a str, &'a String)>) -> Value {
    let mut all = doubled([("start", place.start), ("end", place.end)]);
    all.extend(members.into_iter().map(|(name, text)| (name.to_owned(), text.as_str().into())));
    all.into()
}

/// Returns the media key: `3_` for photos or `7_` for videos, and the id.
fn key(picture: &Picture) -> String {
    format!("{}_{}", if picture.is_video { 7 } else { 3 }, picture.id)
}

fn media(picture: &Picture) -> Value {
    let mut media = doubled([("width", 1280), ("height", 720)]);
    let mut set = |name: &str, value: Value| _ = media.insert(name.into(), value);
    set("media_key", key(picture).into());
    if !picture.alt_text.is_empty() {
        set("alt_text", picture.alt_text.into());
    }
    if picture.is_video {
        let file = picture.url.replace("video_thumb", "video").replace(".jpg", ".mp4");
        set("type", "video".into());
        set("preview_image_url", picture.url.as_str().into());
        set("duration_ms", 12_345.into());
        set("duration_ms_str", "12345".into());
        set("variants", json!([{"bit_rate": 832_000, "content_type": "video/mp4", "url": file}]));
    } else {
        set("type", "photo".into());
        set("url", picture.url.as_str().into());
    }
    media.into()
}
