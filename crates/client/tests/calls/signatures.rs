//! OAuth 1.0a signatures against another implementation.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use birdhook_client::{AccessToken, Client, ConsumerKeys, Credentials};
use birdhook_core::Timestamp;
use bytes::Bytes;
use http::Request;
use oauth1_request::{Builder, HmacSha1, ParameterList, Token};
use percent_encoding::percent_decode_str;

use crate::support::transport::{Script, answer, authorization};

pub(crate) type Parameters = BTreeMap<String, String>;

pub(crate) fn parameters(header: &str) -> Parameters {
    let pairs = header.strip_prefix("OAuth ").unwrap().split(',');
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.trim().split_once('=').unwrap();
        let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        (name.to_owned(), percent_decode_str(value).decode_utf8().unwrap().into_owned())
    });
    pairs.collect()
}

/// Returns the other implementation's signature of a request with this form body, with our nonce and
/// timestamp.
pub(crate) fn oracle(
    request: &Request<Bytes>,
    base: &str,
    keys: &[String; 4],
    said: &Parameters,
    form: &str,
) -> String {
    let query = request.uri().query().unwrap_or_default();
    let of_body = form_urlencoded::parse(form.as_bytes()).into_owned();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().chain(of_body).collect();
    let [key, secret, token, token_secret] = keys.each_ref().map(String::as_str);
    let token = Token::from_parts(key, secret, token, token_secret);
    let mut builder = Builder::with_token(token, HmacSha1::new());
    let time: u64 = said["oauth_timestamp"].parse().unwrap();
    builder.nonce(said["oauth_nonce"].as_str()).timestamp(NonZeroU64::new(time)).version(true);
    let uri = format!("{base}{}", request.uri().path());
    let header = builder.authorize(request.method().as_str(), uri, &ParameterList::new(pairs));
    parameters(&header)["oauth_signature"].clone()
}

fn text(random: &mut fastrand::Rng, longest: usize) -> String {
    const ODD: [char; 26] = [
        ' ', '+', '%', '&', '=', '*', '~', '-', '.', '_', '/', '?', '#', '"', '\'', '\\', '<', ':', '@', '!', '(', ',',
        'ü', '€', '🦀', '\n',
    ];
    let one = |random: &mut fastrand::Rng| match random.bool() {
        true => random.alphanumeric(),
        false => ODD[random.usize(..ODD.len())],
    };
    let length = random.usize(1..=longest);
    (0..length).map(|_| one(random)).collect()
}

#[tokio::test]
async fn signatures_match_another_implementation() {
    let seed = birdhook_test_harness::seed::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let bases = [
        ("https://api.x.com", "https://api.x.com"),
        ("https://API.X.com:443/", "https://api.x.com"),
        ("http://Localhost:80", "http://localhost"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://api.x.com:8443", "https://api.x.com:8443"),
        ("http://api.x.com:443", "http://api.x.com:443"),
    ];
    let mut nonces = std::collections::BTreeSet::new();
    for round in 0..300 {
        let (base, signed_base) = bases[random.usize(..bases.len())];
        let keys: [String; 4] = std::array::from_fn(|_| text(&mut random, 40));
        let time = random.i64(1..4_000_000_000);
        let (script, sent) = Script::new([answer(418, "")]);
        let [key, secret, token, token_secret] = keys.clone();
        let credentials =
            Credentials::new(ConsumerKeys::new(key, secret)).user("7", AccessToken::new(&*token, &*token_secret));
        let client = Client::builder(credentials.owner(AccessToken::new(token, token_secret)))
            .base_url(base)
            .transport(script)
            .clock(move || Timestamp::from_millis(time * 1000 + 999))
            .build()
            .unwrap();
        let (id, url) = (text(&mut random, 20), text(&mut random, 200));
        let error = match round % 5 {
            0 => client.enterprise().register(&url).await.map(drop),
            1 => client.premium(&id).register(&url).await.map(drop),
            2 => client.enterprise().challenge(&id).await,
            3 => client.premium(&id).delete(&url).await,
            _ => client.enterprise().is_subscribed(&id, "7").await.map(drop),
        };
        error.unwrap_err();
        let all = sent.all();
        // An id that consists only of dots is not sent.
        let Some(request) = all.first() else { continue };
        let said = parameters(authorization(request));
        let what = format!("seed {seed}, round {round}: {} {}", request.method(), request.uri());
        assert_eq!(said["oauth_signature"], oracle(request, signed_base, &keys, &said, ""), "{what}");
        let names: Vec<&str> = said.keys().map(String::as_str).collect();
        let expected = ["consumer_key", "nonce", "signature", "signature_method", "timestamp", "token", "version"];
        assert_eq!(names, expected.map(|name| format!("oauth_{name}")), "{what}");
        assert_eq!((&said["oauth_consumer_key"], &said["oauth_token"]), (&keys[0], &keys[2]), "{what}");
        assert_eq!(said["oauth_timestamp"], time.to_string(), "{what}");
        assert!(said["oauth_nonce"].len() >= 32 && nonces.insert(said["oauth_nonce"].clone()), "{what}");
    }
    assert!(nonces.len() > 250);
}

/// Checks the other implementation against X's own example.
#[test]
fn the_other_implementation_signs_x_s_example() {
    let keys = [
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    ];
    let query = "include_entities=true&status=Hello+Ladies+%2B+Gentlemen,+a+signed+OAuth+request!";
    let request =
        Request::post(format!("https://api.x.com/1.1/statuses/update.json?{query}")).body(Bytes::new()).unwrap();
    let nonce = ("oauth_nonce".to_owned(), "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".to_owned());
    let said = BTreeMap::from([nonce, ("oauth_timestamp".to_owned(), "1318622958".to_owned())]);
    assert_eq!(
        oracle(&request, "https://api.x.com", &keys.map(str::to_owned), &said, ""),
        "Ls93hJiZbQ3akF3HF3x1Bz8/zU4="
    );
}
