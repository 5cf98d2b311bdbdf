//! Guarantees of a scene.

use birdhook_core::{Activity, DedupeScope, EventKind, PostRelation};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::read_back::{relation, text};
use super::*;

#[test]
fn two_subscribers_of_a_conversation_get_the_same_content() {
    each(|kind, _, mock_event| {
        if kind.account_activity().is_none() || kind == MockEventKind::Revoke {
            return;
        }
        let turned = mock_event.subscribers(mock_event.other());
        for generation in kind.api_sources() {
            let [mine, theirs] = [&mock_event, &turned].map(|reply| event(reply, *generation));
            assert_eq!(theirs.subscriber(), Some(mock_event.other()));
            assert_eq!(theirs.kind(), turned.kind().event_kind());
            assert_eq!(
                mine.content_key_in(DedupeScope::Conversation),
                theirs.content_key_in(DedupeScope::Conversation)
            );
            assert_ne!(mine.delivery_key(), theirs.delivery_key());
            if let Activity::PostCreated(new) = theirs.activity()
                && kind != MockEventKind::Post
            {
                assert_eq!(new.relation, Some(PostRelation::Own));
            }
        }
        let expected = match kind {
            _ if relation(kind).is_some() => MockEventKind::Post,
            MockEventKind::MessageReceived => MockEventKind::MessageSent,
            MockEventKind::MessageSent => MockEventKind::MessageReceived,
            _ => kind,
        };
        assert_eq!(turned.kind(), expected);
        assert_eq!(
            (turned.id(), turned.text(), turned.actor()),
            (mock_event.id(), mock_event.text(), mock_event.actor())
        );
    });
}

#[test]
fn a_batch_is_one_body_with_many_events() {
    for member in ["tweet_create_events", "direct_message_events", "follow_events", "favorite_events"] {
        let mut scene = PayloadGenerator::new(3);
        let kinds = MockEventKind::ALL.iter().filter(|kind| kind.account_activity() == Some(member));
        let mock_events: Vec<_> = kinds.cycle().take(7).map(|kind| scene.event(*kind, SUBSCRIBER)).collect();
        let events = deliver(&MockEvent::batch(&mock_events).unwrap()).into_events();
        assert_eq!(events.len(), 7, "{member}");
        for (event, mock_event) in events.iter().zip(&mock_events) {
            assert_eq!(event.delivery_key(), self::event(mock_event, AccountActivity).delivery_key(), "{member}");
            assert_eq!(event.kind(), mock_event.kind().event_kind());
            assert!(event.activity().actor().unwrap().handle.is_some(), "{member}");
        }
    }
    let mut scene = PayloadGenerator::new(3);
    let mut one = |kind| scene.event(kind, SUBSCRIBER);
    let (like, follow, revoke, bio) =
        (one(MockEventKind::Like), one(MockEventKind::Follow), one(MockEventKind::Revoke), one(MockEventKind::Bio));
    assert_eq!(MockEvent::batch([]), None);
    assert_eq!(MockEvent::batch([&like, &follow]), None);
    assert_eq!(MockEvent::batch([&like, &like.subscribers(like.other())]), None);
    assert_eq!(MockEvent::batch([&revoke, &revoke]), None);
    assert_eq!(MockEvent::batch([&bio]), None);
    assert_eq!(MockEvent::batch([&revoke]), revoke.reported_by(AccountActivity));
}

#[test]
fn a_test_can_set_the_other_user_and_the_text() {
    let said = "Is 3 < 4 & who is @somebody_else? #maths https://maths.example/three 🐝";
    let kinds = "post.create post.mention.create post.reply.create post.quote.create dm.received broadcast.chat";
    for kind in kinds.split(' ').map(|name| name.parse::<MockEventKind>().unwrap()) {
        let mock_event = PayloadGenerator::new(5).event(kind, SUBSCRIBER).with_other("3003").with_text(said);
        for generation in kind.api_sources() {
            let event = event(&mock_event, *generation);
            let activity = event.activity();
            let text = text(&activity).unwrap();
            let is_plain = kind == MockEventKind::BroadcastChat;
            let (begin, end) = said.split_once("https://maths.example/three").unwrap();
            assert!(text.contains(begin) && (is_plain || text.contains("https://t.co/")), "{kind}: {text}");
            assert!(text.contains(end), "{kind}: {text}");
            assert_eq!(mock_event.text(), Some(text), "{kind}");
            if kind != MockEventKind::Post {
                assert_eq!(id(activity.actor()).as_deref(), Some("3003"), "{kind}");
            }
            if let Some(post) = activity.post() {
                assert!(post.hashtags.iter().any(|tag| tag == "maths"), "{kind}");
                let handle = post.mentions.last().unwrap().handle.as_deref();
                assert_eq!(handle, Some("somebody_else"), "{kind}");
                let leads = |link: &birdhook_core::activity::Link<'_>| {
                    link.expanded_url.as_deref() == Some("https://maths.example/three")
                };
                assert!(post.links.iter().any(leads), "{kind}");
            }
        }
    }
    let liked = PayloadGenerator::new(5).event(MockEventKind::Like, SUBSCRIBER).with_text("tea");
    assert_eq!(text(&event(&liked, AccountActivity).activity()).as_deref(), Some("tea"));
}

/// Non-numeric ids and unusual times still give valid bodies.
#[test]
fn generates_events_for_unusual_subscribers_and_times() {
    for millis in [0, 1_000, -5_000, 4_102_444_800_000, 32_503_680_000_000] {
        let mut scene = PayloadGenerator::new(1).at(Timestamp::from_millis(millis));
        for kind in MockEventKind::ALL {
            let mock_event = scene.event(*kind, "wren \"& 🐝");
            for generation in kind.api_sources() {
                let event = event(&mock_event, *generation);
                assert_eq!(event.kind(), kind.event_kind(), "{kind} at {millis}");
                assert_ne!(event.kind(), EventKind::Unknown);
            }
        }
    }
}

#[test]
fn a_user_is_the_same_in_every_event_of_a_generator() {
    let mut scene = PayloadGenerator::new(9);
    let mut people = BTreeMap::new();
    for kind in MockEventKind::ALL.iter().cycle().take(400) {
        let mock_event = scene.event(*kind, SUBSCRIBER);
        for generation in kind.api_sources() {
            let event = event(&mock_event, *generation);
            let activity = event.activity();
            for user in [activity.actor(), activity.target()].into_iter().flatten().filter(|user| user.handle.is_some())
            {
                let json = serde_json::to_value((&user.handle, &user.name, &user.followers, &user.picture)).unwrap();
                let known = people.entry(user.id.as_deref().unwrap().to_owned()).or_insert_with(|| json.clone());
                assert_eq!(*known, json, "{kind}");
            }
        }
    }
    assert!(people.len() > 10 && people.len() < 30, "{} people", people.len());
}

#[test]
fn event_times_increase() {
    let at = Timestamp::from_millis(1_800_000_000_000);
    let mut scene = PayloadGenerator::new(1).at(at);
    assert_eq!(scene.event(MockEventKind::Like, "1").at(), at);
    let next = scene.now();
    assert!((1_000..3_000).contains(&(next.as_millis() - at.as_millis())));
    scene.advance(Duration::from_secs(60));
    assert_eq!(scene.event(MockEventKind::Like, "1").at().as_millis(), next.as_millis() + 60_000);
}

/// Fails if generated bodies change, because that may break tests of users: such a change must be
/// deliberate.
#[test]
fn the_same_seed_generates_the_same_bodies() {
    let all = |seed: u64| {
        let mut scene = PayloadGenerator::new(seed);
        let mock_events: Vec<_> = MockEventKind::ALL.iter().map(|kind| scene.event(*kind, SUBSCRIBER)).collect();
        let reply = mock_events.iter().flat_map(|mock_event| {
            mock_event.kind().api_sources().iter().map(|generation| mock_event.reported_by(*generation).unwrap())
        });
        reply.collect::<Vec<_>>().concat()
    };
    let bodies = all(1);
    assert_eq!(bodies, all(1));
    assert_ne!(bodies, all(2));
    // The signature serves as a hash of all bodies.
    assert_eq!(sign(&Secret::new("pinned").unwrap(), &bodies), "sha256=3kzjyFJx6QSQgg+wi9kyYn99R7l4ckVbdhfonOWFXEA=");
}

/// Relations such as follows have no ids, so only their delivery keys differ.
#[test]
fn no_two_events_of_a_generator_share_a_key_or_an_id() {
    for seed in 0..SEEDS {
        let mut scene = PayloadGenerator::new(seed);
        let (mut keys, mut ids, mut last) = (BTreeMap::new(), BTreeSet::new(), 0);
        for round in 0..4 {
            for kind in MockEventKind::ALL {
                let mock_event = scene.event(*kind, SUBSCRIBER);
                let what = format!("{kind} in round {round} of seed {seed}");
                if let Some(id) = mock_event.id() {
                    assert!(ids.insert(id), "{what} has an id that another has");
                }
                if let (Some(id), true) = (mock_event.id(), relation(*kind).is_some()) {
                    let id: u64 = id.parse().unwrap();
                    assert!(id > last && id > 1 << 53, "{what}: {id} after {last}");
                    last = id;
                }
                for generation in kind.api_sources() {
                    let event = event(&mock_event, *generation);
                    let mut reply = vec![event.delivery_key()];
                    if !event.lacks_unique_id()
                        && event.content_key() != event.delivery_key()
                        && *generation == XActivity
                    {
                        reply.push(event.content_key());
                    }
                    for key in reply {
                        let other = keys.insert(key, what.clone());
                        // In the Account Activity API, the delivery key is also the content key.
                        assert!(other.is_none() || other.as_ref() == Some(&what), "{what} has the key of {other:?}");
                    }
                }
            }
        }
    }
}
