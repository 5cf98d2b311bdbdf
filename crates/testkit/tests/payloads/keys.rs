//! Keys and ids of generated events.

use std::collections::{BTreeMap, BTreeSet};

use super::read_back::relation;
use super::*;

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
