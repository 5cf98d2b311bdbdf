//! Forwards deliveries to another URL.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use birdhook::client::redact_url;
use birdhook::{Apps, event::RawJson};
use birdhook_testkit::Sender;

use crate::values::check_url;

/// Sends bodies to a URL, signed again with the secrets of their app.
pub(super) struct Forwarder {
    url: String,
    apps: Apps,
    sender: Sender,
}

impl Forwarder {
    pub(super) fn new(url: String, apps: Apps) -> Result<Self> {
        check_url("--forward", &url)?;
        Ok(Self { url, apps, sender: Sender::new(Duration::from_secs(2))? })
    }

    pub(super) async fn forward(&self, app: &str, body: &RawJson) -> Result<()> {
        let app = self.apps.iter().find(|known| known.name() == app);
        let app = app.context("the delivery is for an unknown app")?;
        let body = body.clone().into_bytes();
        let request = http::Request::post(&self.url).header(http::header::CONTENT_TYPE, "application/json");
        let sign = |request: http::request::Builder, (name, value)| request.header(name, value);
        let request = app.sign(&body).into_iter().fold(request, sign).body(body)?;
        let status = self.sender.send(request).await?.status;
        if !status.is_success() {
            bail!("{} responded with {status}", redact_url(&self.url));
        }
        Ok(())
    }
}
