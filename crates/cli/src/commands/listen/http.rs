//! HTTP for strangers: nobody may hold a connection by saying nothing, by never ending a request's head, or by never taking an answer.

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

/// How long a client may take to send its first request's head, and to take an answer. The body's time is birdhook's.
const SILENCE: Duration = Duration::from_secs(10);

/// How long a client may take until its next request. A proxy must be the first to close a connection that nobody uses: what it
/// sends over one that is being closed here is lost. nginx and most others wait for a minute.
const IDLE: Duration = Duration::from_secs(75);

/// The longest head, and the most that is read ahead: what a stranger can make a connection hold. X's heads take 1 KB.
const HEAD: usize = 32 << 10;

/// How many requests an HTTP/2 connection may have open.
const STREAMS: u32 = 100;

/// How many connections may wait to be accepted. The system may have a lower bound of its own.
const WAITING: u32 = 4096;

/// How long clients may take, once everything is answered, until they are cut off.
const GOODBYE: Duration = Duration::from_secs(1);

/// Listens at an address, on which others may listen too if it is `shared`.
pub(super) fn listen(addr: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Not on Windows, where it would let others take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(shared)?;
    #[cfg(not(unix))]
    if shared {
        return Err(io::Error::new(io::ErrorKind::Unsupported, format!("{addr} cannot be shared on this system")));
    }
    socket.bind(addr)?;
    socket.listen(WAITING)
}

/// Serves HTTP/1 and HTTP/2 until `stop` resolves; whoever has not been answered soon after is cut off.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> io::Result<()> {
    let handle = Handle::<SocketAddr>::new();
    let server = axum_server::Server::from_listener(listener).acceptor(Patience);
    let mut server = server.first_request_timeout(SILENCE).handle(handle.clone());
    server.http_builder().http1().header_read_timeout(IDLE).max_buf_size(HEAD);
    server.http_builder().http2().max_concurrent_streams(STREAMS);
    let stop = async move {
        stop.await;
        handle.graceful_shutdown(Some(GOODBYE));
        Ok(())
    };
    tokio::try_join!(server.serve(router.into_make_service()), stop).map(drop)
}

/// Lets a connection wait for its client so long and no longer, which hyper does for the heads of HTTP/1 alone.
#[derive(Clone, Copy)]
struct Patience;

impl<S> Accept<TcpStream, S> for Patience {
    type Stream = Pin<Box<TimeoutStream<TcpStream>>>;
    type Service = S;
    type Future = Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(IDLE));
        stream.set_write_timeout(Some(SILENCE));
        ready(Ok((Box::pin(stream), service)))
    }
}
