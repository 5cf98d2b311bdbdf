//! Signatures and response tokens published by others.

use crate::support::{endpoint_with, get, post, secret};
use birdhook_core::{ChallengeSignature, Endpoint, EndpointSettings, Outcome, crc, signature};

/// One key, message and signature. The same function signs deliveries, response tokens and X's
/// challenges.
struct Vector {
    key: &'static str,
    message: &'static str,
    signed: &'static str,
}

/// From the test suite of X's `autohook`.
const AUTOHOOK_FORM: Vector = Vector {
    key: "test",
    message: "test=1&other_test=2",
    signed: "sha256=25Cu3iwbbiqBTwQRzcKJZwisjf736V2Q8UaTlkfLSoc=",
};

/// From the test suite of X's `autohook`.
const AUTOHOOK_JSON: Vector = Vector {
    key: "test",
    message: r#"{"test_number":1,"test_string":"two"}"#,
    signed: "sha256=YWHphPn/JFq43jkF0y4/w8R/SelmLjvpunhVFY8JhlI=",
};

/// From `Receiver.spec` of `sociably`.
const SOCIABLY_TOKEN: Vector = Vector {
    key: "__APP_SECRET__",
    message: "__TOKEN_FROM_TWITTER__",
    signed: "sha256=rPq0FJoFEukzQI8G52D6xjiQ4BGXK4EuZWYZCWMMlsQ=",
};

/// From `Receiver.spec` of `sociably`: X's signature of a challenge's query.
const SOCIABLY_QUERY: Vector = Vector {
    key: "__APP_SECRET__",
    message: "crc_token=__TOKEN_FROM_TWITTER__&nonce=__NONCE__",
    signed: "sha256=bsQqpx1cyheVTwyNGGPmTeY+SLC8YZIwOfr5Kcb2fQE=",
};

/// From `Receiver.spec` of `sociably`.
const SOCIABLY_DELETION: Vector = Vector {
    key: "__APP_SECRET__",
    message: r#"{"for_user_id":"930524282358325248","tweet_delete_events":[{"status":{"id":"1045405559317569537","user_id":"930524282358325248"},"timestamp_ms":"1432228155593"}]}"#,
    signed: "sha256=fN0FZVManGRnnMhAWWT/UI58TXGACAt7RY5H2/akMa4=",
};

/// From `handler_test` of the Twitter channel of `courier`: the query `crc_token=test+token` is
/// form-decoded before it is signed.
const COURIER_TOKEN: Vector =
    Vector { key: "apiSecret", message: "test token", signed: "sha256=O5hJl2njQRIa4vsumZ+3oom9ECR5m3aQLRZkPoYelp0=" };

/// Inputs from a gist that Twitter staff published in 2017. The signature was computed
/// independently.
const GIST_TOKEN: Vector = Vector {
    key: "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu",
    message: "9b4507b3-9040-4669-9ca3-6b94edb50553",
    signed: "sha256=Cytd4Sq+NvEcV3MMrXxWJGJx5A+y/lXzzU2Maartkx8=",
};

const ALL: [Vector; 7] =
    [AUTOHOOK_FORM, AUTOHOOK_JSON, SOCIABLY_TOKEN, SOCIABLY_QUERY, SOCIABLY_DELETION, COURIER_TOKEN, GIST_TOKEN];

fn endpoint(key: &str) -> Endpoint {
    Endpoint::new(secret(key), EndpointSettings::default())
}

fn answer(vector: &Vector) -> String {
    format!(r#"{{"response_token":"{}"}}"#, vector.signed)
}

#[test]
fn signatures_match_the_published_vectors() {
    for Vector { key, message, signed } in &ALL {
        assert_eq!(signature::sign(&secret(key), message.as_bytes()), *signed, "{message}");
        assert_eq!(signature::verify(&secret(key), message.as_bytes(), signed.as_bytes()), Ok(()), "{message}");
        assert_eq!(
            signature::verify(&secret("another"), message.as_bytes(), signed.as_bytes()),
            Err(signature::SignatureError::Wrong),
            "{message}"
        );
    }
}

#[test]
fn challenge_answers_match_the_published_vectors() {
    for vector in [SOCIABLY_TOKEN, COURIER_TOKEN, GIST_TOKEN] {
        let responded = crc::respond(&secret(vector.key), vector.message, crc::TokenPolicy::Printable).unwrap();
        assert_eq!(responded, answer(&vector));
    }
}

#[test]
fn query_answers_match_the_published_vectors() {
    for (vector, target) in [
        (SOCIABLY_TOKEN, "/?crc_token=__TOKEN_FROM_TWITTER__&nonce=__NONCE__"),
        (COURIER_TOKEN, "/hook?crc_token=test+token"),
        (COURIER_TOKEN, "/hook?crc_token=test%20token"),
        (GIST_TOKEN, "/?crc_token=9b4507b3-9040-4669-9ca3-6b94edb50553"),
    ] {
        let reply = get(&endpoint(vector.key), target, &[]);
        assert_eq!((reply.status(), reply.outcome()), (200, Outcome::ChallengeAnswered), "{target}");
        assert_eq!(reply.headers().collect::<Vec<_>>(), [("content-type", "application/json")], "{target}");
        assert_eq!(*reply.body(), answer(&vector), "{target}");
    }
}

#[test]
fn a_published_query_signature_proves_that_x_sent_it() {
    let demand = |settings: &mut EndpointSettings| settings.challenge_signature = ChallengeSignature::Demanded;
    let endpoint = endpoint_with(secret(SOCIABLY_QUERY.key), demand);
    let target = format!("/?{}", SOCIABLY_QUERY.message);

    let reply = get(&endpoint, &target, &[(signature::HEADER, SOCIABLY_QUERY.signed)]);
    assert_eq!(*reply.body(), answer(&SOCIABLY_TOKEN));

    let other = format!("{target}x");
    let reply = get(&endpoint, &other, &[(signature::HEADER, SOCIABLY_QUERY.signed)]);
    assert_eq!(reply.outcome(), Outcome::ChallengeUnsigned);
}

#[test]
fn published_deliveries_are_accepted() {
    for vector in [AUTOHOOK_JSON, SOCIABLY_DELETION] {
        let signed = [(signature::HEADER, vector.signed)];
        let delivery = post(&endpoint(vector.key), &signed, [vector.message.as_bytes()]).unwrap();
        assert_eq!(delivery.body().as_str(), vector.message);
        let reply = post(&endpoint("another"), &signed, [vector.message.as_bytes()]).unwrap_err();
        assert_eq!(reply.outcome(), Outcome::SignatureWrong);
    }
}

#[test]
fn a_signed_form_is_not_a_delivery() {
    let signed = [(signature::HEADER, AUTOHOOK_FORM.signed)];
    let reply = post(&endpoint(AUTOHOOK_FORM.key), &signed, [AUTOHOOK_FORM.message.as_bytes()]).unwrap_err();
    assert_eq!((reply.status(), reply.outcome()), (400, Outcome::NotAnObject));
}
