//! The mock of X verifies exactly the requests that the client signs with OAuth 1.0a: two
//! implementations of RFC 5849 are compared.
#![no_main]

use arbitrary::Arbitrary;
use birdhook_client::fuzzing::authorization;
use birdhook_client::{AccessToken, ConsumerKeys};
use birdhook_testkit::mock::fuzzing::signs;
use http::{Method, Uri};
use libfuzzer_sys::{Corpus, fuzz_target};

#[derive(Arbitrary, Debug)]
struct Call<'a> {
    is_post: bool,
    is_https: bool,
    host: u8,
    path: &'a str,
    query: Option<&'a str>,
    form: Vec<(&'a str, &'a str)>,
    consumer: (&'a str, &'a str),
    token: Option<(&'a str, &'a str)>,
    callback: Option<&'a str>,
    nonce: &'a str,
    timestamp: i64,
}

const HOSTS: [&str; 8] =
    ["api.x.com", "API.X.com", "api.x.com:443", "h:80", "127.0.0.1:8080", "[::1]:80", "[::1]", "h:443"];

fuzz_target!(|call: Call<'_>| -> Corpus {
    let (method, scheme) =
        (if call.is_post { Method::POST } else { Method::GET }, ["http", "https"][usize::from(call.is_https)]);
    let host = HOSTS[usize::from(call.host) % HOSTS.len()];
    let query = call.query.map(|query| format!("?{query}")).unwrap_or_default();
    let Ok(url) = format!("{scheme}://{host}/{}{query}", call.path).parse::<Uri>() else { return Corpus::Reject };
    // The server splits the target where the client does, except at a `#`, which is never sent.
    let form: Vec<(String, String)> = call.form.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    let consumer = ConsumerKeys::new(call.consumer.0, call.consumer.1);
    let token = call.token.map(|(token, secret)| AccessToken::new(token, secret));
    let further: Vec<(&str, &str)> = call.callback.map(|callback| ("oauth_callback", callback)).into_iter().collect();
    let nonce = if call.nonce.is_empty() { "n" } else { call.nonce };
    let header = authorization((&method, &url), &form, &consumer, token.as_ref(), &further, (nonce, call.timestamp));
    let header = header.expect("all is encoded");
    let header = header.to_str().expect("all is encoded");

    let secrets = [call.consumer.1, call.token.map_or("", |(_, secret)| secret)];
    let request = [method.as_str(), scheme, host, url.path(), url.query().unwrap_or_default()];
    assert_eq!(signs(header, request, body.as_bytes(), secrets), Some(true), "{header} {url} {body}");

    let [consumer, token] = secrets;
    let other = format!("{consumer}x");
    let longer = format!("{}/x", url.path());
    let more = format!("{body}&x=");
    let asked = [
        signs(header, request, body.as_bytes(), [&other, token]),
        signs(header, request, body.as_bytes(), [consumer, &format!("{token}x")]),
        signs(header, ["PUT", request[1], request[2], request[3], request[4]], body.as_bytes(), secrets),
        signs(header, [request[0], request[1], "h2", request[3], request[4]], body.as_bytes(), secrets),
        signs(header, [request[0], request[1], request[2], &longer, request[4]], body.as_bytes(), secrets),
        signs(header, request, more.as_bytes(), secrets),
        signs(&header.replacen("oauth_nonce=\"", "oauth_nonce=\"0", 1), request, body.as_bytes(), secrets),
        signs(&header.replacen("oauth_timestamp=\"", "oauth_timestamp=\"0", 1), request, body.as_bytes(), secrets),
    ];
    assert!(asked.iter().all(|signs| *signs != Some(true)), "{asked:?} {header}");
    Corpus::Keep
});
