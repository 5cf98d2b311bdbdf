//! Internal functions for fuzz targets.

use http::{HeaderValue, Method, Uri};

use crate::oauth1::{self, Stamp};
use crate::{AccessToken, ConsumerKeys};

/// Returns the `Authorization` header that signs a request with OAuth 1.0a.
pub fn authorization(
    call: (&Method, &Uri),
    form: &[(String, String)],
    consumer: &ConsumerKeys,
    token: Option<&AccessToken>,
    extra: &[(&str, &str)],
    (nonce, timestamp): (&str, i64),
) -> Option<HeaderValue> {
    oauth1::authorization(call, form, consumer, token, extra, &Stamp { nonce: nonce.to_owned(), timestamp })
}
