//! Printed values contain useful information. Without these tests, `privacy.rs` would accept empty
//! output.

use std::error::Error;
use std::time::Duration;

use crate::support::{SECRET, endpoint, secret};
use birdhook_core::crc::TokenError;
use birdhook_core::signature::{self, SignatureError};
use birdhook_core::{DedupeWindow, EventKey, HeadResult, Outcome, Reply, RequestHead, SecretError};

#[test]
fn an_error_says_what_is_wrong_however_it_is_printed() {
    let errors: [(&dyn Error, &str); 9] = [
        (&SignatureError::Malformed, "the signature is not 'sha256=' and the base64 of 32 bytes"),
        (&SignatureError::Wrong, "the signature does not match"),
        (&TokenError::Missing, "crc_token is missing"),
        (&TokenError::Empty, "crc_token is empty"),
        (&TokenError::Repeated, "crc_token is repeated"),
        (&TokenError::TooLong, "crc_token is too long"),
        (&TokenError::Forbidden, "crc_token holds a character that is not signed"),
        (&SecretError::Empty, "the secret is empty: is its environment variable set?"),
        (
            &SecretError::Character { character: '\u{feff}', position: 1 },
            "the secret holds U+FEFF at position 1: expected printable ASCII without spaces",
        ),
    ];
    for (error, told) in errors {
        assert_eq!((error.to_string(), format!("{error:?}")), (told.to_owned(), told.to_owned()));
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
fn a_head_tells_its_method_and_path() {
    let head = RequestHead::new("PATCH", "/hooks/twitter", Some("crc_token=x"));
    assert_eq!(head.method(), "PATCH");
    assert_eq!(format!("{head:?}"), r#"RequestHead { method: "PATCH", path: "/hooks/twitter", .. }"#);
}

#[test]
fn an_answer_tells_its_reason() {
    assert_eq!(format!("{:?}", Reply::from(Outcome::SinkFull)), "Reply { reason: SinkFull, .. }");
    for &reason in Outcome::ALL {
        assert_eq!(reason.to_string(), reason.as_str());
    }
    assert_eq!(format!("{:>10}", Outcome::SinkFull), " sink_full", "it stands in columns");
}

#[test]
fn a_body_tells_how_much_more_it_may_be() {
    let signed = signature::sign(&secret(SECRET), b"{}");
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(mut reader) = endpoint().begin(&head) else { panic!("refused") };
    reader.push("{".into()).unwrap();
    assert_eq!(format!("{reader:?}"), "BodyReader { room: 1048575, .. }");
}

#[test]
fn a_secret_tells_nothing_but_that_it_is_one() {
    assert_eq!(format!("{:?}", secret(SECRET)), "Secret(..)");
}

#[test]
fn a_window_tells_how_full_it_is() {
    let mut window = DedupeWindow::new(2, Duration::from_secs(1));
    assert!(window.is_empty());
    assert_eq!(format!("{window:?}"), "DedupeWindow { len: 0, capacity: 2, .. }");
    window.insert(&EventKey::from([7; 32]), Duration::ZERO);
    assert!(!window.is_empty());
    assert_eq!((format!("{window:?}"), window.len()), ("DedupeWindow { len: 1, capacity: 2, .. }".to_owned(), 1));
}
