//! Serves HTTP to untrusted clients.
//!
//! `axum::serve` is enough behind a proxy that reads the whole request first. It has no timeouts
//! and no settings for them, so this server does the same with limits.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use crate::PATIENCE;
use crate::settings::{Error, PATH, address, cannot_listen};

/// Timeout for the head of the first request, and for writing a response. birdhook limits the time
/// for the body.
pub const SILENCE: Duration = Duration::from_secs(10);

/// Timeout between two requests. It is longer than the 60 s that nginx and most other proxies wait,
/// so that the proxy closes an unused connection first. A request sent on a connection that this
/// server is closing would be lost.
pub const IDLE: Duration = Duration::from_secs(75);

/// Maximum size in bytes of a request head and of the read buffer. It limits the memory of one
/// connection. X's heads take 1 KB.
const HEAD: usize = 32 << 10;

/// Length of the accept queue. `TcpListener::bind` uses 128: with more connections at once, some
/// clients do not notice that theirs was dropped. The system may have a lower limit.
const WAITING: u32 = 4096;

fn listen() -> Result<TcpListener, Error> {
    let (address, socket) = (address()?, TcpSocket::new_v4()?);
    // Not on Windows, where the option lets other processes take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address).map_err(|why| cannot_listen(address, &why))?;
    Ok(socket.listen(WAITING)?)
}

/// Serves HTTP/1 and HTTP/2 at [`address`] until `stop` resolves, then finishes the requests in
/// progress.
///
/// # Errors
/// Fails if that address cannot be listened on.
#[allow(clippy::print_stderr, reason = "once, before the server runs")]
pub async fn serve<S, B>(service: S, stop: impl Future<Output = ()>) -> Result<(), Error>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Error>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Error>,
{
    let listener = listen()?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    let mut server = Builder::new(TokioExecutor::new());
    // Without a timer, hyper waits for a head without a limit.
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(HEAD);
    server.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many files are open, or the client has gone. Neither ends the server.
                Err(_) => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Each connection takes a file, so silent clients and clients that do not read responses
        // need a timeout.
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(IDLE));
        stream.set_write_timeout(Some(SILENCE));
        let (service, asked) = (service.clone(), Arc::new(Notify::new()));
        let asks = asked.clone();
        let service = service_fn(move |request| {
            asks.notify_one();
            service.call(request)
        });
        let connection = server.serve_connection(TokioIo::new(Box::pin(stream)), service).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // An error here belongs to the connection: the client closed it, or was disconnected.
            let is_asked = tokio::select! {
                _ = &mut connection => false,
                () = asked.notified() => true,
                () = sleep(SILENCE) => false,
            };
            if is_asked {
                let _ = connection.await;
            }
        });
    }
    drop(listener);
    // Connections that do not finish in time are closed.
    let _ = timeout(PATIENCE, connections.shutdown()).await;
    Ok(())
}
