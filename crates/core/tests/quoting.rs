//! Posts hold posts: a type that holds itself is read within a thread's usual stack, even in a debug build.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use birdhook_core::EventKind;
use birdhook_core::wire::v1::Payload;
use support::{changed, event};

/// Types that hold themselves are read with a stack that is bounded, and fit into a thread's usual two megabytes.
#[test]
fn posts_may_quote_posts_at_will() {
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
