//! OAuth 1.0a signatures with HMAC-SHA1 (RFC 5849).
//!
//! X's documentation:
//! <https://docs.x.com/fundamentals/authentication/oauth-1-0a/creating-a-signature>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;

use crate::credentials::{AccessToken, ConsumerKeys};

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes as in RFC 5849, section 3.6.
pub(crate) fn percent_encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The nonce and timestamp that make each signature unique.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(crate) nonce: String,
    pub(crate) timestamp: i64,
}

impl Stamp {
    /// Creates a random nonce, with this time.
    pub(crate) fn new(now: Timestamp) -> Self {
        let nonce = std::iter::repeat_with(fastrand::alphanumeric).take(32).collect();
        Self { nonce, timestamp: now.as_millis().div_euclid(1000) }
    }
}

/// Returns the text to sign: the method, the URL without its query, and all parameters, sorted.
pub(crate) fn base_string(method: &Method, url: &Uri, oauth: &[(&str, &str)], form: &[(String, String)]) -> String {
    let scheme = url.scheme_str().unwrap_or("https").to_ascii_lowercase();
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let port = url.port_u16().filter(|port| !matches!((scheme.as_str(), port), ("http", 80) | ("https", 443)));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let query = form_urlencoded::parse(url.query().unwrap_or_default().as_bytes()).into_owned();
    let oauth = oauth.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let mut parameters: Vec<(String, String)> = query
        .chain(oauth)
        .chain(form.iter().cloned())
        .map(|(name, value)| (percent_encode(&name), percent_encode(&value)))
        .collect();
    parameters.sort_unstable();
    let parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let base = format!("{scheme}://{host}{port}{}", url.path());
    format!("{method}&{}&{}", percent_encode(&base), percent_encode(&parameters.join("&")))
}

pub(crate) fn signature(base_string: &str, consumer_secret: &str, token_secret: &str) -> String {
    let key = format!("{}&{}", percent_encode(consumer_secret), percent_encode(token_secret));
    // HMAC accepts keys of any length, so this branch is never taken.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(base_string.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Returns the `Authorization` header of a request. `extra` holds parameters such as
/// `oauth_callback`; `form` holds the parameters of a form body.
pub(crate) fn authorization(
    (method, url): (&Method, &Uri),
    form: &[(String, String)],
    consumer: &ConsumerKeys,
    token: Option<&AccessToken>,
    extra: &[(&str, &str)],
    stamp: &Stamp,
) -> Option<HeaderValue> {
    let timestamp = stamp.timestamp.to_string();
    let mut oauth = vec![
        ("oauth_consumer_key", consumer.key()),
        ("oauth_nonce", &stamp.nonce),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", &timestamp),
        ("oauth_version", "1.0"),
    ];
    oauth.extend(token.map(|token| ("oauth_token", token.token())));
    oauth.extend_from_slice(extra);
    let text = base_string(method, url, &oauth, form);
    let signature = signature(&text, consumer.secret(), token.map(AccessToken::secret).unwrap_or_default());
    oauth.push(("oauth_signature", &signature));
    oauth.sort_unstable();
    let fields: Vec<String> =
        oauth.iter().map(|(name, value)| format!("{}=\"{}\"", percent_encode(name), percent_encode(value))).collect();
    sensitive(format!("OAuth {}", fields.join(", ")))
}

/// Returns a header that loggers do not show, or `None` if no header can contain the text.
pub(crate) fn sensitive(text: String) -> Option<HeaderValue> {
    let mut header = HeaderValue::try_from(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Returns the header of HTTP Basic for a key or client id and its secret.
pub(crate) fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let pair = format!("{}:{}", percent_encode(id), percent_encode(secret));
    sensitive(format!("Basic {}", STANDARD.encode(pair)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5849, section 3.4.1.1.
    #[test]
    fn the_base_string_is_that_of_the_rfc() {
        let url = Uri::from_static("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b");
        let oauth = [
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ];
        let form = [("c2".to_owned(), String::new()), ("a3".to_owned(), "2 q".to_owned())];
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
        let text = base_string(&Method::POST, &url, &oauth, &form);
        assert_eq!(text, expected);
        // Erratum 2550.
        assert_eq!(signature(&text, "j49sk3j29djd", "dh893hdasih9"), "r6/TJjbCOr97/+UU0NsvSne7s5g=");
    }

    /// RFC 5849, section 1.2.
    #[test]
    fn the_signatures_are_those_of_the_rfc() {
        let (key, secret) = ("dpf43f3p2l4k3l03", "kd94hf93k423kf44");
        let host = "photos.example.net";
        let callback = [("oauth_callback", "http://printer.example.com/ready")];
        let request_token = [("oauth_token", "hh5s93j4hdidpola"), ("oauth_verifier", "hfdp7dh39dks9884")];
        let get = format!("GET http://{host}/photos?file=vacation.jpg&size=original");
        let (initiate, token) = (format!("POST https://{host}/initiate"), format!("POST https://{host}/token"));
        let (access_token, photos) = ([("oauth_token", "nnch734d00sl2jdk")], ("137131202", "chapoH"));
        for (call, (time, nonce), extra, token_secret, expected) in [
            (initiate, ("137131200", "wIjqoS"), &callback[..], "", "74KNZJeDHnMBp0EMJ9ZHt/XKycU="),
            (token, ("137131201", "walatlh"), &request_token, "hdhd0244k9j7ao03", "gKgrFCywp7rO0OXSjdot/IHF7IU="),
            (get, photos, &access_token, "pfkkdhi9sl3r4s00", "MdpQcU8iPSUjWoN/UDMsK2sui9I="),
        ] {
            let (method, url) = call.split_once(' ').unwrap();
            let mut oauth = vec![
                ("oauth_consumer_key", key),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", time),
                ("oauth_nonce", nonce),
            ];
            oauth.extend_from_slice(extra);
            let text = base_string(&method.parse().unwrap(), &url.parse().unwrap(), &oauth, &[]);
            assert_eq!(signature(&text, secret, token_secret), expected, "{text}");
        }
    }

    /// The example in X's documentation of signatures.
    #[test]
    fn the_signature_is_that_of_x() {
        let url = Uri::from_static("https://api.twitter.com/1.1/statuses/update.json?include_entities=true");
        let status = "Hello Ladies + Gentlemen, a signed OAuth request!".to_owned();
        let consumer = ConsumerKeys::new("xvz1evFS4wEEPTGEFPHBog", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw");
        let token = AccessToken::new(
            "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        );
        let stamp = Stamp { nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg".to_owned(), timestamp: 1_318_622_958 };
        let form = [("status".to_owned(), status)];
        let header = authorization((&Method::POST, &url), &form, &consumer, Some(&token), &[], &stamp).unwrap();
        let header = header.to_str().unwrap();
        assert!(header.contains(r#"oauth_signature="hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D""#), "{header}");
        assert!(header.starts_with("OAuth oauth_consumer_key=\"xvz1evFS4wEEPTGEFPHBog\", oauth_nonce="), "{header}");
    }
}
