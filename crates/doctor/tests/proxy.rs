//! A proxy that, like Go's, misses an early response to a huge body and reports its own failed
//! write as a 502.

use std::future::pending;
use std::net::SocketAddr;

use birdhook_doctor::{CheckResult, CheckStatus, Diagnosis};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::fault::Fault;
use crate::receiver::{Receiver, listen};
use crate::{doctor, result};

const BAD_GATEWAY: &[u8] = b"HTTP/1.1 502 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// How the proxy forwards a huge unsigned body.
#[derive(Clone, Copy)]
enum Passing {
    /// Stops when the receiver closes the connection.
    Streams,
    /// Reads the whole body before it responds.
    Buffers,
}

async fn serve(mut stream: TcpStream, receiver: SocketAddr, passing: Passing) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|four| four == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    let length = head
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
    let is_deaf = length > 1 << 20 && !head.contains("x-twitter-webhooks-signature");
    let Ok(mut behind) = TcpStream::connect(receiver).await else { return stream.write_all(BAD_GATEWAY).await };
    behind.write_all(&bytes).await?;
    if !is_deaf {
        copy_bidirectional(&mut stream, &mut behind).await?;
        return Ok(());
    }
    if matches!(passing, Passing::Buffers) {
        let mut left = length - bytes.len().min(length / 2);
        let mut buffer = vec![0; 1 << 16];
        while left > 0 {
            match stream.read(&mut buffer).await? {
                0 => break,
                read => left = left.saturating_sub(read),
            }
        }
    }
    let mut unheard = Vec::new();
    let _ = behind.read_to_end(&mut unheard).await;
    stream.write_all(BAD_GATEWAY).await?;
    // Reads until the client disconnects: unread data would reset the connection and discard the
    // response.
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}

async fn examined(fault: Fault, passing: Passing) -> Diagnosis {
    let receiver = Receiver::start(fault).await;
    doctor(listen(pending(), move |stream| serve(stream, receiver, passing)).await).examine().await
}

fn huge(diagnosis: &Diagnosis) -> &CheckResult {
    result(diagnosis, "body_huge_unsigned")
}

#[tokio::test]
async fn a_proxy_that_misses_an_early_refusal_is_only_a_warning() {
    let diagnosis = examined(Fault::None, Passing::Streams).await;
    assert!(diagnosis.is_healthy(), "{diagnosis}");
    let result = huge(&diagnosis);
    assert_eq!(result.status(), CheckStatus::Warned, "{diagnosis}");
    let seen = "answered 502 before the whole body was sent; a short body without a signature: answered 401";
    assert_eq!(result.observed(), seen);
    assert!(result.cause().unwrap().starts_with("a proxy missed the refusal"), "{result}");
}

#[tokio::test]
async fn a_502_of_a_proxy_does_not_hide_a_fault() {
    for (fault, passing) in [
        (Fault::NoSignatureTaken, Passing::Streams),
        (Fault::NoSignatureFails, Passing::Streams),
        (Fault::HugeUnsignedCrashes, Passing::Streams),
        // The proxy has read the whole body, so the receiver may have accepted it.
        (Fault::None, Passing::Buffers),
    ] {
        let diagnosis = examined(fault, passing).await;
        assert_eq!(huge(&diagnosis).status(), CheckStatus::Failed, "{fault:?}: {diagnosis}");
    }
}
