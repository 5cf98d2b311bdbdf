//! The saved inputs of the fuzz targets, as ordinary tests.

use crate::support::{endpoint, get, post_signed, try_deliver};
use birdhook_core::codec::read;
use birdhook_core::{Apps, EventKey, Outcome, Timestamp};
use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// Returns the inputs of a target. Fails if there are fewer than `least`.
pub(crate) fn corpus(target: &str, least: usize) -> Vec<Vec<u8>> {
    let folder = format!("{}/../../fuzz/corpus/{target}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let files: Vec<_> = files.collect();
    assert!(files.len() >= least, "only {} of {target}", files.len());
    files
}

fn texts(target: &str, least: usize) -> Vec<String> {
    corpus(target, least).into_iter().filter_map(|input| String::from_utf8(input).ok()).collect()
}

#[test]
fn every_accepted_body_is_an_object_and_can_be_written_in_every_format() {
    for body in [corpus("activity", 10), corpus("envelope", 10), corpus("payloads", 5)].concat() {
        let text = std::str::from_utf8(&body).ok();
        // A list is a delivery if one of its elements is an object.
        let is_object = text.is_some_and(|text| match text.trim_start().as_bytes().first() {
            Some(b'{') => serde_json::from_str::<IgnoredAny>(text).is_ok(),
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
                .is_ok_and(|list| list.iter().any(|element| element.get().starts_with('{'))),
            _ => false,
        });
        let delivery = match try_deliver(&body) {
            Ok(delivery) => delivery,
            Err(reason) => {
                assert!(!is_object && reason == Outcome::NotAnObject, "{text:?}");
                continue;
            }
        };
        assert!(is_object && !delivery.events().is_empty(), "{text:?}");
        for (event, again) in delivery.events().iter().zip(try_deliver(&body).unwrap().events()) {
            assert_eq!((event.delivery_key(), event.content_key()), (again.delivery_key(), again.content_key()));
            assert_eq!(serde_json::to_string(event).unwrap(), event.raw().as_str());
            let report = serde_json::to_string(&event.report().with_raw()).unwrap();
            serde_json::from_str::<IgnoredAny>(&report).unwrap();
            let activity = event.activity();
            let _ = (format!("{activity:?} {:?} {:?}", event.v1(), event.v2()), activity.post(), activity.message());
            let _ = (event.includes(), event.matching_rules(), event.user("7"), event.source_app());
        }
    }
}

#[test]
fn a_signed_challenge_is_never_a_delivery() {
    let mut answered = 0;
    for query in texts("crc_query", 5) {
        let reply = get(&endpoint(), &format!("/?{query}"), &[]);
        assert_eq!(reply.status() == 200, reply.outcome() == Outcome::ChallengeAnswered);
        let Some(token) = birdhook_core::crc::token(&query).ok().filter(|_| reply.status() == 200) else { continue };
        answered += 1;
        let posted =
            post_signed(&endpoint(), crate::support::SECRET, token.as_bytes()).map_err(|reply| reply.outcome());
        assert_eq!(posted.map(drop), Err(Outcome::NotAnObject), "{query}");
    }
    assert!(answered > 0);
}

#[test]
fn a_time_survives_writing_and_reading() {
    let times = texts("time", 10);
    let read = times.iter().filter_map(|text| Timestamp::parse(text));
    let read = read.inspect(|time| assert_eq!(Timestamp::parse(&time.to_string()), Some(*time)));
    assert!(read.count() >= 5);
}

#[test]
fn apps_have_unique_names_or_are_rejected() {
    let mut refused = 0;
    for input in texts("apps", 5) {
        match input.split('\0').next().unwrap_or_default().parse::<Apps>() {
            Ok(apps) => {
                let mut names: Vec<_> = apps.iter().map(birdhook_core::App::name).collect();
                names.sort_unstable();
                assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().contains("hunter2"), "{error}");
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn a_message_from_an_engine_is_an_event_or_an_error() {
    let mut events = 0;
    for input in corpus("message", 5) {
        let at = input.windows(2).position(|pair| pair == b"\n\n").unwrap_or(input.len());
        let facts = String::from_utf8_lossy(&input[..at]).into_owned();
        let fact = |wanted: &str| facts.lines().find_map(|line| line.strip_prefix(wanted)?.strip_prefix(": "));
        let payload = Bytes::copy_from_slice(input.get(at + 2..).unwrap_or_default());
        if let Some(Ok(key)) = fact("key").map(str::parse::<EventKey>) {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        match read(payload, fact) {
            Ok(event) => {
                events += 1;
                let position = fact("position").map(|text| text.parse::<usize>().unwrap());
                assert!(position.is_none_or(|position| event.index() == position));
            }
            Err(why) => assert!(why.to_string().starts_with("not a birdhook message")),
        }
    }
    assert!(events >= 3);
}
