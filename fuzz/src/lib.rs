//! What the targets share: an endpoint whose secret they know, and a POST in pieces.

pub mod json;

use birdhook_core::{App, Delivery, Endpoint, Reason, RequestHead, Secret, Settings, Step, signature};
use bytes::Bytes;

pub fn secret() -> Secret {
    Secret::new("consumer").expect("a good secret")
}

pub fn endpoint(settings: Settings) -> Endpoint {
    Endpoint::new(App::new("bees", secret()), settings)
}

/// Sends a POST with these headers, its body in these chunks.
pub fn post<'a>(
    endpoint: &Endpoint,
    headers: &[(&str, &[u8])],
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Delivery, Reason> {
    match endpoint.begin(&RequestHead::new("POST", "/", None).with_headers(headers.iter().copied())) {
        Step::Reply(reply) => Err(reply.reason()),
        Step::Body(mut reader) => {
            for chunk in chunks {
                reader.push(Bytes::copy_from_slice(chunk)).map_err(|reply| reply.reason())?;
            }
            reader.finish().map_err(|reply| reply.reason())
        }
    }
}

/// Sends a rightly signed POST to an endpoint with the default settings.
pub fn deliver(body: &[u8]) -> Result<Delivery, Reason> {
    let signed = signature::sign(&secret(), body);
    post(&endpoint(Settings::default()), &[(signature::HEADER, signed.as_bytes())], [body])
}
