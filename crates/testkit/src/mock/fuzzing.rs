//! What fuzz targets reach of the mock.

use super::oauth1::{Claim, Signed};

/// Whether the header `Authorization` signs a request with a consumer's and a token's secret;
/// `None` when it is none of OAuth 1.0a. A request is its method, scheme, host, path and query, and
/// the form in its body.
pub fn signs(
    header: &str,
    [method, scheme, host, path, query]: [&str; 5],
    form: &[u8],
    [consumer, token]: [&str; 2],
) -> Option<bool> {
    let request = Signed { method, scheme, host, path, query, form };
    Some(Claim::parse(header)?.signs(&request, consumer, token))
}
