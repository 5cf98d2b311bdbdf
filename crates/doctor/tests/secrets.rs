//! The doctor checks receivers built on birdhook's core, with a consumer secret, a client secret,
//! or both.

use std::future::pending;
use std::net::SocketAddr;

use birdhook_core::{App, Endpoint, EndpointSettings, HeadResult, RequestHead, Secret, SecretKind};
use birdhook_doctor::{CheckStatus, Doctor};
use tokio::net::TcpStream;

use crate::receiver::{listen, read_body, read_head, respond};
use crate::{checks_with, result};

/// The checks that fail in these tests but for no planted fault.
pub(crate) const FAILED: &[&str] = &["delivery_headers"];

const CONSUMER: &str = "a-consumer-secret-of-the-tests";
const CLIENT: &str = "a-client-secret-of-the-tests";

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

async fn start(app: App) -> SocketAddr {
    let endpoint = Endpoint::new(app, EndpointSettings::default());
    listen(pending(), move |stream| serve(stream, endpoint.clone())).await
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/webhooks/twitter")
}

async fn serve(mut stream: TcpStream, endpoint: Endpoint) {
    let Some((head, body)) = read_head(&mut stream).await else { return };
    let request = RequestHead::new(&head.method, "/webhooks/twitter", Some(&head.query))
        .with_headers(head.headers.iter().map(|(name, value)| (name, value.as_bytes())));
    let (status, headers, answer) = match endpoint.begin(&request) {
        HeadResult::Reply(reply) => (reply.status(), reply.headers().collect(), reply.body().clone()),
        HeadResult::Body(mut reader) => {
            let body = read_body(&mut stream, &head, body).await;
            let read = reader.push(body.into()).and_then(|()| reader.finish().map(drop));
            let (status, body) = read.err().map_or((200, bytes::Bytes::new()), |r| (r.status(), r.into_body()));
            (status, Vec::new(), body)
        }
    };
    respond(&mut stream, (status, answer.len()), headers, &answer).await;
}

fn both() -> App {
    App::new("both", secret(CONSUMER)).add_client_secret(secret(CLIENT))
}

fn doctor_of_both(address: SocketAddr) -> Doctor {
    Doctor::new(url(address), CONSUMER).unwrap().add_client_secret(CLIENT).unwrap().local(true)
}

#[tokio::test]
async fn accepts_a_response_with_either_secret_and_reports_which() {
    let by_consumer = both().answer_challenges_with(SecretKind::Consumer);
    for (app, answered, alone) in [
        (App::new("old", secret(CONSUMER)), "consumer secret", "only the header of the consumer secret"),
        (App::with_client_secret("new", secret(CLIENT)), "client secret", "only the header of the client secret"),
        (both(), "client secret", "either header"),
        (by_consumer, "consumer secret", "either header"),
    ] {
        let diagnosis = doctor_of_both(start(app).await).examine().await;
        assert!(diagnosis.is_healthy(), "{diagnosis}");
        assert_eq!(result(&diagnosis, "challenge_secret").observed(), format!("answered with the {answered}"));
        assert!(result(&diagnosis, "delivery_headers").observed().starts_with(alone), "{diagnosis}");
    }
}

#[tokio::test]
async fn one_secret_suffices_for_a_receiver_of_that_kind() {
    let url = url(start(App::with_client_secret("new", secret(CLIENT))).await);
    let diagnosis = Doctor::with_client_secret(&url, CLIENT).unwrap().local(true).examine().await;
    assert!(diagnosis.is_healthy(), "{diagnosis}");
    let diagnosis = Doctor::new(&url, CONSUMER).unwrap().local(true).examine().await;
    assert!(checks_with(&diagnosis, CheckStatus::Failed).contains(&"challenge_secret"), "{diagnosis}");
}

/// The receiver answers challenges with the client secret, but verifies deliveries only with the
/// consumer secret.
#[tokio::test]
async fn a_receiver_must_accept_the_header_of_the_secret_that_answers_challenges() {
    let challenges = start(App::with_client_secret("new", secret(CLIENT))).await;
    let deliveries = start(App::new("old", secret(CONSUMER))).await;
    let diagnosis = doctor_of_both(split(challenges, deliveries).await).examine().await;
    assert_eq!(checks_with(&diagnosis, CheckStatus::Failed), ["delivery_headers"], "{diagnosis}");
    let observed = result(&diagnosis, "delivery_headers").observed();
    assert_eq!(observed, "only the header of the consumer secret is accepted alone");
}

/// Forwards GETs to one receiver and all other requests to another.
async fn split(challenges: SocketAddr, deliveries: SocketAddr) -> SocketAddr {
    let forward = move |mut stream: TcpStream| async move {
        let mut first = [0];
        stream.peek(&mut first).await.unwrap();
        let mut behind = TcpStream::connect(if first == *b"G" { challenges } else { deliveries }).await.unwrap();
        tokio::io::copy_bidirectional(&mut stream, &mut behind).await
    };
    listen(pending(), forward).await
}

#[tokio::test]
async fn every_signed_delivery_is_recognised_as_the_doctors() {
    use std::sync::{Arc, Mutex};
    let bodies = Arc::<Mutex<Vec<bytes::Bytes>>>::default();
    let seen = Arc::clone(&bodies);
    let endpoint = Endpoint::new(App::with_client_secret("new", secret(CLIENT)), EndpointSettings::default());
    let address = listen(pending(), move |mut stream| {
        let (endpoint, seen) = (endpoint.clone(), Arc::clone(&seen));
        async move {
            let Some((head, body)) = read_head(&mut stream).await else { return };
            let request = RequestHead::new(&head.method, "/webhooks/twitter", Some(&head.query))
                .with_headers(head.headers.iter().map(|(name, value)| (name, value.as_bytes())));
            let reply = match endpoint.begin(&request) {
                HeadResult::Reply(reply) => reply,
                HeadResult::Body(mut reader) => {
                    let body = bytes::Bytes::from(read_body(&mut stream, &head, body).await);
                    match reader.push(body.clone()).and_then(|()| reader.finish()) {
                        Ok(delivery) => {
                            let ours = delivery.events().iter().all(Doctor::has_sent);
                            if !ours {
                                seen.lock().unwrap().push(body);
                            }
                            return respond(&mut stream, (200, 0), [], b"").await;
                        }
                        Err(reply) => reply,
                    }
                }
            };
            respond(&mut stream, (reply.status(), reply.body().len()), reply.headers(), reply.body()).await;
        }
    })
    .await;
    let diagnosis = Doctor::with_client_secret(url(address), CLIENT).unwrap().local(true).examine().await;
    assert_eq!(diagnosis.verdict().to_string(), "ready for X", "{diagnosis}");
    assert!(bodies.lock().unwrap().is_empty(), "{bodies:?}");
}
