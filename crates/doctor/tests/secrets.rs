//! The doctor checks receivers built on birdhook's core, with a consumer secret, a client secret,
//! or both.

use birdhook_core::{App, Endpoint, EndpointSettings, HeadResult, RequestHead, Secret, SecretKind};
use birdhook_doctor::{CheckStatus, Diagnosis, Doctor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::checks_with;
use crate::receiver::{Head, dechunk};

/// The checks that fail in these tests but for no planted fault.
pub(crate) const FAILED: &[&str] = &["delivery_headers"];

const CONSUMER: &str = "a-consumer-secret-of-the-tests";
const CLIENT: &str = "a-client-secret-of-the-tests";

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// Serves the app on a free loopback port, and returns its URL.
async fn start(app: App) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endpoint = Endpoint::new(app, EndpointSettings::default());
    tokio::spawn(async move {
        loop {
            let stream = listener.accept().await.unwrap().0;
            tokio::spawn(serve(stream, endpoint.clone()));
        }
    });
    format!("http://{address}/webhooks/twitter")
}

async fn serve(mut stream: TcpStream, endpoint: Endpoint) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let head = Head::parse(text.trim_end());
    let request = RequestHead::new(&head.method, "/webhooks/twitter", Some(&head.query))
        .with_headers(head.headers().iter().map(|(name, value)| (name, value.as_bytes())));
    let (status, headers, answer) = match endpoint.begin(&request) {
        HeadResult::Reply(reply) => (reply.status(), reply.headers().collect(), reply.body().clone()),
        HeadResult::Body(mut reader) => {
            if head.values("transfer-encoding").is_empty() {
                while body.len() < head.length() && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
            } else {
                while !body.ends_with(b"0\r\n\r\n") && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
                body = dechunk(&body);
            }
            let read = reader.push(body.into()).and_then(|()| reader.finish().map(drop));
            let (status, body) = read.err().map_or((200, bytes::Bytes::new()), |r| (r.status(), r.into_body()));
            (status, Vec::new(), body)
        }
    };
    let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", answer.len());
    headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    let _ = stream.write_all(&[text.as_bytes(), b"\r\n", &answer].concat()).await;
    let _ = stream.shutdown().await;
}

fn observed<'a>(diagnosis: &'a Diagnosis, check: &str) -> &'a str {
    diagnosis.results().iter().find(|result| result.check() == check).unwrap().observed()
}

fn both() -> App {
    App::new("both", secret(CONSUMER)).add_client_secret(secret(CLIENT))
}

fn doctor_of_both(url: &str) -> Doctor {
    Doctor::new(url, CONSUMER).unwrap().add_client_secret(CLIENT).unwrap()
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
        let url = start(app).await;
        let diagnosis = doctor_of_both(&url).local(true).examine().await;
        assert!(diagnosis.is_healthy(), "{diagnosis}");
        assert_eq!(observed(&diagnosis, "challenge_secret"), format!("answered with the {answered}"));
        assert!(observed(&diagnosis, "delivery_headers").starts_with(alone), "{diagnosis}");
    }
}

#[tokio::test]
async fn one_secret_suffices_for_a_receiver_of_that_kind() {
    let url = start(App::with_client_secret("new", secret(CLIENT))).await;
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
    let address = |url: &str| url.split('/').nth(2).unwrap().to_owned();
    let url = split(address(&challenges), address(&deliveries)).await;
    let diagnosis = doctor_of_both(&url).local(true).examine().await;
    assert_eq!(checks_with(&diagnosis, CheckStatus::Failed), ["delivery_headers"], "{diagnosis}");
    let observed = observed(&diagnosis, "delivery_headers");
    assert_eq!(observed, "only the header of the consumer secret is accepted alone");
}

/// Forwards GETs to one receiver and all other requests to another.
async fn split(challenges: String, deliveries: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let mut stream = listener.accept().await.unwrap().0;
            let (challenges, deliveries) = (challenges.clone(), deliveries.clone());
            tokio::spawn(async move {
                let mut first = [0];
                stream.peek(&mut first).await.unwrap();
                let mut behind =
                    TcpStream::connect(if first == *b"G" { challenges } else { deliveries }).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
            });
        }
    });
    format!("http://{address}/webhooks/twitter")
}
