//! The service of the webhook middleware.

use std::convert::Infallible;
use std::future::poll_fn;
use std::task::{Context, Poll};

use birdhook_pipeline::{Delivery, Gate, HeadResult, IncomingDelivery, Outcome, Reply};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::ResponseBody;
use crate::ResponseFuture;
use crate::linger::linger;
use crate::request::{Chunks, head};
use crate::response::response;

/// A service wrapped by [`WebhookLayer`](crate::WebhookLayer).
///
/// The service is always ready, so a challenge never waits for the inner service. A delivery waits
/// for the inner service, within the delivery's deadline.
#[derive(Clone, Debug)]
pub struct WebhookService<S> {
    pub(super) inner: S,
    pub(super) gate: Gate,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for WebhookService<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    ReqBody: Body + Send + 'static,
    ReqBody::Data: Send,
    ReqBody::Error: Send,
    ResBody: Send + 'static,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = Infallible;
    type Future = ResponseFuture<ResponseBody<ResBody>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (parts, body) = request.into_parts();
        match self.gate.begin(&head(&parts)) {
            HeadResult::Reply(reply) => {
                linger(&parts, body);
                ResponseFuture::answered(ours(reply))
            }
            HeadResult::Body(incoming) => {
                let inner = self.inner.clone();
                ResponseFuture::receiving(pass(inner, parts, incoming, Chunks { body }))
            }
        }
    }
}

async fn pass<S, ReqBody, ResBody>(
    mut inner: S,
    parts: Parts,
    incoming: IncomingDelivery,
    body: Chunks<ReqBody>,
) -> Response<ResponseBody<ResBody>>
where
    S: Service<Request<Full<Bytes>>, Response = Response<ResBody>>,
    ReqBody: Body,
{
    let verified = match incoming.verify(body).await {
        Ok(verified) => verified,
        Err(reply) => return ours(reply),
    };
    let mut refused = None;
    let hand_over = async |delivery: Delivery| {
        poll_fn(|cx| inner.poll_ready(cx)).await.map_err(|_| Outcome::SinkFailed)?;
        let answer = inner.call(request(parts, delivery)).await.map_err(|_| Outcome::SinkFailed)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let final_answer = |status: StatusCode| status.is_client_error() || status.is_server_error();
        refused = Some(answer).filter(|answer| final_answer(answer.status()));
        Err(Outcome::SinkFailed)
    };
    let settled = verified.deliver_with(hand_over, Outcome::SinkTooSlow).await;
    match (settled, refused) {
        (Ok(mut answer), _) => {
            *answer.status_mut() = StatusCode::OK;
            answer.map(ResponseBody::inner)
        }
        (Err(_), Some(answer)) => answer.map(ResponseBody::inner),
        (Err(reply), None) => ours(reply),
    }
}

fn request(parts: Parts, delivery: Delivery) -> Request<Full<Bytes>> {
    let body = delivery.body().clone().into_bytes();
    let mut request = Request::from_parts(parts, Full::new(body));
    request.extensions_mut().insert(delivery);
    request
}

fn ours<B>(reply: Reply) -> Response<ResponseBody<B>> {
    response(reply).map(ResponseBody::reply)
}
