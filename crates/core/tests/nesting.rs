//! Deeply nested bodies are read without a deep stack.

use crate::support::{changed, deliver, event};
use birdhook_core::EventKind;
use birdhook_core::schema::v1::Payload;

const DEPTH: usize = 100_000;

fn brackets() -> [String; 3] {
    let deep = |open: &str, inner: &str, close: &str| open.repeat(DEPTH) + inner + &close.repeat(DEPTH);
    [deep("[", "", "]"), deep("{\"a\":", "0", "}"), deep("[{\"id\":", "null", "}]")]
}

/// Returns the fixture with `deep` as the value of one member.
fn with(name: &str, pointer: &str, deep: &str) -> String {
    changed(name, pointer, "@DEEP@").replace("\"@DEEP@\"", deep)
}

#[test]
fn unknown_members_may_nest_deeply() {
    for deep in brackets() {
        for pointer in ["/something_new", "/tweet_create_events/0/something_new", "/tweet_create_events/0/user/new"] {
            let event = event(with("tweet_mention", pointer, &deep));
            assert_eq!(event.kind(), EventKind::PostCreated, "{pointer}");
            let Payload::TweetCreate(tweet) = event.v1() else { panic!("{pointer}") };
            assert_eq!(tweet.id(), Some("1632094811998265345"), "{pointer}");
        }
    }
}

#[test]
fn known_members_may_nest_deeply() {
    for deep in brackets() {
        for (pointer, kind) in [
            ("/for_user_id", EventKind::PostCreated),
            ("/users", EventKind::PostCreated),
            ("/user_has_blocked", EventKind::PostCreated),
            ("/tweet_create_events/0/user", EventKind::PostCreated),
            ("/tweet_create_events/0/text", EventKind::PostCreated),
            ("/tweet_create_events/0/source", EventKind::PostCreated),
            ("/tweet_create_events/0/status", EventKind::PostCreated),
            ("/tweet_create_events/0/created_at", EventKind::PostCreated),
            ("/tweet_create_events/0/id", EventKind::PostCreated),
            ("/tweet_create_events/0", EventKind::Unknown),
            ("/tweet_create_events/0/entities/urls", EventKind::PostCreated),
        ] {
            let event = event(with("tweet_mention", pointer, &deep));
            assert_eq!(event.kind(), kind, "{pointer}");
            let _ = (event.v1(), event.user("1"));
            assert_eq!(serde_json::to_string(&event).unwrap(), event.raw().as_str());
        }
    }
}

#[test]
fn a_deep_body_is_one_unknown_event() {
    for deep in brackets() {
        for body in
            [format!("{{\"x\":{deep}}}"), format!("{{\"x_events\":{deep}}}"), format!("{{\"user_event\":{deep}}}")]
        {
            let delivery = deliver(&body);
            assert_eq!(delivery.events().len(), 1);
            assert_eq!(delivery.events()[0].kind(), EventKind::Unknown);
            assert_eq!(delivery.body().as_str(), body);
        }
    }
}
