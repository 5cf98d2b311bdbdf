//! An actix-web resource that receives webhooks.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use birdhook_pipeline::{EventSink, HeadResult, Pipeline, Reply, RequestHead};

/// A receiver for the challenges (GET) and deliveries (POST) of one webhook URL. Cheap to clone.
pub struct ActixReceiver<S> {
    pipeline: Pipeline<S>,
}

impl<S: EventSink + 'static> ActixReceiver<S> {
    /// Creates a receiver that delivers to the pipeline's sink, whose future need not be `Send`.
    pub fn new(pipeline: Pipeline<S>) -> Self {
        Self { pipeline }
    }

    /// Returns the pipeline, to read its health and to shut it down.
    pub fn pipeline(&self) -> &Pipeline<S> {
        &self.pipeline
    }

    /// Returns the resource for `App::service`, at the path that X sends requests to.
    pub fn at(&self, path: &str) -> Resource {
        let pipeline = self.pipeline.clone();
        web::resource(path).to(move |request: HttpRequest, body: web::Payload| {
            let pipeline = pipeline.clone();
            async move { response(receive(&pipeline, &request, body).await) }
        })
    }
}

impl<S> Clone for ActixReceiver<S> {
    fn clone(&self) -> Self {
        Self { pipeline: self.pipeline.clone() }
    }
}

impl<S> fmt::Debug for ActixReceiver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActixReceiver").field("pipeline", &self.pipeline).finish()
    }
}

async fn receive<S: EventSink>(pipeline: &Pipeline<S>, request: &HttpRequest, body: web::Payload) -> Reply {
    let query = Some(request.query_string()).filter(|query| !query.is_empty());
    let head = RequestHead::new(request.method().as_str(), request.path(), query)
        .with_headers(request.headers().iter().map(|(name, value)| (name, value.as_bytes())));
    match pipeline.begin(&head) {
        HeadResult::Reply(reply) => reply,
        HeadResult::Body(incoming) => pipeline.receive(incoming, body).await,
    }
}

fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let mut response = HttpResponse::build(status);
    for header in reply.headers() {
        response.insert_header(header);
    }
    response.body(reply.into_body())
}
