//! The payloads of the Account Activity API.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Text;

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Entities<'a> {
    #[serde(default)]
    hashtags: Vec<Hashtag<'a>>,
    #[serde(default)]
    symbols: Vec<Hashtag<'a>>,
    #[serde(default)]
    user_mentions: Vec<Mention<'a>>,
    #[serde(default)]
    urls: Vec<Url<'a>>,
    media: Option<IgnoredAny>,
    polls: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Hashtag<'a> {
    text: Option<Text<'a>>,
    indices: Option<[u64; 2]>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Mention<'a> {
    id: Option<u64>,
    id_str: Option<Text<'a>>,
    name: Option<Text<'a>>,
    screen_name: Option<Text<'a>>,
    indices: Option<[u64; 2]>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Url<'a> {
    url: Option<Text<'a>>,
    expanded_url: Option<Text<'a>>,
    display_url: Option<Text<'a>>,
    unwound: Option<IgnoredAny>,
    indices: Option<[u64; 2]>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct DirectMessage<'a> {
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    pub(super) id: Option<Text<'a>>,
    created_timestamp: Option<Text<'a>>,
    initiated_via: Option<InitiatedVia<'a>>,
    pub(super) message_create: Option<MessageCreate<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct InitiatedVia<'a> {
    tweet_id: Option<Text<'a>>,
    welcome_message_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct MessageCreate<'a> {
    target: Option<Party<'a>>,
    sender_id: Option<Text<'a>>,
    source_app_id: Option<Text<'a>>,
    custom_profile_id: Option<Text<'a>>,
    pub(super) message_data: Option<MessageData<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct MessageData<'a> {
    pub(super) text: Option<Text<'a>>,
    entities: Option<Entities<'a>>,
    quick_reply: Option<IgnoredAny>,
    quick_reply_response: Option<IgnoredAny>,
    attachment: Option<Attachment<'a>>,
    ctas: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Attachment<'a> {
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    media: Option<IgnoredAny>,
    location: Option<Location<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Location<'a> {
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    shared_coordinate: Option<IgnoredAny>,
    shared_place: Option<SharedPlace<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct SharedPlace<'a> {
    place: Option<Place<'a>>,
    id: Option<Text<'a>>,
    name: Option<Text<'a>>,
    full_name: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct ExtendedTweet<'a> {
    pub(super) full_text: Option<Text<'a>>,
    display_text_range: Option<[u64; 2]>,
    entities: Option<Entities<'a>>,
    extended_entities: Option<Entities<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Permalink<'a> {
    url: Option<Text<'a>>,
    expanded: Option<Text<'a>>,
    display: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct EditHistory<'a> {
    initial_tweet_id: Option<Text<'a>>,
    #[serde(default)]
    edit_tweet_ids: Vec<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct EditControls<'a> {
    editable_until_ms: Option<Text<'a>>,
    edits_remaining: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Place<'a> {
    id: Option<Text<'a>>,
    url: Option<Text<'a>>,
    place_type: Option<Text<'a>>,
    name: Option<Text<'a>>,
    full_name: Option<Text<'a>>,
    country: Option<Text<'a>>,
    country_code: Option<Text<'a>>,
    bounding_box: Option<BoundingBox<'a>>,
    centroid: Option<[f64; 2]>,
    #[serde(default)]
    contained_within: Vec<Place<'a>>,
    #[serde(default)]
    attributes: BTreeMap<Text<'a>, Text<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct BoundingBox<'a> {
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(default)]
    coordinates: Vec<Vec<[f64; 2]>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Party<'a> {
    recipient_id: Option<Text<'a>>,
    id: Option<Text<'a>>,
    id_str: Option<Text<'a>>,
    #[serde(alias = "screen_name")]
    username: Option<Text<'a>>,
    name: Option<Text<'a>>,
    data: Option<Box<Party<'a>>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
pub(super) struct Tweet<'a> {
    id: Option<u64>,
    pub(super) id_str: Option<Text<'a>>,
    pub(super) text: Option<Text<'a>>,
    #[serde(rename = "full_text")]
    extended_text: Option<Text<'a>>,
    created_at: Option<Text<'a>>,
    timestamp_ms: Option<Text<'a>>,
    source: Option<Text<'a>>,
    truncated: Option<bool>,
    user: Option<User<'a, u64>>,
    contributors: Option<IgnoredAny>,
    lang: Option<Text<'a>>,
    supplemental_language: Option<Text<'a>>,
    in_reply_to_status_id: Option<u64>,
    in_reply_to_status_id_str: Option<Text<'a>>,
    in_reply_to_user_id: Option<u64>,
    in_reply_to_user_id_str: Option<Text<'a>>,
    in_reply_to_screen_name: Option<Text<'a>>,
    quoted_status_id: Option<u64>,
    quoted_status_id_str: Option<Text<'a>>,
    quoted_status: Option<Box<Tweet<'a>>>,
    quoted_status_permalink: Option<Permalink<'a>>,
    is_quote_status: Option<bool>,
    current_user_retweet: Option<IgnoredAny>,
    self_thread: Option<IgnoredAny>,
    retweeted_status: Option<Box<Tweet<'a>>>,
    pub(super) extended_tweet: Option<ExtendedTweet<'a>>,
    entities: Option<Entities<'a>>,
    extended_entities: Option<Entities<'a>>,
    display_text_range: Option<[u64; 2]>,
    quote_count: Option<u64>,
    reply_count: Option<u64>,
    retweet_count: Option<u64>,
    favorite_count: Option<u64>,
    favorited: Option<bool>,
    retweeted: Option<bool>,
    possibly_sensitive: Option<bool>,
    possibly_sensitive_appealable: Option<bool>,
    possibly_sensitive_editable: Option<bool>,
    filter_level: Option<Text<'a>>,
    matching_rules: Option<IgnoredAny>,
    metadata: Option<IgnoredAny>,
    card_uri: Option<Text<'a>>,
    scopes: Option<IgnoredAny>,
    withheld_copyright: Option<bool>,
    #[serde(default)]
    withheld_in_countries: Vec<Text<'a>>,
    withheld_scope: Option<Text<'a>>,
    place: Option<Place<'a>>,
    coordinates: Option<IgnoredAny>,
    geo: Option<IgnoredAny>,
    edit_history: Option<EditHistory<'a>>,
    edit_controls: Option<EditControls<'a>>,
    editable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, I: Deserialize<'de>"))]
pub(super) struct User<'a, I> {
    id: Option<I>,
    id_str: Option<Text<'a>>,
    name: Option<Text<'a>>,
    #[serde(alias = "username")]
    screen_name: Option<Text<'a>>,
    location: Option<Text<'a>>,
    description: Option<Text<'a>>,
    url: Option<Text<'a>>,
    entities: Option<IgnoredAny>,
    protected: Option<bool>,
    verified: Option<bool>,
    #[serde(alias = "created_timestamp")]
    created_at: Option<Text<'a>>,
    followers_count: Option<u64>,
    friends_count: Option<u64>,
    listed_count: Option<u64>,
    favourites_count: Option<u64>,
    statuses_count: Option<u64>,
    lang: Option<Text<'a>>,
    time_zone: Option<Text<'a>>,
    utc_offset: Option<f64>,
    geo_enabled: Option<bool>,
    profile_location: Option<Box<Place<'a>>>,
    derived: Option<IgnoredAny>,
    status: Option<Box<Tweet<'a>>>,
    default_profile: Option<bool>,
    default_profile_image: Option<bool>,
    has_extended_profile: Option<bool>,
    profile_image_url: Option<Text<'a>>,
    profile_image_url_https: Option<Text<'a>>,
    profile_banner_url: Option<Text<'a>>,
    profile_background_color: Option<Text<'a>>,
    profile_background_image_url: Option<Text<'a>>,
    profile_background_image_url_https: Option<Text<'a>>,
    profile_background_tile: Option<bool>,
    profile_use_background_image: Option<bool>,
    profile_link_color: Option<Text<'a>>,
    profile_sidebar_border_color: Option<Text<'a>>,
    profile_sidebar_fill_color: Option<Text<'a>>,
    profile_text_color: Option<Text<'a>>,
    following: Option<bool>,
    follow_request_sent: Option<bool>,
    notifications: Option<bool>,
    live_following: Option<bool>,
    muting: Option<bool>,
    blocking: Option<bool>,
    blocked_by: Option<bool>,
    suspended: Option<bool>,
    needs_phone_verification: Option<bool>,
    contributors_enabled: Option<bool>,
    is_translator: Option<bool>,
    is_translation_enabled: Option<bool>,
    translator_type: Option<Text<'a>>,
    #[serde(default)]
    withheld_in_countries: Vec<Text<'a>>,
    withheld_scope: Option<Text<'a>>,
}
