use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::redirect::Redirect;

const MAX_HEAD: u64 = 8 * 1024;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A check whether a redirect answers the pending login.
pub(super) type IsExpected = Arc<dyn Fn(&Redirect) -> bool + Send + Sync>;

const DONE: &str = "You can close this window.";

pub(super) async fn serve(mut stream: TcpStream, path: Arc<str>, is_expected: IsExpected) -> Option<Redirect> {
    tokio::time::timeout(TIMEOUT, async {
        let (status, text, redirect) = match read_head(&mut stream).await.ok()? {
            Head::Request { method, target } => evaluate(&method, &target, &path, &is_expected),
            Head::TooLong => ("431 Request Header Fields Too Large", "The request head is too long.", None),
            Head::Invalid => ("400 Bad Request", "This is not an HTTP request.", None),
        };
        // Keeps the redirect even if the browser has disconnected.
        let _ = respond(&mut stream, status, text).await;
        redirect
    })
    .await
    .ok()
    .flatten()
}

fn evaluate(
    method: &str,
    target: &str,
    path: &str,
    is_expected: &IsExpected,
) -> (&'static str, &'static str, Option<Redirect>) {
    if target.split('?').next() != Some(path) {
        return ("404 Not Found", "Not found.", None);
    }
    if method != "GET" {
        return ("405 Method Not Allowed", "Use GET.", None);
    }
    // A path without a query would otherwise be read as a bare code.
    let redirect = Some(Redirect::from(target)).filter(|redirect| target.contains('?') && is_expected(redirect));
    match redirect {
        None => ("400 Bad Request", "This redirect does not belong to the current login.", None),
        redirect => ("200 OK", DONE, redirect),
    }
}

enum Head {
    Request { method: String, target: String },
    TooLong,
    Invalid,
}

async fn read_head(stream: &mut TcpStream) -> io::Result<Head> {
    let mut stream = stream.take(MAX_HEAD);
    let mut head = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut head).await? == 0 {
            return if stream.limit() == 0 { Ok(Head::TooLong) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&head) {
            Ok(httparse::Status::Partial) => {}
            Ok(httparse::Status::Complete(_)) => {
                let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
                return Ok(Head::Request { method: method.to_owned(), target: target.to_owned() });
            }
            Err(_) => return Ok(Head::Invalid),
        }
    }
}

async fn respond(stream: &mut TcpStream, status: &str, text: &str) -> io::Result<()> {
    // The URL contains a code, so `referrer-policy` keeps it from other sites.
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
         referrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await
}
