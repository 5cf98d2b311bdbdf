//! The payloads of the X Activity API.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Text;

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Entities<'a> {
    #[serde(default)]
    hashtags: Vec<Hashtag<'a>>,
    #[serde(default)]
    cashtags: Vec<Hashtag<'a>>,
    mentions: Option<IgnoredAny>,
    #[serde(default)]
    urls: Vec<Url<'a>>,
    annotations: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Hashtag<'a> {
    tag: Option<Text<'a>>,
    start: Option<u64>,
    start_str: Option<Text<'a>>,
    end: Option<u64>,
    end_str: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Url<'a> {
    url: Option<Text<'a>>,
    expanded_url: Option<Text<'a>>,
    unwound_url: Option<Text<'a>>,
    display_url: Option<Text<'a>>,
    media_key: Option<Text<'a>>,
    status: Option<u64>,
    status_str: Option<Text<'a>>,
    title: Option<Text<'a>>,
    description: Option<Text<'a>>,
    images: Option<IgnoredAny>,
    start: Option<u64>,
    start_str: Option<Text<'a>>,
    end: Option<u64>,
    end_str: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Includes<'a> {
    #[serde(default)]
    users: Vec<User<'a>>,
    #[serde(default)]
    media: Vec<Media<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Attachments<'a> {
    #[serde(default)]
    media_keys: Vec<Text<'a>>,
    #[serde(rename = "media_source_tweet_id", alias = "media_source_post_id", default)]
    media_source_post_ids: Vec<Text<'a>>,
    #[serde(default)]
    poll_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Media<'a> {
    media_key: Option<Text<'a>>,
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    url: Option<Text<'a>>,
    preview_image_url: Option<Text<'a>>,
    alt_text: Option<Text<'a>>,
    duration_ms: Option<u64>,
    duration_ms_str: Option<Text<'a>>,
    width: Option<u64>,
    width_str: Option<Text<'a>>,
    height: Option<u64>,
    height_str: Option<Text<'a>>,
    variants: Option<IgnoredAny>,
    public_metrics: Option<IgnoredAny>,
    non_public_metrics: Option<IgnoredAny>,
    organic_metrics: Option<IgnoredAny>,
    promoted_metrics: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct PostMetrics<'a> {
    #[serde(rename = "retweet_count", alias = "repost_count")]
    repost_count: Option<u64>,
    retweet_count_str: Option<Text<'a>>,
    repost_count_str: Option<Text<'a>>,
    reply_count: Option<u64>,
    reply_count_str: Option<Text<'a>>,
    like_count: Option<u64>,
    like_count_str: Option<Text<'a>>,
    quote_count: Option<u64>,
    quote_count_str: Option<Text<'a>>,
    bookmark_count: Option<u64>,
    bookmark_count_str: Option<Text<'a>>,
    impression_count: Option<u64>,
    impression_count_str: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct UserMetrics<'a> {
    followers_count: Option<u64>,
    followers_count_str: Option<Text<'a>>,
    following_count: Option<u64>,
    following_count_str: Option<Text<'a>>,
    #[serde(rename = "tweet_count", alias = "post_count")]
    post_count: Option<u64>,
    tweet_count_str: Option<Text<'a>>,
    post_count_str: Option<Text<'a>>,
    listed_count: Option<u64>,
    listed_count_str: Option<Text<'a>>,
    like_count: Option<u64>,
    like_count_str: Option<Text<'a>>,
    media_count: Option<u64>,
    media_count_str: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct PostGeo<'a> {
    place_id: Option<Text<'a>>,
    coordinates: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Post<'a> {
    pub(super) id: Option<Text<'a>>,
    author_id: Option<Text<'a>>,
    username: Option<Text<'a>>,
    pub(super) text: Option<Text<'a>>,
    created_at: Option<Text<'a>>,
    lang: Option<Text<'a>>,
    conversation_id: Option<Text<'a>>,
    in_reply_to_user_id: Option<Text<'a>>,
    #[serde(rename = "in_reply_to_tweet_id", alias = "in_reply_to_post_id")]
    in_reply_to_post_id: Option<Text<'a>>,
    #[serde(rename = "referenced_tweets", alias = "referenced_posts", default)]
    references: Vec<Reference<'a>>,
    #[serde(rename = "edit_history_tweet_ids", alias = "edit_history_post_ids", default)]
    edit_history: Vec<Text<'a>>,
    edit_controls: Option<EditControls<'a>>,
    entities: Option<Entities<'a>>,
    #[serde(rename = "note_tweet", alias = "note_post")]
    pub(super) note: Option<NotePost<'a>>,
    article: Option<IgnoredAny>,
    article_title: Option<IgnoredAny>,
    attachments: Option<Attachments<'a>>,
    media_metadata: Option<IgnoredAny>,
    card_uri: Option<Text<'a>>,
    geo: Option<PostGeo<'a>>,
    context_annotations: Option<IgnoredAny>,
    public_metrics: Option<PostMetrics<'a>>,
    non_public_metrics: Option<IgnoredAny>,
    organic_metrics: Option<IgnoredAny>,
    promoted_metrics: Option<IgnoredAny>,
    display_text_range: Option<[u64; 2]>,
    possibly_sensitive: Option<bool>,
    paid_partnership: Option<bool>,
    reply_settings: Option<Text<'a>>,
    scopes: Option<IgnoredAny>,
    withheld: Option<IgnoredAny>,
    source: Option<Text<'a>>,
    community_id: Option<Text<'a>>,
    matched_media_notes: Option<IgnoredAny>,
    note_request_suggestions: Option<IgnoredAny>,
    #[serde(default)]
    suggested_source_links: Vec<Text<'a>>,
    suggested_source_links_with_counts: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Reference<'a> {
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct EditControls<'a> {
    edits_remaining: Option<u64>,
    edits_remaining_str: Option<Text<'a>>,
    is_edit_eligible: Option<bool>,
    editable_until: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct NotePost<'a> {
    pub(super) text: Option<Text<'a>>,
    entities: Option<Entities<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct User<'a> {
    id: Option<Text<'a>>,
    id_str: Option<Text<'a>>,
    name: Option<Text<'a>>,
    #[serde(alias = "screen_name")]
    username: Option<Text<'a>>,
    #[serde(alias = "created_timestamp")]
    created_at: Option<Text<'a>>,
    description: Option<Text<'a>>,
    location: Option<Text<'a>>,
    url: Option<Text<'a>>,
    entities: Option<UserEntities<'a>>,
    profile_geo_enrichment: Option<IgnoredAny>,
    confirmed_email: Option<Text<'a>>,
    protected: Option<bool>,
    verified: Option<bool>,
    verified_type: Option<Text<'a>>,
    is_identity_verified: Option<bool>,
    parody: Option<bool>,
    subscription_type: Option<Text<'a>>,
    #[serde(alias = "profile_image_url_https")]
    profile_image_url: Option<Text<'a>>,
    profile_banner_url: Option<Text<'a>>,
    #[serde(rename = "pinned_tweet_id", alias = "pinned_post_id")]
    pinned_post_id: Option<Text<'a>>,
    #[serde(rename = "most_recent_tweet_id", alias = "most_recent_post_id")]
    most_recent_post_id: Option<Text<'a>>,
    affiliation: Option<IgnoredAny>,
    public_metrics: Option<UserMetrics<'a>>,
    verified_followers_count: Option<u64>,
    verified_followers_count_str: Option<Text<'a>>,
    #[serde(default)]
    connection_status: Vec<Text<'a>>,
    receives_your_dm: Option<bool>,
    subscribes_to_you: Option<bool>,
    subscription: Option<IgnoredAny>,
    withheld: Option<IgnoredAny>,
    followers_count: Option<u64>,
    friends_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct UserEntities<'a> {
    url: Option<Entities<'a>>,
    description: Option<Entities<'a>>,
}
