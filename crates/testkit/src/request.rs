//! Builders for the requests that X sends: challenges and deliveries.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use birdhook_core::{Secret, SecretKind, Timestamp, signature};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use serde_json::Value;

/// A challenge (CRC): the GET with a `crc_token` by which X checks that a webhook knows the app's
/// secret (<https://docs.x.com/x-api/webhooks/introduction>).
///
/// ```
/// use birdhook_testkit::Challenge;
///
/// let challenge = Challenge::new("test+token");
/// let request = challenge.request("https://app.example/hooks?tenant=7")?;
/// assert_eq!(request.uri().query(), Some("tenant=7&crc_token=test%2Btoken"));
/// # Ok::<(), birdhook_testkit::http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    token: String,
    nonce: Option<String>,
}

impl Challenge {
    /// Creates a challenge with this token.
    pub fn new(token: impl Into<String>) -> Self {
        Self { token: token.into(), nonce: None }
    }

    /// Creates a challenge in X's format.
    ///
    /// The token is the base64 of a random UUID, the nonce the base64 of the time in milliseconds.
    pub fn from_seed(seed: u64, at: Timestamp) -> Self {
        let uuid = uuid(&mut fastrand::Rng::with_seed(seed));
        let nonce = STANDARD_NO_PAD.encode(at.as_millis().to_string());
        Self { token: STANDARD_NO_PAD.encode(uuid), nonce: Some(nonce) }
    }

    /// Sets the nonce, which does not affect the response token.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// Returns the token, not form-encoded.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns the form-encoded query.
    pub fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("crc_token", &self.token);
        if let Some(nonce) = &self.nonce {
            query.append_pair("nonce", nonce);
        }
        query.finish()
    }

    /// Returns the GET request, with the challenge appended to the URL's own query.
    ///
    /// # Errors
    /// Returns an error if `url` is not a valid URL.
    pub fn request(&self, url: &str) -> Result<Request<Bytes>, http::Error> {
        Request::get(with_query(url, &self.query())).body(Bytes::new())
    }

    /// Returns the GET request with its query signed by each of these secrets.
    ///
    /// Each signature is in the header for its kind of secret. X's enterprise documentation
    /// describes this signature for the consumer secret.
    ///
    /// # Errors
    /// Returns an error if `url` is not a valid URL.
    pub fn signed_request<'a>(
        &self,
        url: &str,
        secrets: impl IntoIterator<Item = (SecretKind, &'a Secret)>,
    ) -> Result<Request<Bytes>, http::Error> {
        let mut request = self.request(url)?;
        for (kind, secret) in secrets {
            let signature = signature::sign(secret, self.query().as_bytes());
            request.headers_mut().insert(HeaderName::from_static(kind.header()), HeaderValue::try_from(signature)?);
        }
        Ok(request)
    }

    /// Returns the expected `response_token`.
    pub fn response_token(&self, secret: &Secret) -> String {
        signature::sign(secret, self.token.as_bytes())
    }

    /// Verifies a response body as X would.
    ///
    /// # Errors
    /// Returns the first problem found in the body.
    pub fn verify(&self, secret: &Secret, body: &[u8]) -> Result<(), WrongResponse> {
        let answer: Value = serde_json::from_slice(body).map_err(|_| WrongResponse::NotJson)?;
        let token = answer.get("response_token").and_then(Value::as_str).ok_or(WrongResponse::NoToken)?;
        match signature::verify(secret, self.token.as_bytes(), token.as_bytes()) {
            Ok(()) => Ok(()),
            Err(signature::SignatureError::Malformed) => Err(WrongResponse::Malformed),
            Err(_) => Err(WrongResponse::Wrong),
        }
    }
}

/// A problem in the response to a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongResponse {
    /// The body is not JSON.
    #[error("the response is not JSON")]
    NotJson,
    /// `response_token` is missing or not a string.
    #[error("the response has no response_token")]
    NoToken,
    /// The `response_token` is not `sha256=` followed by the base64 of 32 bytes.
    #[error("invalid response_token: expected 'sha256=' and the base64 of 32 bytes")]
    Malformed,
    /// The `response_token` was computed with another secret or from another token.
    #[error("wrong response_token: computed with another secret, or not from the decoded crc_token")]
    Wrong,
}

/// A delivery: the POST with which X reports events, with the headers that X sends.
///
/// ```
/// use birdhook_core::Secret;
/// use birdhook_testkit::WebhookPost;
///
/// let post = WebhookPost::signed(&Secret::new("s3cret")?, r#"{"for_user_id":"1"}"#);
/// let request = post.request("http://127.0.0.1:8080/webhooks/twitter")?;
/// assert!(request.headers().contains_key("x-twitter-webhooks-signature"));
/// let bytes = post.to_bytes("http://127.0.0.1:8080/webhooks/twitter")?; // for a socket
/// assert!(bytes.starts_with(b"POST /webhooks/twitter HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WebhookPost {
    headers: HeaderMap,
    body: Bytes,
}

impl WebhookPost {
    /// Creates a delivery signed with the app's consumer secret.
    pub fn signed(secret: &Secret, body: impl Into<Bytes>) -> Self {
        let mut post = Self::unsigned(body);
        post.sign_as(signature::HEADER, secret);
        post
    }

    /// Creates a delivery without a signature.
    pub fn unsigned(body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Self { headers, body: body.into() }
    }

    /// Adds a signature in the header for this kind of secret.
    pub fn signed_as(mut self, kind: SecretKind, secret: &Secret) -> Self {
        self.sign_as(kind.header(), secret);
        self
    }

    /// Sets a header, replacing any with the same name.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Returns the body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the headers, except `host` and `content-length`.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the request.
    ///
    /// # Errors
    /// Returns an error if `url` is not a valid URL.
    pub fn request(&self, url: &str) -> Result<Request<Bytes>, http::Error> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(url)?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }

    /// Returns the request as HTTP/1.1 bytes.
    ///
    /// # Errors
    /// Returns an error if `url` is not a valid URL or has no host.
    pub fn to_bytes(&self, url: &str) -> Result<Vec<u8>, http::Error> {
        let uri = Uri::try_from(url)?;
        let host = HeaderValue::from_str(uri.authority().map_or("", |authority| authority.as_str()))?;
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let length = HeaderValue::from(self.body.len());
        let mut bytes = format!("POST {}{query} HTTP/1.1\r\n", uri.path()).into_bytes();
        let own = [(&HOST, &host), (&http::header::CONTENT_LENGTH, &length)];
        for (name, value) in own.into_iter().chain(&self.headers) {
            bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }

    fn sign_as(&mut self, header: &'static str, secret: &Secret) {
        // Cannot fail: a base64 signature is always a valid header value.
        if let Ok(value) = HeaderValue::try_from(signature::sign(secret, &self.body)) {
            self.headers.insert(HeaderName::from_static(header), value);
        }
    }
}

/// Appends `query` to `url`, after any query that the URL already has.
fn with_query(url: &str, query: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{query}")
}

/// Returns the current time.
pub fn now() -> Timestamp {
    let since = UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO).as_millis();
    Timestamp::from_millis(i64::try_from(since).unwrap_or(i64::MAX))
}

pub(crate) fn uuid(random: &mut fastrand::Rng) -> String {
    let (high, low) = (random.u64(..), random.u64(..));
    let (high, low) = (high & !0xf000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifies_the_response_against_the_decoded_token() {
        let (secret, other) = (Secret::new("test").unwrap(), Secret::new("other").unwrap());
        let challenge = Challenge::new("a+b c");
        let answer = |token: &str| format!(r#" {{ "response_token" : "{token}" }} "#);
        let right = challenge.response_token(&secret);
        assert_eq!(challenge.verify(&secret, answer(&right).as_bytes()), Ok(()));
        let wrong = [
            (answer(&challenge.response_token(&other)), WrongResponse::Wrong),
            (answer(&Challenge::new("a b c").response_token(&secret)), WrongResponse::Wrong),
            (answer(right.trim_start_matches("sha256=")), WrongResponse::Malformed),
            (right.clone(), WrongResponse::NotJson),
            (format!(r#"{{"token":"{right}"}}"#), WrongResponse::NoToken),
            (r#"{"response_token":7}"#.into(), WrongResponse::NoToken),
        ];
        for (body, fault) in wrong {
            assert_eq!(challenge.verify(&secret, body.as_bytes()), Err(fault), "{body}");
        }
    }

    #[test]
    fn a_challenge_from_a_seed_has_the_format_of_x() {
        let at = Timestamp::from_millis(1_769_518_292_914);
        let challenge = Challenge::from_seed(7, at);
        assert!(challenge.query().ends_with("&nonce=MTc2OTUxODI5MjkxNA"), "{}", challenge.query());
        let uuid = String::from_utf8(STANDARD_NO_PAD.decode(challenge.token()).unwrap()).unwrap();
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(&uuid[14..15], "4", "{uuid}");
        assert_ne!(challenge, Challenge::from_seed(8, at));
    }

    #[test]
    fn bytes_contain_every_header_and_the_body() {
        let post = WebhookPost::signed(&Secret::new("test").unwrap(), "{}")
            .signed_as(SecretKind::Client, &Secret::new("client").unwrap());
        let bytes = String::from_utf8(post.to_bytes("http://app.example?x=1").unwrap()).unwrap();
        let (head, body) = bytes.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "{}");
        let mut lines: Vec<_> = head.lines().map(|line| line.split(": ").next().unwrap()).collect();
        lines[3..].sort_unstable();
        let oauth2 = signature::HEADER_OAUTH2;
        assert_eq!(lines, ["POST /?x=1 HTTP/1.1", "host", "content-length", "content-type", signature::HEADER, oauth2]);
    }
}
