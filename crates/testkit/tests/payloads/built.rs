//! Events that a test builds.

use std::collections::BTreeSet;

use birdhook_core::{ApiSource, EventKind, Timestamp};
use birdhook_testkit::{BuildEventError, event};

/// Kinds that only third parties report, and events that birdhook does not know.
const UNSUPPORTED: [EventKind; 3] = [EventKind::ChatRead, EventKind::ChatTyping, EventKind::Unknown];

#[test]
fn every_known_kind_is_built_and_each_event_has_its_own_key() {
    let mut keys = BTreeSet::new();
    for kind in EventKind::ALL {
        match event(*kind).build() {
            Ok(built) => {
                assert_eq!((built.kind(), built.app()), (*kind, "default"));
                assert!(keys.insert(built.delivery_key()), "{kind}");
                assert!(keys.insert(event(*kind).build().unwrap().delivery_key()), "{kind}");
            }
            Err(error) => {
                assert!(UNSUPPORTED.contains(kind), "{error}");
                assert_eq!(error, BuildEventError::Unsupported { kind: *kind, api: None });
            }
        }
    }
}

#[test]
fn what_a_test_sets_is_what_the_event_returns() {
    for api in [ApiSource::AccountActivity, ApiSource::XActivity] {
        let built = event(EventKind::MessageReceived)
            .api_source(api)
            .subscriber("77")
            .text("Have you got <tea> & cake?")
            .actor_id("123456789012345678")
            .message_id("42")
            .occurred_at(Timestamp::from_millis(1_700_000_000_123))
            .build()
            .unwrap();
        assert_eq!(built.api_source(), api);
        assert_eq!(built.subscriber(), Some("77"));
        assert_eq!(built.text().unwrap(), "Have you got <tea> & cake?");
        assert_eq!(built.actor_id().unwrap(), "123456789012345678");
        assert_eq!(built.message_id().unwrap(), "42");
        assert_eq!(built.occurred_at(), Some(Timestamp::from_millis(1_700_000_000_123)));
        assert_eq!(built.target_id().unwrap(), "77");
    }
    let like = event(EventKind::Liked).post_id("20").actor_handle("wren").target_id("9").build().unwrap();
    assert_eq!(like.post_id().unwrap(), "20");
    assert_eq!(like.actor_handle().unwrap(), "wren");
    assert_eq!((like.target_id().unwrap().as_str(), like.subscriber()), ("9", Some("9")));
    let post = event(EventKind::PostCreated).api_source(ApiSource::XActivity).conversation_id("5").build().unwrap();
    assert_eq!(post.conversation_id().unwrap(), "5");
}

#[test]
fn a_part_that_the_kind_lacks_is_an_error() {
    let missing = |kind, part| BuildEventError::MissingPart { kind, part };
    let error = event(EventKind::Followed).text("hello").build().unwrap_err();
    assert_eq!(error, missing(EventKind::Followed, "text"));
    let error = event(EventKind::Followed).post_id("1").build().unwrap_err();
    assert_eq!(error.to_string(), "an event of the kind followed has no post id, as reported by this API");
    let error = event(EventKind::Liked).api_source(ApiSource::FilteredStream).build().unwrap_err();
    assert_eq!(error.to_string(), "the test kit cannot build liked as reported by filtered_stream");
}
