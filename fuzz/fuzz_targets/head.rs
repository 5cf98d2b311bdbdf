//! Headers for the length and encoding of a body, compared with a plain reading of them.
//!
//! The input is header lines, an empty line, and a body that is signed correctly.
#![no_main]

use birdhook_core::{EndpointSettings, Outcome, signature};
use birdhook_fuzz::{deliver, endpoint, message, post, secret};
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1000;

fuzz_target!(|data: &[u8]| {
    let (lines, body) = message(data);
    // Another target tests further signature headers.
    let signs = |name: &str| name.to_ascii_lowercase().starts_with("x-twitter-webhooks-signature");
    let signed = signature::sign(&secret(), body);
    let mut headers = lines;
    headers.retain(|(name, _)| !signs(name));
    headers.push(("X-Twitter-Webhooks-Signature", signed.as_bytes()));
    let mut settings = EndpointSettings::default();
    settings.body_limit = LIMIT;
    let told = post(&endpoint(settings), &headers, [body]).map(|delivery| delivery.body().as_str().to_owned());

    let values = |wanted: &str| {
        let wanted = wanted.to_owned();
        headers.iter().filter(move |(name, _)| name.eq_ignore_ascii_case(&wanted)).map(|(_, value)| value.trim_ascii())
    };
    let digits = |value: &[u8]| !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = |value: &[u8]| {
        let text = std::str::from_utf8(value).ok();
        text.and_then(|text| text.parse::<u128>().ok()).unwrap_or(u128::MAX)
    };
    let lengths: Vec<&[u8]> = values("content-length").collect();
    let is_nonsense = lengths.iter().any(|value| !digits(value))
        || lengths.windows(2).any(|pair| number(pair[0]).min(u64::MAX.into()) != number(pair[1]).min(u64::MAX.into()));
    let promised = lengths.first().map(|value| number(value));
    let is_coded = values("content-encoding").any(|value| {
        let coding = |coding: &[u8]| coding.trim_ascii().to_ascii_lowercase();
        value.split(|&byte| byte == b',').map(coding).any(|coding| !coding.is_empty() && coding != b"identity")
    });
    let expected = match promised {
        _ if !lengths.is_empty() && is_nonsense => Err(Outcome::BodyCutOff),
        Some(length) if length > LIMIT as u128 => Err(Outcome::BodyTooLarge),
        _ if is_coded => Err(Outcome::BodyEncoded),
        _ if body.len() > LIMIT => Err(Outcome::BodyTooLarge),
        Some(length) if length != body.len() as u128 => Err(Outcome::BodyCutOff),
        _ => deliver(body).map(|delivery| delivery.body().as_str().to_owned()),
    };
    assert_eq!(told, expected);
});
