//! Serving HTTP to strangers. `axum::serve` is enough behind a proxy that has read the whole request, but it waits for a
//! client without end, and cannot be told otherwise; so this is what it does, with limits.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use crate::{Error, PATIENCE, address};

/// How long a client may take to send a request's head, and may send or take nothing at all. The body's time is birdhook's.
const SILENCE: Duration = Duration::from_secs(10);

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
    let socket = TcpSocket::new_v4()?;
    // Not on Windows, where it would let others take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address()?)?;
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
    server.http1().timer(TokioTimer::new()).header_read_timeout(SILENCE).max_buf_size(HEAD);
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
        stream.set_read_timeout(Some(SILENCE));
        stream.set_write_timeout(Some(SILENCE));
        let connection = server.serve_connection(TokioIo::new(Box::pin(stream)), service.clone()).into_owned();
        // An error here is the connection's: the client went away, or was sent away.
        tokio::spawn(connections.watch(connection));
    }
    drop(listener);
    // Whoever does not finish in time is cut off.
    let _ = timeout(PATIENCE, connections.shutdown()).await;
}
