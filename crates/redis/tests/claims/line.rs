//! A receiver's connection to Redis, which is replaced when it breaks.
//!
//! Each task that holds a socket belongs to the host's `LocalSet`: when a host crashes, other tasks
//! are dropped in an order that differs between runs.

use std::sync::LazyLock;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, RedisFuture, RedisResult, Value,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_local;
use tokio::time::timeout;
use turmoil::net::TcpStream;

use crate::server::PORT;

static CONNECTION_INFO: LazyLock<RedisConnectionInfo> = LazyLock::new(RedisConnectionInfo::default);
const TIMEOUT: Duration = Duration::from_millis(250);

#[derive(Clone)]
pub struct Line(mpsc::UnboundedSender<Request>);

enum Request {
    Connection(oneshot::Sender<RedisResult<(u64, MultiplexedConnection)>>),
    /// Replaces the connection with this serial number.
    Replace(u64),
}

impl Line {
    pub fn new() -> Self {
        let (line, requests) = mpsc::unbounded_channel();
        spawn_local(manage(requests));
        Self(line)
    }

    async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let (answer, answered) = oneshot::channel();
        let _ = self.0.send(Request::Connection(answer));
        answered.await.unwrap_or_else(|_| Err(none()))
    }
}

fn none() -> RedisError {
    (ErrorKind::Io, "no connection").into()
}

async fn manage(mut requests: mpsc::UnboundedReceiver<Request>) {
    let (mut serial, mut connection) = (0, None);
    while let Some(request) = requests.recv().await {
        match request {
            Request::Replace(broken) if broken == serial => connection = None,
            Request::Replace(_) => {}
            Request::Connection(answer) if answer.is_closed() => {}
            Request::Connection(answer) => {
                if connection.is_none() {
                    serial += 1;
                    connection = connect().await.ok();
                }
                let _ = answer.send(connection.clone().map(|connection| (serial, connection)).ok_or_else(none));
            }
        }
    }
}

async fn connect() -> RedisResult<MultiplexedConnection> {
    let connecting = async {
        let stream = TcpStream::connect(("redis", PORT)).await?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(TIMEOUT)).set_connection_timeout(None);
        MultiplexedConnection::new_with_config(&CONNECTION_INFO, stream, config).await
    };
    let (connection, driver) = timeout(TIMEOUT, connecting).await.map_err(|_| none())??;
    spawn_local(driver);
    Ok(connection)
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (serial, mut connection) = self.connection().await?;
            let answer = connection.send_packed_command(command).await;
            if answer.as_ref().is_err_and(|error| error.is_io_error() || error.is_unrecoverable_error()) {
                let _ = self.0.send(Request::Replace(serial));
            }
            answer
        })
    }

    fn req_packed_commands<'a>(&'a mut self, _: &'a Pipeline, _: usize, _: usize) -> RedisFuture<'a, Vec<Value>> {
        unimplemented!("scripts are called one by one")
    }

    fn get_db(&self) -> i64 {
        0
    }
}
