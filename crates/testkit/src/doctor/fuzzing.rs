//! What fuzz targets reach of the doctor.

use birdhook_core::{Secret, SecretKind};
use tokio::io::AsyncRead;

use super::patient::{Known, SecretText};
use super::{checks, exchange};
use crate::Challenge;

/// The status, the headers and the body of an answer to a GET, or to a HEAD.
///
/// # Errors
/// When it is none.
pub async fn answer(
    reader: &mut (impl AsyncRead + Unpin),
    to_head: bool,
) -> Result<(u16, Vec<(String, String)>, Vec<u8>), String> {
    let answer = exchange::read(reader, to_head).await.map_err(|silence| silence.to_string())?;
    Ok((answer.status, answer.headers, answer.body))
}

/// What is wrong with the `response_token` of an answer, if something is.
pub fn fault(response_token: &str, challenge: &Challenge, secret: &Secret, text: &str) -> Option<String> {
    let (kind, secret, text) = (SecretKind::Consumer, secret.clone(), SecretText(text.to_owned()));
    checks::fault(response_token, challenge, &Known { kind, secret, text })
}
