//! Replies to a POST that is not a delivery, row by row of the table of replies.

use crate::support::{Headers, SECRET, endpoint, endpoint_with, post, post_signed, secret, try_deliver};
use birdhook_core::{
    App, Apps, BodyReader, Endpoint, EndpointSettings, EventKind, HeadResult, Outcome, Reply, RequestHead, signature,
};
use bytes::Bytes;

const BODY: &str = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;

fn signed(body: &str) -> String {
    signature::sign(&secret(SECRET), body.as_bytes())
}

fn limited(limit: usize) -> Endpoint {
    endpoint_with(App::new("bees", secret(SECRET)), |settings| settings.body_limit = limit)
}

fn begin(endpoint: &Endpoint, headers: Headers<'_>) -> Result<BodyReader, Reply> {
    let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    match endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers)) {
        HeadResult::Reply(reply) => Err(reply),
        HeadResult::Body(reader) => Ok(reader),
    }
}

fn refused(endpoint: &Endpoint, headers: Headers<'_>) -> Reply {
    begin(endpoint, headers).expect_err("the body must not be read")
}

#[test]
fn a_signed_object_is_accepted() {
    let delivery = post(
        &endpoint(),
        &[
            ("Content-Type", "application/json"),
            ("Content-Length", &BODY.len().to_string()),
            ("X-Twitter-Webhooks-Signature", &signed(BODY)),
            ("Finagle-Http-Retryable-Request", ""),
        ],
        [BODY.as_bytes()],
    )
    .unwrap();
    assert_eq!((delivery.app(), delivery.subscriber(), delivery.events().len()), ("bees", Some("1"), 1));
    assert_eq!(delivery.body().as_str(), BODY);
}

#[test]
fn without_apps_a_post_is_503_before_the_body() {
    let reply =
        refused(&Endpoint::new(Apps::none(), EndpointSettings::default()), &[(signature::HEADER, &signed(BODY))]);
    assert_eq!((reply.status(), reply.outcome()), (503, Outcome::NoSecret));
    assert!(reply.headers().any(|header| header == ("retry-after", "3")));
}

#[test]
fn malformed_signatures_are_401_before_the_body() {
    let good = signed(BODY);
    let name = signature::HEADER;
    let cases: [(Headers<'_>, Outcome); 12] = [
        (&[], Outcome::SignatureMissing),
        (&[("x-twitter-webhooks-signature-2", &good)], Outcome::SignatureMissing),
        (&[("x-hub-signature-256", &good)], Outcome::SignatureMissing),
        (&[(name, &good), (name, &good)], Outcome::SignatureRepeated),
        (&[(name, &good), ("X-TWITTER-WEBHOOKS-SIGNATURE", "sha256=")], Outcome::SignatureRepeated),
        (&[(name, &good), (name, &good), (name, &good)], Outcome::SignatureRepeated),
        (&[(name, "")], Outcome::SignatureMalformed),
        (&[(name, "sha256=")], Outcome::SignatureMalformed),
        (&[(name, &good[7..])], Outcome::SignatureMalformed),
        (&[(name, &good[..good.len() - 1])], Outcome::SignatureMalformed),
        (&[(name, &good.replace("sha256", "sha1"))], Outcome::SignatureMalformed),
        (&[(name, &format!("{good}, {good}"))], Outcome::SignatureMalformed),
    ];
    for (headers, reason) in cases {
        let reply = refused(&endpoint(), headers);
        assert_eq!((reply.status(), reply.outcome()), (401, reason), "{headers:?}");
        assert!(reply.body().is_empty() && reply.headers().next().is_none(), "{headers:?}");
    }
}

#[test]
fn a_wrong_signature_has_the_same_reply_as_any_other_401() {
    for (key, message) in [("stranger", BODY), (SECRET, ""), (SECRET, "{}"), (SECRET, &BODY[1..])] {
        let wrong = signature::sign(&secret(key), message.as_bytes());
        let reply = post(&endpoint(), &[(signature::HEADER, &wrong)], [BODY.as_bytes()]).unwrap_err();
        assert_eq!((reply.status(), reply.outcome()), (401, Outcome::SignatureWrong), "{key} {message}");
        assert!(reply.body().is_empty() && reply.headers().next().is_none(), "{key} {message}");
    }
}

#[test]
fn nothing_is_parsed_before_it_is_verified() {
    let wrong = signature::sign(&secret("stranger"), b"not json");
    for body in ["not json", "", "{", BODY] {
        let reply = post(&endpoint(), &[(signature::HEADER, &wrong)], [body.as_bytes()]).unwrap_err();
        assert_eq!(reply.outcome(), Outcome::SignatureWrong, "{body}");
    }
}

#[test]
fn a_length_over_the_limit_is_413_before_the_body() {
    let good = signed(BODY);
    for length in ["101", " 101 ", "18446744073709551616", "99999999999999999999999999"] {
        let reply = refused(&limited(100), &[(signature::HEADER, &good), ("content-length", length)]);
        assert_eq!((reply.status(), reply.outcome()), (413, Outcome::BodyTooLarge), "{length}");
    }
    for length in ["0", "99", "100", "0100"] {
        assert!(begin(&limited(100), &[(signature::HEADER, &good), ("content-length", length)]).is_ok(), "{length}");
    }
    let unsigned = refused(&limited(100), &[("content-length", "101")]);
    assert_eq!(unsigned.outcome(), Outcome::SignatureMissing, "unauthenticated senders do not learn the limit");
}

#[test]
fn an_invalid_length_is_400_before_the_body() {
    let good = signed(BODY);
    for lengths in [&["x"][..], &["-1"], &["1,1"], &[""], &["10", "11"]] {
        let mut headers = vec![(signature::HEADER, good.as_str())];
        headers.extend(lengths.iter().map(|length| ("content-length", *length)));
        let reply = refused(&endpoint(), &headers);
        assert_eq!((reply.status(), reply.outcome()), (400, Outcome::BodyCutOff), "{lengths:?}");
    }
}

#[test]
fn a_body_of_another_length_than_declared_is_400() {
    let good = signed(BODY);
    for promised in [BODY.len() - 1, BODY.len() + 1, 0, BODY.len() * 2] {
        let headers = [(signature::HEADER, good.as_str()), ("content-length", &promised.to_string())];
        for size in [1, 7, BODY.len()] {
            let reply = post(&endpoint(), &headers, BODY.as_bytes().chunks(size)).unwrap_err();
            assert_eq!((reply.status(), reply.outcome()), (400, Outcome::BodyCutOff), "{promised} in chunks of {size}");
        }
        let reply = post(&endpoint(), &headers, [&BODY.as_bytes()[..3]]).unwrap_err();
        assert_eq!(reply.outcome(), Outcome::BodyCutOff, "not 401: the sender may be X itself");
    }
    let wrong = signature::sign(&secret("stranger"), BODY.as_bytes());
    let headers = [(signature::HEADER, wrong.as_str()), ("content-length", &BODY.len().to_string())];
    assert_eq!(post(&endpoint(), &headers, [BODY.as_bytes()]).unwrap_err().outcome(), Outcome::SignatureWrong);
}

#[test]
fn a_body_of_exactly_the_limit_is_accepted() {
    for length in [None, Some(BODY.len())] {
        let headers = |signature: &str| {
            let length = length.map(|length| ("content-length".to_owned(), length.to_string()));
            std::iter::once((signature::HEADER.to_owned(), signature.to_owned())).chain(length).collect::<Vec<_>>()
        };
        let headers = headers(&signed(BODY));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for size in [1, 7, BODY.len()] {
            let delivery = post(&limited(BODY.len()), &headers, BODY.as_bytes().chunks(size));
            assert_eq!(delivery.unwrap().events().len(), 1, "chunks of {size}");
        }
    }
    for size in [1, 7, BODY.len()] {
        let headers = [(signature::HEADER, &*signed(BODY))];
        let reply = post(&limited(BODY.len() - 1), &headers, BODY.as_bytes().chunks(size)).unwrap_err();
        assert_eq!((reply.status(), reply.outcome()), (413, Outcome::BodyTooLarge), "chunks of {size}");
    }
}

#[test]
fn the_chunk_that_exceeds_the_limit_is_rejected() {
    let mut reader = begin(&limited(10), &[(signature::HEADER, &signed(BODY))]).unwrap();
    assert!(reader.push(Bytes::from_static(b"12345")).is_ok());
    assert!(reader.push(Bytes::new()).is_ok());
    assert!(reader.push(Bytes::from_static(b"67890")).is_ok());
    assert!(reader.push(Bytes::new()).is_ok());
    assert_eq!(reader.push(Bytes::from_static(b"1")).unwrap_err().outcome(), Outcome::BodyTooLarge);
}

#[test]
fn an_encoded_body_is_415_before_the_body() {
    let good = signed(BODY);
    for coding in ["gzip", "GZIP", "br", "deflate", "identity, gzip", "zstd", "x-unheard-of"] {
        let reply = refused(&endpoint(), &[(signature::HEADER, &good), ("Content-Encoding", coding)]);
        assert_eq!((reply.status(), reply.outcome()), (415, Outcome::BodyEncoded), "{coding}");
    }
    let twice = refused(
        &endpoint(),
        &[(signature::HEADER, &good), ("content-encoding", "identity"), ("content-encoding", "gzip")],
    );
    assert_eq!(twice.outcome(), Outcome::BodyEncoded);
    for coding in ["identity", "Identity", ""] {
        assert!(begin(&endpoint(), &[(signature::HEADER, &good), ("content-encoding", coding)]).is_ok(), "{coding}");
    }
}

#[test]
fn a_signed_body_that_is_not_an_object_is_400() {
    // The bodies without white space, separated by it, and the others.
    let plain = r#"
        [1,2] ["for_user_id","1"] [{"for_user_id":"1"} [{"for_user_id":"1"},] 1 -1.5e3 true null "{}" { }
        {}{} {}, {}] x{} {"for_user_id":"1" {"for_user_id":"1",} {"tweet_create_events":[}
        {"tweet_create_events":[{]} {"tweet_create_events":[{}} {"tweet_create_events":[{},]}
        {"tweet_create_events":[{"id":01}]} {"users":{"a":nul}}"#;
    let others: [&[u8]; 10] = [
        b"",
        b" \n",
        b"{} x",
        b"{}\0",
        b"\xef\xbb\xbf{}",
        br#"{"for_user_id" "1"}"#,
        b"{\"a\":\"\n\"}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"\xff\xfe{\0}\0",
    ];
    for body in plain.split_whitespace().map(str::as_bytes).chain(others) {
        let reply = post_signed(&endpoint(), SECRET, body).unwrap_err();
        let shown = String::from_utf8_lossy(body);
        assert_eq!((reply.status(), reply.outcome()), (400, Outcome::NotAnObject), "{shown}");
    }
}

/// X does not send lists, but tools that log requests do. A list without a brace is rejected,
/// because its text may have been signed as a challenge.
#[test]
fn a_list_of_objects_is_one_unknown_event() {
    for body in [r#"[{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}]"#, r#" [1, {}]"#] {
        let delivery = try_deliver(body).unwrap();
        let [event] = delivery.events() else { panic!("{body}") };
        assert_eq!((event.kind(), event.raw().as_str()), (EventKind::Unknown, body.trim()));
    }
}

#[test]
fn white_space_around_an_object_is_accepted() {
    for body in [" {}", "{}\r\n", "\t{ }\n ", "{\n}"] {
        assert_eq!(try_deliver(body).unwrap().events().len(), 1, "{body:?}");
    }
}

#[test]
fn a_body_without_chunks_is_rejected() {
    let reply = post(&endpoint(), &[(signature::HEADER, &signed(""))], []).unwrap_err();
    assert_eq!((reply.status(), reply.outcome()), (400, Outcome::NotAnObject));
}
