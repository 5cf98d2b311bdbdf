//! Connections to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Row, Socket};

use crate::error::DatabaseError;

/// Timeout for connecting and logging in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time after which a connection whose packets are not confirmed is closed.
const UNCONFIRMED: Duration = Duration::from_secs(5);

/// The settings of connections.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    uses_tls: bool,
}

/// The parameters of a statement, each with its type. Statements are unnamed, so they work behind a
/// connection pooler that assigns each transaction another connection.
pub(crate) type Parameters<'a> = [(&'a (dyn ToSql + Sync), Type)];

impl Connector {
    pub(crate) fn new(url: &str) -> Result<Self, DatabaseError> {
        let mut config: Config = url.parse().map_err(|_| DatabaseError::Url)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(DatabaseError::Url);
        }
        let is_local = config.get_hosts().iter().all(is_local);
        let uses_tls = match config.get_ssl_mode() {
            SslMode::Disable => false,
            // Without a mode, only a connection within this machine may be unencrypted.
            SslMode::Prefer => !is_local,
            _ => true,
        };
        if uses_tls && !cfg!(feature = "tls") {
            return Err(DatabaseError::NoTls);
        }
        config.ssl_mode(if uses_tls { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT_TIMEOUT).tcp_user_timeout(UNCONFIRMED).keepalives_idle(Duration::from_secs(10));
        if config.get_application_name().is_none() {
            config.application_name("birdhook");
        }
        Ok(Self { config, uses_tls })
    }

    /// Returns the hosts and the database's name, for `Debug` and messages.
    pub(crate) fn place(&self) -> String {
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        format!("{}/{}", hosts.join(","), self.config.get_dbname().or(self.config.get_user()).unwrap_or_default())
    }

    /// Connects. Notifications go to `notified`, if given.
    pub(crate) async fn connect(&self, notified: Option<mpsc::Sender<()>>) -> Result<Client, DatabaseError> {
        let connecting: BoxFuture<'_, Result<Client, tokio_postgres::Error>> = if self.uses_tls {
            self.connect_with_tls(notified)
        } else {
            Box::pin(async move {
                let (client, connection) = self.config.connect(NoTls).await?;
                run::<NoTls>(connection, notified);
                Ok(client)
            })
        };
        match timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected.map_err(DatabaseError::of),
            Err(_) => Err(DatabaseError::TimedOut),
        }
    }

    #[cfg(feature = "tls")]
    fn connect_with_tls(
        &self,
        notified: Option<mpsc::Sender<()>>,
    ) -> BoxFuture<'_, Result<Client, tokio_postgres::Error>> {
        use rustls::{ClientConfig, RootCertStore, crypto::ring};
        use tokio_postgres_rustls::MakeRustlsConnect;

        Box::pin(async move {
            let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
            let _: Result<_, _> = ring::default_provider().install_default();
            let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
            let (client, connection) = self.config.connect(MakeRustlsConnect::new(tls)).await?;
            run::<MakeRustlsConnect>(connection, notified);
            Ok(client)
        })
    }

    #[cfg(not(feature = "tls"))]
    fn connect_with_tls(&self, _: Option<mpsc::Sender<()>>) -> BoxFuture<'_, Result<Client, tokio_postgres::Error>> {
        // `new` refuses such a connection string.
        Box::pin(async move { self.config.connect(NoTls).await.map(|(client, _)| client) })
    }
}

/// Drives a connection until it ends.
fn run<T: MakeTlsConnect<Socket>>(mut connection: Connection<Socket, T::Stream>, notified: Option<mpsc::Sender<()>>)
where
    T::Stream: Send + 'static,
{
    tokio::spawn(async move {
        let mut messages = stream::poll_fn(move |cx| connection.poll_message(cx)).boxed();
        while let Some(Ok(message)) = messages.next().await {
            if let (AsyncMessage::Notification(_), Some(notified)) = (message, &notified) {
                // A full channel means that one is pending already.
                let _ = notified.try_send(());
            }
        }
    });
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => ["localhost", "::1"].contains(&name.as_str()) || name.starts_with("127."),
        Host::Unix(_) => true,
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    }
}

/// A connection that is replaced when it breaks. Calls share it.
pub(crate) struct Link {
    connector: Connector,
    timeout: Duration,
    current: tokio::sync::Mutex<Option<(u64, Arc<Client>)>>,
    serial: AtomicU64,
}

impl Link {
    /// `timeout` limits each call, including the connection's if it needs one.
    pub(crate) fn new(connector: Connector, timeout: Duration) -> Self {
        Self { connector, timeout, current: tokio::sync::Mutex::default(), serial: AtomicU64::new(0) }
    }

    /// Returns another connection with the same settings.
    pub(crate) fn another(&self) -> Self {
        Self::new(self.connector.clone(), self.timeout)
    }

    /// Calls a statement and returns its rows, after its transaction was committed.
    pub(crate) async fn call(&self, sql: &str, parameters: &Parameters<'_>) -> Result<Vec<Row>, DatabaseError> {
        let mut used = None;
        let call = async {
            let (serial, client) = self.client().await?;
            used = Some(serial);
            client.query_typed(sql, parameters).await.map_err(DatabaseError::of)
        };
        let result = timeout(self.timeout, call).await.unwrap_or(Err(DatabaseError::TimedOut));
        if let (Err(error), Some(serial)) = (&result, used)
            && error.needs_reconnection()
        {
            let mut current = self.current.lock().await;
            if current.as_ref().is_some_and(|(now, _)| *now == serial) {
                *current = None;
            }
        }
        result
    }

    async fn client(&self) -> Result<(u64, Arc<Client>), DatabaseError> {
        let mut current = self.current.lock().await;
        if let Some((serial, client)) = &*current
            && !client.is_closed()
        {
            return Ok((*serial, Arc::clone(client)));
        }
        let client = Arc::new(self.connector.connect(None).await?);
        let serial = self.serial.fetch_add(1, Relaxed);
        *current = Some((serial, Arc::clone(&client)));
        Ok((serial, client))
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("place", &self.connector.place()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether a connection of this string uses TLS. `None` if it would, without the feature.
    fn uses_tls(url: &str) -> Option<bool> {
        match Connector::new(url) {
            Ok(connector) => Some(connector.uses_tls),
            Err(DatabaseError::NoTls) => None,
            Err(error) => panic!("{url}: {error}"),
        }
    }

    #[test]
    fn only_connections_within_this_machine_are_unencrypted_by_default() {
        let with_tls = cfg!(feature = "tls").then_some(true);
        for url in
            ["postgres://a@localhost/b", "postgres://a@127.0.0.1/b", "postgres://a@[::1]/b", "host=/run/postgresql"]
        {
            assert_eq!(uses_tls(url), Some(false), "{url}");
        }
        for url in [
            "postgres://a@db.example/b",
            "postgres://a@localhost/b?sslmode=require",
            "postgres://a@localhost,db.example/b",
            "host=localhost.example",
        ] {
            assert_eq!(uses_tls(url), with_tls, "{url}");
        }
        assert_eq!(uses_tls("postgres://a@db.example/b?sslmode=disable"), Some(false));
    }
}
