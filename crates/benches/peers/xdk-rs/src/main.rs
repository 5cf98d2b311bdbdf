//! The receiver of xdk-rs. The app parses what it receives.

use std::env::var;

use tokio_util::sync::CancellationToken;
use xdk::webhooks::{Receiver, ReceiverConfig, SigningSecrets};

#[tokio::main]
async fn main() {
    let (port, secret) = (var("PORT").expect("PORT"), var("CONSUMER_SECRET").expect("CONSUMER_SECRET"));
    let secrets = SigningSecrets { oauth1_consumer_secret: Some(secret), oauth2_client_secret: None };
    let mut config = ReceiverConfig::new(format!("127.0.0.1:{port}").parse().expect("an address"), secrets);
    config.path = "/webhooks/twitter".to_owned();
    config.max_connections = 1024;
    let mut receiver = Receiver::bind(config, CancellationToken::new()).await.expect("a free port");
    while let Some(event) = receiver.next_event().await {
        let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&event.body);
        drop(parsed);
    }
}
