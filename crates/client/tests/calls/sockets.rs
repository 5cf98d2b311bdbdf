use std::time::Duration;

use birdhook_client::{Client, CredentialKind, Error, ErrorCause, HttpsTransport, RetryPolicy, TransportError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::calls::expected::check_general;
use crate::calls::fixture::made_up;

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

/// Starts a server that writes these bytes in response to the first packet, and then ends the connection or waits.
async fn answering(bytes: &'static [u8], waits: bool) -> String {
    let answer = move |mut stream: TcpStream| async move {
        read(&mut stream).await;
        stream.write_all(bytes).await.unwrap();
        if waits {
            std::future::pending::<()>().await;
        }
    };
    server(answer).await
}

async fn error_of(url: &str, timeout: Duration) -> Error {
    let builder = Client::builder(made_up()).base_url(url).retries(RetryPolicy::never());
    builder.timeout(timeout).build().unwrap().webhooks().list().await.unwrap_err()
}

async fn read(stream: &mut TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer).await.unwrap();
}

#[tokio::test]
async fn a_failure_of_the_network_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let partial = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\"";
    let plain_text = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", false).await;
    let late = "GET /2/webhooks: no response in time [with the app's bearer token]";
    let (short, long) = (Duration::from_millis(100), Duration::from_secs(10));
    for (name, url, timeout, cause, shows) in [
        ("a late response", answering(b"", true).await, short, "Timeout", late),
        ("a partial response", answering(partial, true).await, short, "Timeout", late),
        ("a refused connection", refused, long, "Connect", "refused"),
        ("a failed TLS handshake", plain_text.replace("http:", "https:"), long, "Connect", ""),
        ("a connection that ends early", answering(b"", false).await, long, "Broken", ""),
    ] {
        let error = error_of(&url, timeout).await;
        let ErrorCause::NoResponse(why) = error.cause() else { panic!("{name}: {error}") };
        assert!(format!("{why:?}").starts_with(cause) && error.to_string().contains(shows), "{name}: {error}");
        assert_eq!((error.credential(), error.status()), (Some(CredentialKind::Bearer), None), "{name}");
        let is_unsent = matches!(why, TransportError::Connect(_));
        assert_eq!(error.fix().contains("whether the call was carried out"), !is_unsent, "{name}");
        check_general(&error);
    }
}

#[tokio::test]
async fn an_endless_response_is_aborted() {
    let url = server(|mut stream| async move {
        read(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let piece = vec![b' '; 1 << 20];
        while stream.write_all(&piece).await.is_ok() {}
    })
    .await;
    let error = error_of(&url, Duration::from_secs(60)).await;
    let ErrorCause::NoResponse(TransportError::Broken(why)) = error.cause() else { panic!("{error}") };
    assert!(why.contains("longer than"), "{why}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let found = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let url = answering(found, false).await;
    let error = error_of(&url, Duration::from_secs(10)).await;
    assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::Other, 302));
}

#[test]
fn the_debug_output_of_a_transport_is_its_name() {
    assert!(format!("{:?}", HttpsTransport::new(Duration::from_secs(1)).unwrap()).starts_with("HttpsTransport"));
}
