//! A receiver's connection to Redis, made again when it breaks.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, Pipeline, RedisConnectionInfo, RedisFuture, RedisResult, Value};
use tokio::sync::Mutex;
use tokio::time::timeout;
use turmoil::net::TcpStream;

use crate::server::PORT;

static ENTRY: LazyLock<RedisConnectionInfo> = LazyLock::new(RedisConnectionInfo::default);
const PATIENCE: Duration = Duration::from_millis(250);

#[derive(Clone, Default)]
pub struct Line(Arc<Mutex<Current>>);

#[derive(Default)]
struct Current {
    serial: u64,
    connection: Option<MultiplexedConnection>,
}

impl Line {
    async fn connection(&self) -> RedisResult<(u64, MultiplexedConnection)> {
        let mut current = self.0.lock().await;
        if let Some(connection) = &current.connection {
            return Ok((current.serial, connection.clone()));
        }
        let late = || redis::RedisError::from((ErrorKind::Io, "no connection"));
        let connecting = async {
            let stream = TcpStream::connect(("redis", PORT)).await?;
            let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE)).set_connection_timeout(None);
            MultiplexedConnection::new_with_config(&ENTRY, stream, config).await
        };
        let (connection, driver) = timeout(PATIENCE, connecting).await.map_err(|_| late())??;
        tokio::spawn(driver);
        current.serial += 1;
        current.connection = Some(connection.clone());
        Ok((current.serial, connection))
    }
}

impl ConnectionLike for Line {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let (serial, mut connection) = self.connection().await?;
            let answer = connection.send_packed_command(command).await;
            if answer.as_ref().is_err_and(|error| error.is_io_error() || error.is_unrecoverable_error()) {
                let mut current = self.0.lock().await;
                if current.serial == serial {
                    current.connection = None;
                }
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
