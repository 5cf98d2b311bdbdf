//! Plays X: challenges and delivers as X does.

use birdhook::{Secret, crc, signature};
use birdhook_examples::Error;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

pub(crate) struct X {
    secret: Secret,
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl X {
    pub(crate) fn new(secret: Secret, url: String) -> Self {
        Self { secret, url, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Sends a challenge and checks the answer as X would.
    pub(crate) async fn challenge(&self) -> Result<String, Error> {
        let token = "OWI0NTA3YjMtOTA0MC00NjY5LTljYTMtNmI5NGVkYjUwNTUz";
        let expected = crc::respond(&self.secret, token, crc::TokenPolicy::default())?;
        let request = Request::get(format!("{}?crc_token={token}&nonce=MTc2OTUxODI5MjkxNA", self.url));
        let (status, body) = self.send(request.body(Full::default())?).await?;
        Ok(format!("{status} {body} ({})", if body == expected { "right" } else { "wrong" }))
    }

    pub(crate) async fn deliver(&self, body: &'static str) -> Result<String, Error> {
        self.post(body, signature::sign(&self.secret, body.as_bytes())).await
    }

    pub(crate) async fn forge(&self, body: &'static str) -> Result<String, Error> {
        self.post(body, signature::sign(&Secret::new("a guess")?, body.as_bytes())).await
    }

    async fn post(&self, body: &'static str, signature: String) -> Result<String, Error> {
        let request = Request::post(&self.url)
            .header("content-type", "application/json")
            .header(signature::HEADER, signature)
            .body(body.into())?;
        self.send(request).await.map(|(status, _)| status)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(String, String), Error> {
        let (parts, body) = self.client.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok((parts.status.to_string(), String::from_utf8(body.into())?))
    }
}
