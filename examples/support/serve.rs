//! Serving HTTP to strangers. `axum::serve` is enough behind a proxy that has read the whole request, but it waits for a
//! client without end, and cannot be told otherwise; so this is what it does, with limits.

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

use crate::{Error, PATIENCE, address, cannot_listen};

/// How long a client may take to send its first request's head, and to take an answer. The body's time is birdhook's.
pub const SILENCE: Duration = Duration::from_secs(10);

/// How long a client may take until its next request. A proxy must be the first to close a connection that nobody uses: what it
/// sends over one that is being closed here is lost. nginx and most others wait for a minute.
pub const IDLE: Duration = Duration::from_secs(75);

/// The longest head, and the most that is read ahead: what a stranger can make a connection hold. X's heads take 1 KB.
const HEAD: usize = 32 << 10;

/// How many connections may wait to be accepted. `TcpListener::bind` lets 128 wait: with more at once, some are not even
/// told that they were dropped. The system may have a lower bound of its own.
const WAITING: u32 = 4096;

/// Listens at [`address`].
///
/// # Errors
/// When that address cannot be listened at.
pub fn listen() -> Result<TcpListener, Error> {
    let (address, socket) = (address()?, TcpSocket::new_v4()?);
    // Not on Windows, where it would let others take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address).map_err(|why| cannot_listen(address, &why))?;
    Ok(socket.listen(WAITING)?)
}

/// Serves HTTP/1 and HTTP/2 until `stop` resolves; then what is under way is finished.
pub async fn serve<S, B>(listener: TcpListener, service: S, stop: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Error>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Error>,
{
    let mut server = Builder::new(TokioExecutor::new());
    // Without a timer hyper waits for a head for ever.
    server.http1().timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(HEAD);
    server.http2().timer(TokioTimer::new()).max_concurrent_streams(100);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Too many files are open, or the client has gone: neither is a reason to end.
                Err(_) => {
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Connections that say nothing at all, or do not take their answers, cost a file each.
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
            // An error here is the connection's: the client went away, or was sent away.
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
    // Whoever does not finish in time is cut off.
    let _ = timeout(PATIENCE, connections.shutdown()).await;
}
