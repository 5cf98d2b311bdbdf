//! Network failures on real sockets.

use std::time::Duration;

use birdhook_client::{Client, CredentialKind, ErrorCause, HttpsTransport, RetryPolicy, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::calls::stated::sound;
use crate::calls::world::made_up;

/// Starts a server that handles every connection with this function.
async fn server<F: Future<Output = ()> + Send>(with: impl Fn(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            with(stream).await;
        }
    });
    url
}

fn client(url: &str, timeout: Duration) -> Client {
    let builder = Client::builder(made_up()).base_url(url).retries(RetryPolicy::never());
    builder.timeout(timeout).build().unwrap()
}

async fn read(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer).await.unwrap();
}

#[tokio::test]
async fn no_answer_in_time_is_a_timeout() {
    let url = server(|mut stream| async move {
        read(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let error = client(&url, Duration::from_millis(100)).webhooks().list().await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::NoAnswer(TransportError::Timeout));
    assert_eq!((error.credential(), error.status()), (Some(CredentialKind::Bearer), None));
    assert_eq!(error.to_string(), "GET /2/webhooks: no answer in time [with the app's bearer token]");
    sound(&error);
}

#[tokio::test]
async fn an_answer_that_stops_halfway_is_a_timeout_too() {
    let url = server(|mut stream| async move {
        read(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\"").await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    let error = client(&url, Duration::from_millis(100)).webhooks().list().await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::NoAnswer(TransportError::Timeout), "{error}");
}

#[tokio::test]
async fn nobody_there_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&url, Duration::from_secs(10)).webhooks().list().await.unwrap_err();
    assert!(matches!(error.cause(), ErrorCause::NoAnswer(TransportError::Connect(_))), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    sound(&error);
}

#[tokio::test]
async fn a_server_without_tls_is_no_connection() {
    let url = server(|mut stream| async move {
        read(&mut stream).await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    })
    .await;
    let url = url.replace("http:", "https:");
    let error = client(&url, Duration::from_secs(10)).webhooks().list().await.unwrap_err();
    assert!(matches!(error.cause(), ErrorCause::NoAnswer(TransportError::Connect(_))), "{error}");
}

#[tokio::test]
async fn a_connection_that_ends_early_is_broken() {
    let url = server(|mut stream| async move { read(&mut stream).await }).await;
    let error = client(&url, Duration::from_secs(10)).webhooks().list().await.unwrap_err();
    assert!(matches!(error.cause(), ErrorCause::NoAnswer(TransportError::Broken(_))), "{error}");
    assert!(error.fix().contains("whether the call was carried out"));
    sound(&error);
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let url = server(|mut stream| async move {
        read(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let piece = vec![b' '; 1 << 20];
        while stream.write_all(&piece).await.is_ok() {}
    })
    .await;
    let error = client(&url, Duration::from_secs(60)).webhooks().list().await.unwrap_err();
    let ErrorCause::NoAnswer(TransportError::Broken(why)) = error.cause() else { panic!("{error}") };
    assert!(why.contains("longer than"), "{why}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let url = server(|mut stream| async move {
        read(&mut stream).await;
        let answer = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
    })
    .await;
    let error = client(&url, Duration::from_secs(10)).webhooks().list().await.unwrap_err();
    assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::Other, 302));
}

#[test]
fn a_transport_shows_no_more_than_its_name() {
    assert!(format!("{:?}", HttpsTransport::new(Duration::from_secs(1)).unwrap()).starts_with("HttpsTransport"));
}
