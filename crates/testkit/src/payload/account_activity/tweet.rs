//! Posts in the v1.1 format.

use serde_json::{Map, Value, json};

use super::{number, user};
use crate::payload::dates::{classic, millis};
use crate::payload::rendered::{Place, Rendered};
use crate::payload::story::{Picture, Post, Venue};
use crate::payload::words::Link;

/// Maximum length of a post's `text`; the full text of a longer post is in `extended_tweet`.
const LIMIT: u64 = 140;

pub(super) fn tweet(post: &Post) -> Value {
    let whole = post.text();
    let answered = post.answers.as_deref();
    let [quotes, replies, reposts, likes] = post.counts;
    let (url, client) = post.client;
    let mut tweet = json!({
        "created_at": classic(post.at),
        "id": number(&post.id),
        "id_str": post.id,
        "source": format!("<a href=\"{url}\" rel=\"nofollow\">{client}</a>"),
        "in_reply_to_status_id": answered.map(|answered| number(&answered.id)),
        "in_reply_to_status_id_str": answered.map(|answered| &answered.id),
        "in_reply_to_user_id": answered.map(|answered| number(&answered.author.id)),
        "in_reply_to_user_id_str": answered.map(|answered| &answered.author.id),
        "in_reply_to_screen_name": answered.map(|answered| &answered.author.handle),
        "user": user::of_post(&post.author),
        "geo": null,
        "coordinates": null,
        "place": post.venue.map(place),
        "contributors": null,
        "is_quote_status": post.quotes.is_some(),
        "quote_count": quotes,
        "reply_count": replies,
        "retweet_count": reposts,
        "favorite_count": likes,
        "favorited": false,
        "retweeted": false,
        "filter_level": "low",
        "lang": post.language,
        "timestamp_ms": millis(post.at),
    });
    if let Value::Object(members) = &mut tweet {
        text(post, &whole, members);
        references(post, &whole, members);
        edits(post, members);
    }
    tweet
}

/// Inserts the text. If it is too long, `text` is truncated and `extended_tweet` holds the full
/// text.
fn text(post: &Post, whole: &Rendered, tweet: &mut Map<String, Value>) {
    let is_cut = post.reposts.is_none() && whole.length > LIMIT;
    let mut set = |name: &str, value: Value| _ = tweet.insert(name.into(), value);
    set("truncated", is_cut.into());
    if whole.links.len() + whole.pictures.len() > 0 {
        set("possibly_sensitive", false.into());
    }
    if is_cut {
        let short = post.words.cut(LIMIT, Some(&post.link));
        set("entities", entities(&short, None));
        set("text", short.text.into());
        let mut extended = json!({
            "full_text": whole.text,
            "display_text_range": post.shown(whole),
            "entities": entities(whole, post.picture.as_ref()),
        });
        if let (Some(picture), Value::Object(members)) = (&post.picture, &mut extended) {
            members.insert("extended_entities".into(), json!({"media": media(whole, picture, true)}));
        }
        set("extended_tweet", extended);
        return;
    }
    set("text", whole.text.as_str().into());
    set("entities", entities(whole, post.picture.as_ref()));
    let shown = post.shown(whole);
    if shown != [0, whole.length] {
        set("display_text_range", json!(shown));
    }
    if let Some(picture) = &post.picture {
        set("extended_entities", json!({"media": media(whole, picture, true)}));
    }
}

fn references(post: &Post, whole: &Rendered, tweet: &mut Map<String, Value>) {
    if let Some(quoted) = &post.quotes {
        tweet.insert("quoted_status_id".into(), number(&quoted.id));
        tweet.insert("quoted_status_id_str".into(), quoted.id.as_str().into());
        tweet.insert("quoted_status".into(), self::tweet(quoted));
        let link = whole.links.last().map(|link| &link.what);
        let permalink = link.map(|link| json!({"url": link.url, "expanded": link.expanded, "display": link.display}));
        tweet.insert("quoted_status_permalink".into(), permalink.into());
    }
    if let Some(repeated) = &post.reposts {
        tweet.insert("retweeted_status".into(), self::tweet(repeated));
    }
}

fn edits(post: &Post, tweet: &mut Map<String, Value>) {
    if post.is_editable {
        tweet.insert("edit_history".into(), json!({"initial_tweet_id": post.id, "edit_tweet_ids": [post.id]}));
        let controls = json!({"editable_until_ms": millis(post.editable_until()), "edits_remaining": "5"});
        tweet.insert("edit_controls".into(), controls);
        tweet.insert("editable".into(), true.into());
    }
}

fn place(venue: Venue) -> Value {
    let corners = [[-3.5, 54.1], [-3.5, 54.3], [-3.2, 54.3], [-3.2, 54.1]];
    json!({
        "id": venue.id,
        "url": format!("https://api.x.example/1.1/geo/id/{}.json", venue.id),
        "place_type": "city",
        "name": venue.name,
        "full_name": venue.full_name,
        "country_code": "XN",
        "country": "Northmarsh",
        "bounding_box": {"type": "Polygon", "coordinates": [corners]},
        "attributes": {},
    })
}

/// Returns the entities of a text, in the format shared by posts and messages.
pub(super) fn entities(text: &Rendered, picture: Option<&Picture>) -> Value {
    let tags = |tags: &[Place<String>]| -> Vec<Value> {
        tags.iter().map(|tag| json!({"text": tag.what, "indices": [tag.start, tag.end]})).collect()
    };
    let mentions = text.mentions.iter().map(|mention| {
        json!({
            "screen_name": mention.what.handle,
            "name": mention.what.name,
            "id": number(&mention.what.id),
            "id_str": mention.what.id,
            "indices": [mention.start, mention.end],
        })
    });
    let mut entities = json!({
        "hashtags": tags(&text.hashtags),
        "symbols": tags(&text.cashtags),
        "user_mentions": mentions.collect::<Vec<_>>(),
        "urls": text.links.iter().map(url).collect::<Vec<_>>(),
    });
    if let (Some(picture), Value::Object(members)) = (picture, &mut entities) {
        members.insert("media".into(), media(text, picture, false).into());
    }
    entities
}

fn url(link: &Place<Link>) -> Value {
    json!({
        "url": link.what.url,
        "expanded_url": link.what.expanded,
        "display_url": link.what.display,
        "indices": [link.start, link.end],
    })
}

/// Returns the picture or video. Plain `entities` list a video as a photo, `extended_entities` as a
/// video.
fn media(text: &Rendered, picture: &Picture, is_extended: bool) -> Vec<Value> {
    let Some(place) = text.pictures.first() else { return Vec::new() };
    let is_video = picture.is_video && is_extended;
    let mut media = json!({
        "id": number(&picture.id),
        "id_str": picture.id,
        "indices": [place.start, place.end],
        "media_url": picture.url.replace("https:", "http:"),
        "media_url_https": picture.url,
        "url": picture.link.url,
        "display_url": picture.link.display,
        "expanded_url": picture.link.expanded,
        "type": if is_video { "video" } else { "photo" },
        "sizes": sizes(),
    });
    if let Value::Object(members) = &mut media {
        if !picture.alt_text.is_empty() {
            members.insert("ext_alt_text".into(), picture.alt_text.into());
        }
        if is_video {
            let file = picture.url.replace("video_thumb", "video").replace(".jpg", ".mp4");
            let variants = json!([{"bitrate": 832_000, "content_type": "video/mp4", "url": file}]);
            let info = json!({"aspect_ratio": [16, 9], "duration_millis": 12_345, "variants": variants});
            members.insert("video_info".into(), info);
        }
    }
    vec![media]
}

pub(super) fn sizes() -> Value {
    json!({
        "thumb": {"w": 150, "h": 150, "resize": "crop"},
        "small": {"w": 680, "h": 383, "resize": "fit"},
        "medium": {"w": 1200, "h": 675, "resize": "fit"},
        "large": {"w": 1280, "h": 720, "resize": "fit"},
    })
}
