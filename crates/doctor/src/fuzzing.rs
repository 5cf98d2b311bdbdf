//! Entry points of the doctor for fuzz targets.

use birdhook_core::{Secret, SecretKind};
use birdhook_testkit::Challenge;
use tokio::io::AsyncRead;

use crate::target::{KnownSecret, SecretText};
use crate::{checks, exchange};

/// Parses a response to a GET or HEAD into status, headers and body.
///
/// # Errors
/// Returns an error if it is not a complete HTTP/1.1 response.
pub async fn response(
    reader: &mut (impl AsyncRead + Unpin),
    to_head: bool,
) -> Result<(u16, Vec<(String, String)>, Vec<u8>), String> {
    let response = exchange::read(reader, to_head, None).await.map_err(|error| error.to_string())?;
    Ok((response.status, response.headers, response.body))
}

/// Returns the first fault of a `response_token`, if it has one.
pub fn fault(response_token: &str, challenge: &Challenge, secret: &Secret, text: &str) -> Option<String> {
    let (kind, secret, text) = (SecretKind::Consumer, secret.clone(), SecretText(text.to_owned()));
    checks::fault(response_token, challenge, &KnownSecret { kind, secret, text })
}
