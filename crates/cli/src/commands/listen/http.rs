//! An HTTP server for untrusted clients, with a timeout for each way to hold a connection open.

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::Accept;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_io_timeout::TimeoutStream;

/// Timeout for the head of the first request, and for writing a response. birdhook limits the time
/// for the body.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout between two requests. It is longer than the 60 s that nginx and most other proxies wait,
/// so that the proxy closes an unused connection first. A request sent on a connection that this
/// server is closing would be lost.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// Maximum size in bytes of a request head and of the read buffer. It limits the memory of one
/// connection. X's heads take 1 KB.
const MAX_HEAD: usize = 32 << 10;

const MAX_STREAMS: u32 = 100;

/// Length of the accept queue. The system may have a lower limit.
const BACKLOG: u32 = 4096;

/// Grace period for connections at shutdown, after all requests are answered.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Listens on an address. With `shared`, other processes may listen on it too.
pub(super) fn listen(addr: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Not on Windows, where the option lets other processes take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(shared)?;
    #[cfg(not(unix))]
    if shared {
        return Err(io::Error::new(io::ErrorKind::Unsupported, format!("{addr} cannot be shared on this system")));
    }
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Serves HTTP/1 and HTTP/2 until `stop` resolves, then closes connections after `CLOSE_TIMEOUT`.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> io::Result<()> {
    let handle = Handle::<SocketAddr>::new();
    let server = axum_server::Server::from_listener(listener).acceptor(TimeoutAcceptor);
    let mut server = server.first_request_timeout(STALL_TIMEOUT).handle(handle.clone());
    server.http_builder().http1().header_read_timeout(IDLE_TIMEOUT).max_buf_size(MAX_HEAD);
    server.http_builder().http2().max_concurrent_streams(MAX_STREAMS);
    let stop = async move {
        stop.await;
        handle.graceful_shutdown(Some(CLOSE_TIMEOUT));
        Ok(())
    };
    tokio::try_join!(server.serve(router.into_make_service()), stop).map(drop)
}

/// Sets read and write timeouts on connections. hyper has a timeout only for HTTP/1 heads.
#[derive(Clone, Copy)]
struct TimeoutAcceptor;

impl<S> Accept<TcpStream, S> for TimeoutAcceptor {
    type Stream = Pin<Box<TimeoutStream<TcpStream>>>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(IDLE_TIMEOUT));
        stream.set_write_timeout(Some(STALL_TIMEOUT));
        ready(Ok((Box::pin(stream), service)))
    }
}
