//! Reads the body of a request to the console.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Buf;
use http::StatusCode;
use http_body::Body;

use crate::guard::Refusal;

/// Maximum size of a body. X's deliveries are smaller, also as the value of a form.
const MAX_BODY: usize = 1 << 20;

/// Time limit for a whole body.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// A body that nothing has read yet. Only an allowed action reads it.
pub(crate) type UnreadBody = Pin<Box<dyn Future<Output = Result<Vec<u8>, Refusal>> + Send>>;

pub(crate) async fn read<B: Body>(body: B) -> Result<Vec<u8>, Refusal> {
    let late = |_| Refusal(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time".to_owned());
    tokio::time::timeout(TIME_LIMIT, read_all(body)).await.map_err(late)?
}

async fn read_all<B: Body>(body: B) -> Result<Vec<u8>, Refusal> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let Ok(frame) = frame else {
            return Err(Refusal(StatusCode::BAD_REQUEST, "the body of the request is cut off".to_owned()));
        };
        // Trailers have no data.
        let Ok(mut data) = frame.into_data() else { continue };
        if bytes.len() + data.remaining() > MAX_BODY {
            let text = format!("the body of the request is longer than {MAX_BODY} bytes");
            return Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        while data.has_remaining() {
            let chunk = data.chunk();
            let length = chunk.len();
            bytes.extend_from_slice(chunk);
            data.advance(length);
        }
    }
    Ok(bytes)
}
