//! The challenge is not a signing oracle: no signature that it gives to a stranger is valid for a
//! delivery.

use crate::support::{SECRET, Style, arbitrary, endpoint, endpoint_with, fixtures, get, post, secret};
use birdhook_core::{App, ChallengeSignature, Endpoint, EndpointSettings, Outcome, crc, signature};
use proptest::prelude::*;

/// Endpoints that answer challenges with [`SECRET`] as either kind of secret and as both, with the
/// headers that each checks.
fn endpoints() -> [(Endpoint, &'static [&'static str]); 3] {
    let client = App::with_client_secret("bees", secret(SECRET));
    let both = client.clone().add_consumer_secret(secret(SECRET));
    let headers: [&[&str]; 3] =
        [&[signature::HEADER], &[signature::HEADER_OAUTH2], &[signature::HEADER, signature::HEADER_OAUTH2]];
    let [consumer, client, both] =
        [App::new("bees", secret(SECRET)), client, both].map(|app| Endpoint::new(app, EndpointSettings::default()));
    [(consumer, headers[0]), (client, headers[1]), (both, headers[2])]
}

/// Fails if the challenge reveals a signature with which this query's token, or a variant of it,
/// can be posted. Returns whether the query was answered.
fn check(query: &str) -> bool {
    endpoints().map(|(endpoint, headers)| check_at(&endpoint, headers, query)) == [true; 3]
}

fn check_at(endpoint: &Endpoint, headers: &[&str], query: &str) -> bool {
    let reply = get(endpoint, &format!("/?{query}"), &[]);
    if reply.status() != 200 {
        assert!(!reply.body().windows(7).any(|bytes| bytes == b"sha256="), "a refusal signed {query}");
        return false;
    }
    let answer: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
    let signed = answer["response_token"].as_str().unwrap();
    let token = crc::token(query).unwrap();
    assert_eq!(signature::verify(&secret(SECRET), token.as_bytes(), signed.as_bytes()), Ok(()), "{token:?}");

    let headers: Vec<_> = headers.iter().map(|header| (*header, signed)).collect();
    let accepted = |body: &str| post(endpoint, &headers, [body.as_bytes()]);
    let reply = accepted(&token).map(|_| ()).expect_err("the token is a delivery");
    assert_eq!(reply.outcome(), Outcome::NotAnObject, "{token:?}");
    for other in [query, token.trim(), &format!("{{{token}}}"), &format!("{token}\n")] {
        assert!(other == token || accepted(other).is_err(), "{other:?} passes as {token:?}");
    }
    true
}

/// Returns queries with `token` in several encodings.
fn queries(token: &str) -> [String; 4] {
    let form: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let percent: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let twice: String = form_urlencoded::byte_serialize(form.as_bytes()).collect();
    [form, percent, twice, token.to_owned()].map(|encoded| format!("crc_token={encoded}&nonce=n"))
}

fn token() -> impl Strategy<Value = String> {
    let json = || prop_oneof![arbitrary::json(), arbitrary::object()].prop_map(|value| value.to_string());
    let real = || proptest::sample::select(fixtures()).prop_map(|(_, body)| body.to_owned());
    prop_oneof![
        any::<String>(),
        "[ -~]{1,64}",
        "[\\[\\]{}\",:0-9 a-z]{1,32}",
        json(),
        real(),
        ("[ \t\r\n\u{feff}]{0,3}", json(), "[ \n\0]{0,3}").prop_map(|(before, json, after)| before + &json + &after),
        // Bodies without braces, or with something that could be taken for one.
        (json(), "[^{]?|\\\\u007b|%7B|%7b|｛|\u{0}\\{|&#123;").prop_map(|(json, brace)| json.replace('{', &brace)),
        json().prop_map(|json| json.chars().filter(char::is_ascii).collect()),
    ]
}

proptest! {
    #![proptest_config(birdhook_test_harness::seed::property())]

    #[test]
    fn no_signed_token_is_a_delivery(token in token()) {
        for query in queries(&token) {
            check(&query);
        }
    }

    #[test]
    fn no_raw_query_gets_a_delivery_signed(query in "(crc_token=)?([ -~]|%7[bB]|%00|crc_token=|&){0,40}") {
        check(&query);
    }

    /// Ensures that the properties above are not trivially true: every token that the policy allows
    /// is signed.
    #[test]
    fn every_printable_token_is_signed(token in "[ -%'-z|}~]{1,512}") {
        let [form, percent, ..] = queries(&token);
        prop_assert!(check(&form) && check(&percent));
    }

    /// A challenge must not reveal a signature that proves to a stricter endpoint, or to this one
    /// later, that X sent a challenge.
    #[test]
    fn no_signed_token_is_a_signed_challenge(token in "(tenant=x)?crc_token=[ -%'-z|}~]{1,40}") {
        let [form, ..] = queries(&token);
        let reply = get(&endpoint(), &format!("/?{form}"), &[]);
        prop_assert_eq!(reply.status(), 200);
        let answer: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
        let signed = [(signature::HEADER, answer["response_token"].as_str().unwrap())];

        let demand = |settings: &mut EndpointSettings| settings.challenge_signature = ChallengeSignature::Demanded;
        let strict = endpoint_with(App::new("bees", secret(SECRET)), demand);
        for query in [token.clone(), format!("x&{token}"), format!("{token}&nonce=n")] {
            prop_assert_ne!(get(&strict, &format!("/?{query}"), &signed).status(), 200, "{}", query);
        }
    }

    #[test]
    fn no_object_is_signed(object in arbitrary::object(), style in 0..3usize) {
        for body in [object.to_string(), Style::ALL[style].write(&object)] {
            prop_assert!(crate::support::try_deliver(&body).is_ok(), "not what could be posted");
            let [form, percent, twice, _] = queries(&body);
            prop_assert!(!check(&form) && !check(&percent));
            check(&twice);
        }
    }
}

#[test]
fn no_fixture_is_signed() {
    for (name, body) in fixtures() {
        let short: String = body.chars().take(400).collect();
        for text in [*body, &short] {
            let [form, percent, ..] = queries(text);
            assert!(!check(&form) && !check(&percent), "{name}");
        }
    }
}
