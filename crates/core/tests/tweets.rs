//! Posts, likes and deletions, field by field.

use crate::support::{changed, event, fixture, value};
use birdhook_core::schema::v1::{Payload, Tweet};
use birdhook_core::{ApiSource, Direction, Event, EventKind, Timestamp};

fn tweet(event: &Event) -> Box<Tweet<'_>> {
    let Payload::TweetCreate(tweet) = event.v1() else { panic!("no post") };
    tweet
}

fn at(millis: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millis(millis))
}

#[test]
fn a_mention() {
    let event = event(fixture("tweet_mention"));
    assert_eq!((event.kind(), event.name(), event.app()), (EventKind::PostCreated, "tweet_create_events", "bees"));
    assert_eq!((event.kind().as_str(), event.api_source()), ("post_created", ApiSource::AccountActivity));
    assert_eq!((event.subscriber(), event.user_has_blocked()), (Some("2200440066008801"), Some(false)));
    assert_eq!(event.occurred_at(), at(1_677_956_733_123), "to the millisecond, not from created_at");
    assert_eq!((event.direction(), event.source_app_id()), (None::<Direction>, None));
    assert!(event.user("71").is_none() && event.source_app().is_none());

    let tweet = tweet(&event);
    assert_eq!(tweet.id(), Some("1632094811998265345"));
    assert_eq!(tweet.id.as_deref(), Some("1632094811998265345"), "a number above 2^53 is not rounded");
    assert_eq!(tweet.text.as_deref().unwrap().matches("&amp;").count(), 1);
    assert_eq!(tweet.full_text().unwrap(), "@wren_ashdown café at 5 & bring #honey $HIVE https://t.co/aaaa 🐝");
    assert_eq!(
        tweet.source.as_deref().unwrap(),
        r#"<a href="https://app.example" rel="nofollow">Heron for Desktop</a>"#
    );
    assert_eq!((tweet.created_at, tweet.timestamp_ms), (at(1_677_956_733_000), at(1_677_956_733_123)));
    assert_eq!(tweet.posted_at(), at(1_677_956_733_123));
    assert_eq!((tweet.truncated, tweet.possibly_sensitive, tweet.favorited), (Some(false), Some(false), Some(false)));
    assert_eq!(tweet.display_text_range, Some([14, 60]));
    assert_eq!((tweet.quote_count, tweet.reply_count), (Some(1), Some(2)));
    assert_eq!((tweet.retweet_count, tweet.favorite_count), (Some(3), Some(4)));
    assert_eq!((tweet.lang.as_deref(), tweet.filter_level.as_deref()), (Some("en"), Some("low")));
    assert!(tweet.in_reply_to().is_none() && tweet.place.is_none() && tweet.coordinates.is_none());

    let entities = tweet.full_entities().unwrap();
    assert_eq!(entities.hashtags[0].text.as_deref(), Some("honey"));
    assert_eq!(entities.hashtags[0].indices, Some([34, 40]));
    assert_eq!(entities.symbols[0].text.as_deref(), Some("HIVE"));
    let mention = &entities.user_mentions[0];
    assert_eq!((mention.id(), mention.screen_name.as_deref()), (Some("2200440066008801"), Some("wren_ashdown")));
    assert_eq!((mention.name.as_deref(), mention.indices), (Some("Wren Ashdown 🐝"), Some([0, 13])));
    let url = &entities.urls[0];
    assert_eq!(url.url.as_deref(), Some("https://t.co/aaaa"), "slashes are escaped on the wire");
    assert_eq!(url.expanded_url.as_deref(), Some("https://hive.example/today"));
    assert_eq!((url.display_url.as_deref(), url.indices), (Some("hive.example/today"), Some([47, 64])));
}

#[test]
fn the_author_has_the_full_shape() {
    let event = event(fixture("tweet_mention"));
    let author = tweet(&event).user.unwrap();
    assert_eq!((author.id(), author.id.as_deref(), author.id_str.as_deref()), (Some("71"), Some("71"), Some("71")));
    assert_eq!((author.name.as_deref(), author.screen_name.as_deref()), (Some("Otto Ferrand"), Some("ottoferrand")));
    assert_eq!((author.verified, author.protected, author.location.as_deref()), (Some(true), Some(false), None));
    assert_eq!(author.description.as_deref(), Some("Keeps bees & <maps>"));
    assert_eq!(author.url.as_deref(), Some("https://wren.example/"));
    assert_eq!(author.created_at, at(1_329_208_200_000));
    assert_eq!((author.followers_count, author.friends_count, author.listed_count), (Some(311), Some(87), Some(4)));
    assert_eq!((author.favourites_count, author.statuses_count), (Some(1204), Some(5521)));
    assert_eq!((author.geo_enabled, author.default_profile), (Some(true), Some(true)));
    assert_eq!((author.default_profile_image, author.utc_offset, author.lang), (Some(false), None, None));
    assert_eq!(author.profile_image_url_https.as_deref(), Some("https://img.example/wren_normal.jpg"));
    assert_eq!(author.profile_image_url.as_deref(), Some("http://img.example/wren_normal.jpg"));
    assert_eq!(author.profile_banner_url.as_deref(), Some("https://img.example/banner/wren"));
    assert_eq!(author.withheld_in_countries, ["XA", "XB"]);
}

#[test]
fn a_reply_from_a_place() {
    let event = event(fixture("tweet_reply"));
    assert_eq!((event.subscriber(), event.user_has_blocked()), (Some("71"), Some(false)));
    let tweet = tweet(&event);
    assert_eq!(tweet.in_reply_to(), Some("1632094811998265345"));
    assert_eq!(tweet.in_reply_to_status_id.as_deref(), Some("1632094811998265345"));
    assert_eq!(tweet.in_reply_to_user_id.as_deref(), Some("71"));
    assert_eq!(tweet.in_reply_to_user_id_str.as_deref(), Some("71"));
    assert_eq!(tweet.in_reply_to_screen_name.as_deref(), Some("ottoferrand"));
    let place = tweet.place.as_ref().unwrap();
    assert_eq!((place.id.as_deref(), place.place_type.as_deref()), (Some("0a1b2c3d4e5f6071"), Some("city")));
    assert_eq!((place.name.as_deref(), place.full_name.as_deref()), (Some("Port Elm"), Some("Port Elm, Northshire")));
    assert_eq!((place.country.as_deref(), place.country_code.as_deref()), (Some("Northland"), Some("XN")));
    assert_eq!(tweet.coordinates.as_ref().unwrap().coordinates.unwrap(), [-3.25, 54.2]);
    assert_eq!(tweet.geo.as_ref().unwrap().coordinates.unwrap(), [54.2, -3.25]);
}

#[test]
fn an_extended_post() {
    let event = event(fixture("tweet_extended"));
    let tweet = tweet(&event);
    assert_eq!(tweet.truncated, Some(true));
    assert!(tweet.text.as_deref().unwrap().ends_with("… https://t.co/bbbb"));
    let whole = tweet.full_text().unwrap();
    assert!(whole.starts_with("The whole report: ") && whole.ends_with("a < b & done"), "{whole}");
    assert!(tweet.extended_tweet.as_ref().unwrap().full_text.as_deref().unwrap().ends_with("a &lt; b &amp; done"));
    assert_eq!(tweet.entities.as_ref().unwrap().hashtags.len(), 0);

    let entities = tweet.full_entities().unwrap();
    assert_eq!(entities.hashtags[0].text.as_deref(), Some("report"), "of the whole text");
    let photo = &entities.media[0];
    assert_eq!((photo.id(), photo.kind.as_deref()), (Some("1632099990000000123"), Some("photo")));
    assert_eq!(photo.media_url_https.as_deref(), Some("https://img.example/m1.jpg"));
    let thumb = &photo.sizes[&"thumb".into()];
    assert_eq!((thumb.w, thumb.h, thumb.resize.as_deref()), (Some(150), Some(150), Some("crop")));
    assert_eq!(photo.sizes.len(), 2);

    let video = &tweet.extended_tweet.as_ref().unwrap().extended_entities.as_ref().unwrap().media[0];
    assert_eq!((video.kind.as_deref(), video.ext_alt_text.as_deref()), (Some("video"), Some("Bees at the door")));
    let info = video.video_info.as_ref().unwrap();
    assert_eq!((info.duration_millis, info.aspect_ratio), (Some(30_033), Some([16, 9])));
    assert_eq!((info.variants[0].bitrate, info.variants[1].bitrate), (None, Some(832_000)));
    assert_eq!(info.variants[1].content_type.as_deref(), Some("video/mp4"));
    assert_eq!(info.variants[1].url.as_deref(), Some("https://vid.example/v1.mp4"));

    let history = tweet.edit_history.as_ref().unwrap();
    assert_eq!(history.initial_tweet_id.as_deref(), Some("1632099000000000700"));
    assert_eq!(history.edit_tweet_ids, ["1632099000000000700", "1632100000000000777"]);
    let controls = tweet.edit_controls.as_ref().unwrap();
    assert_eq!((controls.editable_until_ms, controls.edits_remaining.as_deref()), (at(1_677_961_600_555), Some("4")));
    assert_eq!(tweet.editable, Some(true));
}

#[test]
fn a_quote_and_a_repost_contain_the_other_post() {
    let quote = event(fixture("tweet_quote"));
    let quote = tweet(&quote);
    assert_eq!((quote.is_quote_status, quote.quoted_status_id.as_deref()), (Some(true), Some("1631000000000000009")));
    assert_eq!(quote.quoted_status_id_str.as_deref(), Some("1631000000000000009"));
    let quoted = quote.quoted_status.as_ref().unwrap();
    assert_eq!((quoted.id(), quoted.full_text().unwrap()), (Some("1631000000000000009"), "Swarm season opens".into()));
    assert_eq!(quoted.user.as_ref().unwrap().id(), Some("2200440066008801"));
    let link = quote.quoted_status_permalink.as_ref().unwrap();
    assert_eq!(link.url.as_deref(), Some("https://t.co/dddd"));
    assert_eq!(link.expanded.as_deref(), Some("https://posts.example/wren_ashdown/1631000000000000009"));
    assert_eq!(link.display.as_deref(), Some("posts.example/wren_ashdown/1631…"));

    let repost = event(fixture("tweet_retweet"));
    assert_eq!(repost.user_has_blocked(), Some(true), "the documentation's second name for it");
    let repost = tweet(&repost);
    assert!(repost.quoted_status.is_none());
    assert_eq!(repost.retweeted_status.as_ref().unwrap().posted_at(), at(1_677_700_000_000));
}

#[test]
fn author_blocked_is_read_from_a_boolean_or_text() {
    for (to, expected) in [
        (value("true"), Some(true)),
        (value("false"), Some(false)),
        (value("\"true\""), Some(true)),
        (value("\"false\""), Some(false)),
        (value("null"), None),
        (value("\"maybe\""), None),
        (value("1"), None),
        (value("{}"), None),
    ] {
        for name in ["/user_has_blocked", "/is_blocked_by"] {
            let body = changed("tweet_extended", name, to.clone());
            assert_eq!(event(body).user_has_blocked(), expected, "{name} {to}");
        }
    }
    assert_eq!(event(fixture("tweet_extended")).user_has_blocked(), None);
}

#[test]
fn a_post_may_have_only_a_numeric_id() {
    let body = r#"{"for_user_id":1050118621198921729,"tweet_create_events":[{"id":1050118621198921729,"text":"a"}]}"#;
    let event = event(body);
    assert_eq!((event.kind(), event.subscriber()), (EventKind::PostCreated, Some("1050118621198921729")));
    assert_eq!(tweet(&event).id(), Some("1050118621198921729"));
    assert_eq!(event.occurred_at(), None);
}

#[test]
fn the_textual_id_takes_precedence() {
    let rounded = changed("tweet_mention", "/tweet_create_events/0/id", 1_632_094_811_998_265_300_u64);
    let (rounded, right) = (event(rounded), event(fixture("tweet_mention")));
    assert_eq!((rounded.delivery_key(), tweet(&rounded).id()), (right.delivery_key(), Some("1632094811998265345")));
}

#[test]
fn created_at_is_the_time_without_milliseconds() {
    let without = event(changed("tweet_mention", "/tweet_create_events/0/timestamp_ms", value("null")));
    assert_eq!(without.occurred_at(), at(1_677_956_733_000));
    assert_eq!(tweet(&without).posted_at(), at(1_677_956_733_000));
}

#[test]
fn extended_text_without_its_object_is_the_full_text() {
    let with = |member: &str| event(changed("tweet_mention", &format!("/tweet_create_events/0/{member}"), "1 &gt; 0"));
    assert_eq!(tweet(&with("full_text")).full_text().unwrap(), "1 > 0");
    assert_eq!(tweet(&with("text")).full_text().unwrap(), "1 > 0");
    let neither = event(r#"{"tweet_create_events":[{"id":1}]}"#);
    assert_eq!(tweet(&neither).full_text(), None);
}

#[test]
fn a_like() {
    let event = event(fixture("favorite"));
    assert_eq!((event.kind(), event.name()), (EventKind::Liked, "favorite_events"));
    assert_eq!(event.occurred_at(), at(1_677_960_001_789));
    let Payload::Favorite(like) = event.v1() else { panic!("no like") };
    assert_eq!(like.id.as_deref(), Some("5f0c9a7be1d2c3b4a5968778695a4b3c"));
    assert_eq!((like.created_at, like.timestamp_ms), (at(1_677_960_001_000), at(1_677_960_001_789)));
    assert_eq!(like.favorited_status.as_ref().unwrap().id(), Some("1631000000000000009"));
    assert_eq!(like.user.as_ref().unwrap().screen_name.as_deref(), Some("ottoferrand"));
}

#[test]
fn a_deletion() {
    let event = event(fixture("tweet_delete"));
    assert_eq!((event.kind(), event.name()), (EventKind::PostDeleted, "tweet_delete_events"));
    assert_eq!(event.occurred_at(), at(1_678_000_000_123));
    let Payload::TweetDelete(deletion) = event.v1() else { panic!("no deletion") };
    let status = deletion.status.as_ref().unwrap();
    assert_eq!(status.id.as_deref(), Some("1632094811998265345"));
    assert_eq!(status.user_id.as_deref(), Some("2200440066008801"));
    assert_eq!(deletion.timestamp_ms, at(1_678_000_000_123));
}

/// One half of a pair must never take the position of the other.
#[test]
fn a_pair_is_read_only_if_complete() {
    for (pair, read) in [("[3,5]", Some([3, 5])), ("[null,5]", None), ("[3]", None), ("[3,5,7]", None), ("{}", None)] {
        let body =
            format!(r#"{{"for_user_id":"1","tweet_create_events":[{{"id_str":"1","display_text_range":{pair}}}]}}"#);
        let event = event(&body);
        let Payload::TweetCreate(tweet) = event.v1() else { panic!("{pair}") };
        assert_eq!(tweet.display_text_range, read, "{pair}");
    }
}
