use std::time::Duration;

use birdhook_client::login::{LoginError, Loopback, Proof, Redirect};
use http::{StatusCode, header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::login::fixture::{Fixture, agree, deny, open, text};
use crate::support::USER;

const LONG: Duration = Duration::from_secs(60);

async fn connect(loopback: &str) -> TcpStream {
    let address = loopback.trim_start_matches("http://").split('/').next().unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Sends these bytes and returns the response, until the connection ends.
async fn send(loopback: &str, bytes: &[u8]) -> String {
    let mut stream = connect(loopback).await;
    // The listener may respond before all bytes are written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn proof() -> Proof {
    Proof::new("", "the right state", "a verifier")
}

/// Waits for the redirect with this proof, while `requests` runs.
async fn wait_during<T>(loopback: &Loopback, requests: impl Future<Output = T>) -> (Result<Redirect, LoginError>, T) {
    let proof = proof();
    tokio::join!(loopback.code(&proof, LONG), requests)
}

#[tokio::test]
async fn a_browser_delivers_the_oauth1_verifier() {
    let fixture = Fixture::new().await;
    let (login, loopback) = (fixture.oauth1(), Loopback::bind(0).await.unwrap());
    let pending = login.begin(&loopback.redirect_url()).await.unwrap();
    let browser = async { open(&agree(&pending.authorize_url).await).await };
    let (redirect, page) = tokio::join!(loopback.verifier(&pending.request_token, LONG), browser);
    assert_eq!((page.status(), text(&page)), (StatusCode::OK, "You can close this window.".to_owned()));
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(page.headers()[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(login.finish(&pending.request_token, redirect.unwrap()).await.unwrap().user_id, USER);
}

#[tokio::test]
async fn a_browser_delivers_the_oauth2_code() {
    let fixture = Fixture::new().await;
    let (login, loopback) = (fixture.oauth2(), Loopback::bind(0).await.unwrap().path("back/here"));
    assert!(loopback.redirect_url().ends_with("/back/here"));
    let pending = login.begin(&loopback.redirect_url()).unwrap();
    let browser = async { open(&agree(&pending.authorize_url).await).await };
    let (redirect, page) = tokio::join!(loopback.code(&pending.proof, LONG), browser);
    assert_eq!(page.status(), 200);
    let token = login.finish(&pending.proof, redirect.unwrap()).await.unwrap();
    assert_eq!(login.user_id(&token).await.unwrap(), USER);
}

#[tokio::test]
async fn a_browser_delivers_a_refusal() {
    let fixture = Fixture::new().await;
    let loopback = Loopback::bind(0).await.unwrap();
    let (login1, login2) = (fixture.oauth1(), fixture.oauth2());
    let pending = login1.begin(&loopback.redirect_url()).await.unwrap();
    let browser = async { open(&deny(&pending.authorize_url).await).await };
    let (redirect, _) = tokio::join!(loopback.verifier(&pending.request_token, LONG), browser);
    let error = login1.finish(&pending.request_token, redirect.unwrap()).await.unwrap_err();
    assert_eq!(error, LoginError::Denied);

    let pending = login2.begin(&loopback.redirect_url()).unwrap();
    let browser = async { open(&deny(&pending.authorize_url).await).await };
    let (redirect, _) = tokio::join!(loopback.code(&pending.proof, LONG), browser);
    assert_eq!(login2.finish(&pending.proof, redirect.unwrap()).await.unwrap_err(), LoginError::Denied);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_at_the_limit() {
    let loopback = Loopback::bind(0).await.unwrap();
    let begun = tokio::time::Instant::now();
    let limit = Duration::from_secs(300);
    assert_eq!(loopback.code(&proof(), limit).await.unwrap_err(), LoginError::TimedOut);
    assert_eq!(begun.elapsed().as_secs(), 300);
}

#[tokio::test]
async fn other_requests_are_answered_and_ignored() {
    let loopback = Loopback::bind(0).await.unwrap();
    let url = loopback.redirect_url();
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes();
    let good = "/callback?state=the+right+state&code=abc";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("an icon", get("/favicon.ico"), "404"),
        ("another path", get("/callback/x?state=the+right+state&code=abc"), "404"),
        ("no query", get("/callback"), "400"),
        ("an empty query", get("/callback?"), "400"),
        ("a wrong state", get("/callback?state=wrong&code=abc"), "400"),
        ("no state", get("/callback?code=abc"), "400"),
        ("two states", get("/callback?state=the+right+state&state=x&code=abc"), "400"),
        ("no code", get("/callback?state=the+right+state"), "400"),
        ("POST", format!("POST {good} HTTP/1.1\r\ncontent-length: 0\r\n\r\n").into_bytes(), "405"),
        ("HEAD", format!("HEAD {good} HTTP/1.1\r\n\r\n").into_bytes(), "405"),
        ("TLS", vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc], "400"),
        ("zeros", vec![0; 600], "400"),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), "400"),
        ("a hundred headers", format!("GET {good} HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100)).into_bytes(), "400"),
        ("too long", format!("GET {good}&x={} HTTP/1.1\r\n\r\n", "x".repeat(8192)).into_bytes(), "431"),
    ];
    let (redirect, ()) = wait_during(&loopback, async {
        for (what, bytes, status) in cases {
            let answer = send(&url, &bytes).await;
            // Unread bytes reset the connection, which may lose the response.
            let is_lost = status == "431" && answer.is_empty();
            assert!(is_lost || answer.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {answer}");
            assert!(!answer.contains("close this window"), "{what}: {answer}");
        }
        assert!(send(&url, &get(good)).await.ends_with("\r\n\r\nYou can close this window."));
    })
    .await;
    redirect.unwrap();
}

#[tokio::test]
async fn two_hundred_silent_connections_do_not_block_the_redirect() {
    let loopback = Loopback::bind(0).await.unwrap();
    let url = loopback.redirect_url();
    let (redirect, ()) = wait_during(&loopback, async {
        let mut silent = Vec::new();
        for number in 0..200 {
            let mut stream = connect(&url).await;
            if number % 2 == 0 {
                stream.write_all(b"GET /callback?sta").await.unwrap();
            }
            silent.push(stream);
        }
        drop(silent.pop());
        let begun = std::time::Instant::now();
        let page = open(&format!("{url}?code=abc&state=the%20right%20state")).await;
        assert_eq!(page.status(), 200);
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    })
    .await;
    redirect.unwrap();
}

#[tokio::test]
async fn a_request_may_arrive_byte_by_byte() {
    let loopback = Loopback::bind(0).await.unwrap();
    let url = loopback.redirect_url();
    let (redirect, answer) = wait_during(&loopback, async {
        let mut stream = connect(&url).await;
        stream.set_nodelay(true).unwrap();
        for byte in b"GET /callback?code=abc&state=the+right+state HTTP/1.1\r\nhost: x\r\n\r\n" {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    })
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    redirect.unwrap();
}

#[tokio::test]
async fn it_listens_on_the_given_port_of_this_machine() {
    let first = Loopback::bind(0).await.unwrap();
    let port: u16 =
        first.redirect_url().trim_start_matches("http://127.0.0.1:").trim_end_matches("/callback").parse().unwrap();
    assert!(Loopback::bind(port).await.is_err(), "it is taken");
    drop(first);
    let second = Loopback::bind(port).await.unwrap();
    assert_eq!(second.redirect_url(), format!("http://127.0.0.1:{port}/callback"));
}
