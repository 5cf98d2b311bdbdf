//! Deliveries restored from a store.

use crate::support::deliver;
use birdhook_core::{DedupeScope, Delivery, Event, EventKey, EventKind};

const ALL: &str = r#"{"for_user_id":"7","tweet_create_events":[{"id_str":"1"},{"id_str":"2"}],"favorite_events":[{"id":"a","user":{"id_str":"8"}}],"tweet_delete_events":[{"status":{"id":"3","user_id":"7"}}]}"#;
const ACTIVITY: &str =
    r#"{"data":{"event_uuid":"5","filter":{"user_id":"7"},"event_type":"post.create","payload":{"id":"2"}}}"#;

#[test]
fn a_restored_delivery_equals_the_original() {
    for body in [ALL, ACTIVITY, r#"{"news":1}"#] {
        let one = deliver(body);
        let other = Delivery::restore(one.app(), one.body().clone().into_bytes(), 10).unwrap();
        assert_eq!((other.app(), other.subscriber(), other.body()), (one.app(), one.subscriber(), one.body()));
        assert_eq!(other.events().len(), one.events().len());
        for (other, one) in other.events().iter().zip(one.events()) {
            assert_eq!((other.kind(), other.api_source(), other.raw()), (one.kind(), one.api_source(), one.raw()));
            assert_eq!(other.index(), one.index());
            for scope in [DedupeScope::Subscription, DedupeScope::Everywhere] {
                assert_eq!(other.delivery_key_in(scope), one.delivery_key_in(scope));
                assert_eq!(other.content_key_in(scope), one.content_key_in(scope));
            }
        }
    }
}

#[test]
fn the_app_is_part_of_restored_keys() {
    let key = |app: &str| Delivery::restore(app, ALL, 10).unwrap().events()[0].delivery_key();
    assert_ne!(key("one"), key("two"));
}

#[test]
fn an_index_does_not_change_when_events_are_removed() {
    let mut delivery = deliver(ALL);
    assert_eq!(delivery.events().iter().map(Event::index).collect::<Vec<_>>(), [0, 1, 2, 3]);
    let third = delivery.events()[2].raw().clone();
    delivery.retain(|event| event.index() % 2 == 0);
    assert_eq!(delivery.events().iter().map(Event::index).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(delivery.events()[1].raw(), &third);
    assert_eq!((delivery.original_len(), delivery.events().len()), (4, 2));
    let whole =
        Delivery::restore(delivery.app(), delivery.body().clone().into_bytes(), delivery.original_len()).unwrap();
    assert_eq!(whole.events()[delivery.events()[1].index()].raw(), &third, "it is found by its place");
    delivery.retain(|_| false);
    assert_eq!((delivery.original_len(), delivery.events().len()), (4, 0));
}

#[test]
fn a_dedupe_key_stays_with_its_event() {
    let mut delivery = deliver(ALL);
    assert_eq!(delivery.events()[0].dedupe_key(), delivery.events()[0].delivery_key(), "none is stored");
    let key = |index: usize| EventKey::from([index as u8; 32]);
    delivery.set_dedupe_keys(|event| key(event.index()));
    delivery.retain(|event| event.index() % 2 == 1);
    assert_eq!(delivery.events().iter().map(Event::dedupe_key).collect::<Vec<_>>(), [key(1), key(3)]);
    let mut event = delivery.into_events().remove(1);
    assert_eq!(Delivery::from(event.clone()).events()[0].dedupe_key(), key(3));
    event.set_dedupe_key(None);
    assert_eq!(event.dedupe_key(), event.delivery_key());
}

#[test]
fn more_events_than_the_limit_are_one_unknown_event() {
    let kinds =
        |limit| Delivery::restore("shop", ALL, limit).unwrap().events().iter().map(Event::kind).collect::<Vec<_>>();
    assert_eq!(kinds(4).len(), 4);
    assert_eq!(kinds(3), [EventKind::Unknown]);
}

#[test]
fn a_body_that_is_not_an_object_is_not_restored() {
    for body in ["", "null", "[]", "[7]", "\"text\"", "7", "{", "{\"a\":1", "\u{feff}{}x", "not json"] {
        assert!(Delivery::restore("shop", body, 10).is_none(), "{body}");
    }
}
