//! For any query of a challenge, nothing that the app signs can be posted as a delivery.
#![no_main]

use birdhook_core::crc::{self, MAX_TOKEN_BYTES, TokenPolicy};
use birdhook_core::{ChallengeSignature, EndpointSettings, HeadResult, Outcome, RequestHead, signature};
use birdhook_fuzz::{endpoint, post, secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    for policy in [TokenPolicy::Printable, TokenPolicy::Base64] {
        let mut settings = EndpointSettings::default();
        settings.token_policy = policy;
        check(query, None, settings.clone());
        let signed = signature::sign(&secret(), query.as_bytes());
        settings.challenge_signature = ChallengeSignature::Demanded;
        check(query, Some(&signed), settings);
    }
});

fn check(query: &str, signed: Option<&str>, settings: EndpointSettings) {
    let (policy, demanded) = (settings.token_policy, signed.is_some());
    let endpoint = endpoint(settings);
    let headers = signed.map(|value| (signature::HEADER, value.as_bytes()));
    let head = RequestHead::new("GET", "/", Some(query)).with_headers(headers);
    let HeadResult::Reply(reply) = endpoint.begin(&head) else { panic!("a GET has no body") };
    let token = crc::token(query);
    if reply.status() != 200 {
        let body = reply.body();
        assert!(!body.windows(7).any(|bytes| bytes == b"sha256="), "a refusal is signed");
        let promised = token.is_ok_and(|token| policy.check(&token).is_ok());
        assert!(!promised || demanded && !query.contains('&'), "a good token is refused: {:?}", reply.outcome());
        return;
    }

    let token = token.expect("an answer without a token");
    assert_eq!(policy.check(&token), Ok(()));
    assert!(!token.is_empty() && token.len() <= MAX_TOKEN_BYTES);
    assert!(token.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'{' && byte != b'&'), "{token:?}");
    assert!(!demanded || query.contains('&'), "what may have been signed as a token counts as X's signature");

    let answer: serde_json::Value = serde_json::from_slice(reply.body()).expect("the answer is JSON");
    let answered = answer["response_token"].as_str().expect("the answer has a token");
    assert_eq!(answered, signature::sign(&secret(), token.as_bytes()));

    let posted = |body: &[u8]| post(&endpoint, &[(signature::HEADER, answered.as_bytes())], [body]).map(|_| ());
    assert_eq!(posted(token.as_bytes()), Err(Outcome::NotAnObject), "the token is a delivery");
    for other in [query.to_owned(), format!("{{{token}}}"), format!("{token}\n"), token.trim().to_owned()] {
        assert!(posted(other.as_bytes()).is_err(), "{other:?} passes as {token:?}");
    }
}
