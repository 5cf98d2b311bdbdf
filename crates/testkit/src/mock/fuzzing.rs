//! Entry points of the mock for fuzz targets.

use super::oauth1::{Claim, Signed};

/// Returns whether an `Authorization` header signs a request with these consumer and token secrets.
///
/// Returns `None` if the header is not OAuth 1.0a. A request consists of method, scheme, host,
/// path, query, and the form in its body.
pub fn signs(
    header: &str,
    [method, scheme, host, path, query]: [&str; 5],
    form: &[u8],
    [consumer, token]: [&str; 2],
) -> Option<bool> {
    let request = Signed { method, scheme, host, path, query, form };
    Some(Claim::parse(header)?.signs(&request, consumer, token))
}
