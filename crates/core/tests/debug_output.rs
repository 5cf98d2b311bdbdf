//! Printed values contain useful information. Without these tests, `privacy.rs` would accept empty
//! output.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::time::Duration;

use crate::support::{SECRET, endpoint, secret};
use birdhook_core::crc::TokenError;
use birdhook_core::signature::{self, SignatureError};
use birdhook_core::{
    ApiSource, DedupeWindow, Direction, EventKey, EventKind, HeadResult, Outcome, Reply, RequestHead, SecretError,
    SecretKind, Timestamp,
};
use serde::Serialize;

#[test]
fn errors_print_the_same_text_as_display_and_debug() {
    let errors: [(&dyn Error, &str); 9] = [
        (&SignatureError::Malformed, "the signature is not 'sha256=' and the base64 of 32 bytes"),
        (&SignatureError::Wrong, "the signature does not match"),
        (&TokenError::Missing, "crc_token is missing"),
        (&TokenError::Empty, "crc_token is empty"),
        (&TokenError::Repeated, "crc_token is repeated"),
        (&TokenError::TooLong, "crc_token is too long"),
        (&TokenError::Forbidden, "crc_token holds a character that is not signed"),
        (&SecretError::Empty, "the secret is empty; check that its environment variable is set"),
        (
            &SecretError::Character { character: '\u{feff}', position: 1 },
            "the secret holds U+FEFF at position 1: expected printable ASCII without spaces",
        ),
    ];
    for (error, text) in errors {
        assert_eq!((error.to_string(), format!("{error:?}")), (text.to_owned(), text.to_owned()));
    }
}

#[test]
fn a_key_is_64_hexadecimal_digits() {
    let bytes: [u8; 32] = std::array::from_fn(|at| (at * 8 + 5) as u8);
    let key = EventKey::from(bytes);
    assert_eq!(key.to_string(), "050d151d252d353d454d555d656d757d858d959da5adb5bdc5cdd5dde5edf5fd");
    assert_eq!(format!("{key:?}"), format!("EventKey({key})"));
    assert_eq!(*key.as_bytes(), bytes);
}

#[test]
fn a_head_prints_its_method_and_path() {
    let head = RequestHead::new("PATCH", "/hooks/twitter", Some("crc_token=x"));
    assert_eq!(head.method(), "PATCH");
    assert_eq!(format!("{head:?}"), r#"RequestHead { method: "PATCH", path: "/hooks/twitter", .. }"#);
}

#[test]
fn a_reply_prints_its_outcome() {
    assert_eq!(format!("{:?}", Reply::from(Outcome::SinkFull)), "Reply { outcome: SinkFull, .. }");
    for &reason in Outcome::ALL {
        assert_eq!(reason.to_string(), reason.as_str());
    }
    assert_eq!(format!("{:>10}", Outcome::SinkFull), " sink_full", "it can be aligned");
}

#[test]
fn a_body_reader_prints_its_remaining_room() {
    let signed = signature::sign(&secret(SECRET), b"{}");
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(mut reader) = endpoint().begin(&head) else { panic!("refused") };
    reader.push("{".into()).unwrap();
    assert_eq!(format!("{reader:?}"), "BodyReader { room: 1048575, .. }");
}

#[test]
fn a_secret_prints_only_its_type() {
    assert_eq!(format!("{:?}", secret(SECRET)), "Secret(..)");
}

#[test]
fn a_window_prints_its_length_and_capacity() {
    let mut window = DedupeWindow::new(2, Duration::from_secs(1));
    assert!(window.is_empty());
    assert_eq!(format!("{window:?}"), "DedupeWindow { len: 0, capacity: 2, .. }");
    window.insert(&EventKey::from([7; 32]), Duration::ZERO);
    assert!(!window.is_empty());
    assert_eq!((format!("{window:?}"), window.len()), ("DedupeWindow { len: 1, capacity: 2, .. }".to_owned(), 1));
}

#[test]
fn names_are_parsed_displayed_and_serialised_alike() {
    fn check<T: FromStr<Err: Debug> + Display + Serialize + PartialEq + Debug>(
        values: &[T],
        name: fn(&T) -> &'static str,
    ) {
        for value in values {
            assert_eq!(name(value).parse::<T>().unwrap(), *value);
            assert_eq!(value.to_string().parse::<T>().unwrap(), *value);
            assert_eq!(serde_json::to_value(value).unwrap(), name(value));
        }
    }
    check(EventKind::ALL, |kind| kind.as_str());
    check(ApiSource::ALL, |source| source.as_str());
    check(&SecretKind::ALL, |kind| kind.as_str());
    for direction in [Direction::Sent, Direction::Received] {
        assert_eq!(serde_json::to_value(direction).unwrap(), direction.as_str());
        assert_eq!(direction.to_string(), direction.as_str());
    }
    for outcome in Outcome::ALL {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
    }
    let key = EventKey::from([7; 32]);
    assert_eq!(serde_json::to_value(key).unwrap(), key.to_string());
    assert_eq!(key.to_string().parse::<EventKey>().unwrap(), key);
    let time = Timestamp::from_millis(1_570_119_037_000);
    assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
}

#[test]
fn parse_errors_name_the_value_and_what_is_expected() {
    fn check<T: FromStr<Err: Display> + Debug>(text: &str, error: &str) {
        assert_eq!(text.parse::<T>().unwrap_err().to_string(), error);
    }
    check::<EventKind>("post", r#"unknown event kind "post": expected a name such as post_created"#);
    check::<ApiSource>("v2", r#"unknown source API "v2": expected a name such as account_activity"#);
    let time = r#"invalid time "now": expected RFC 3339, for example 2026-07-24T21:05:48Z, or milliseconds"#;
    check::<Timestamp>("now", time);
    check::<EventKey>("00", "invalid event key: expected 64 hexadecimal digits");
    check::<SecretKind>("s3cret", "unknown kind of secret: expected consumer or client");
}
