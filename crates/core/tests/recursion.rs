//! Recursive types, such as posts that contain posts, fit into a thread's default stack, even in a
//! debug build.

use crate::support::{changed, event};
use birdhook_core::EventKind;
use birdhook_core::schema::v1::{Payload, Tweet};
use birdhook_core::schema::v2::Data;

/// Recursive types need a bounded stack that fits into the default 2 MB of a thread.
#[test]
fn posts_may_quote_posts_to_any_depth() {
    for member in ["quoted_status", "retweeted_status"] {
        for depth in [1, 10, 60, 100, 120, 126, 127, 128, 200, 20_000] {
            let quoted = format!("{{\"id_str\":\"1\",\"{member}\":").repeat(depth) + "null" + &"}".repeat(depth);
            let body = changed("tweet_quote", &format!("/tweet_create_events/0/{member}"), "@DEEP@");
            let event = event(body.replace("\"@DEEP@\"", &quoted));
            assert_eq!(event.kind(), EventKind::PostCreated, "{depth}");
            match event.v1() {
                Payload::TweetCreate(tweet) => assert_eq!(tweet.id(), Some("1632200000000000010"), "{depth}"),
                other => assert!(matches!(other, Payload::Unknown(_)) && depth > 100, "{depth}"),
            }
        }
    }
}

/// Reads each kind of recursion on a thread with a quarter of the default stack.
#[test]
fn posts_users_and_places_may_contain_each_other_to_any_depth() {
    let ways = [
        (r#"{"quoted_status":"#, "}"),
        (r#"{"extended_tweet":{},"user":{"id":1},"retweeted_status":"#, "}"),
        (r#"{"user":{"status":"#, "}}"),
        (r#"{"entities":{"media":[{"additional_media_info":{"source_user":{"status":"#, "}}}]}}"),
        (r#"{"user":{"profile_location":{"contained_within":[{"contained_within":["#, "]}]}}}"),
    ];
    for (open, close) in ways {
        let read = move || {
            for depth in [1, 2, 3, 6, 12, 13, 20] {
                let json = open.repeat(depth) + "{}" + &close.repeat(depth);
                let tweet: Tweet<'_> = serde_json::from_str(&json).unwrap();
                assert_ne!(tweet, Tweet::default(), "{json}");
            }
        };
        let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(read).unwrap();
        thread.join().unwrap();
    }
    let mut users = r#"{"data":"#.repeat(100) + r#"{"id":"1"}"# + &"}".repeat(100);
    users = format!(r#"{{"payload":{{"users":{{"1":{users}}}}}}}"#);
    let read = move || assert!(serde_json::from_str::<Data<'_>>(&users).is_ok());
    std::thread::Builder::new().stack_size(512 * 1024).spawn(read).unwrap().join().unwrap();
}

#[test]
fn an_object_inside_twelve_others_is_absent() {
    let quoted = |depth: usize| {
        let json = r#"{"id":1,"quoted_status":"#.repeat(depth) + "{}" + &"}".repeat(depth);
        let tweet: Tweet<'_> = serde_json::from_str(&json).unwrap();
        std::iter::successors(Some(&tweet), |tweet| tweet.quoted_status.as_deref()).count()
    };
    assert_eq!([10, 11, 12, 100].map(quoted), [11, 12, 12, 12]);
}
