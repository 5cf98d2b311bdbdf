//! A shared connection for commands that do not block.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisError, RedisResult,
    ScriptInvocation, Value,
};

use crate::error::{ConnectError, code};

/// Timeout for connecting and logging in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout for a whole call. Shorter than X's.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to Redis, or to a compatible server (Valkey, `KeyDB`). Cheap to clone.
///
/// All clones share one connection, which is replaced when it breaks. A call without an answer
/// fails after 2 seconds. Only one server is used: with a Redis Cluster, connect to the node that
/// holds the stream's slot.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    current: Mutex<Current>,
}

#[derive(Clone)]
struct Current {
    manager: ConnectionManager,
    /// The number of connections before this one.
    serial: u64,
}

impl Redis {
    /// Connects to the server of this URL and checks that it accepts the credentials.
    ///
    /// The URL is `redis://[[user][:password]@]host[:port][/database]`, with `rediss` for TLS
    /// (feature `tls`), or `unix:///path?db=0`. With TLS, the server's certificate must be valid
    /// for that host and issued by one of Mozilla's root certificates.
    ///
    /// # Errors
    /// Fails if the URL is invalid, or the server refuses or does not answer. The error never
    /// contains the user or the password.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        check_tls_support(url, cfg!(feature = "tls"))?;
        Self::with_client(Client::open(info(url)?).map_err(|_| ConnectError::Url)?).await
    }

    /// Connects to a `rediss` URL and trusts only the certificates in `roots`, in PEM form.
    ///
    /// For servers with a certificate of a private authority or of the provider's own.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect). Also fails if the URL is not a TLS URL, or `roots` holds
    /// no certificate.
    #[cfg(feature = "tls")]
    pub async fn connect_with_roots(url: &str, roots: &[u8]) -> Result<Self, ConnectError> {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject;

        if !is_tls_url(url) {
            return Err(if info(url).is_ok() { ConnectError::Plain } else { ConnectError::Url });
        }
        let mut certificates = CertificateDer::pem_slice_iter(roots);
        if !matches!(certificates.next(), Some(Ok(_))) || certificates.any(|certificate| certificate.is_err()) {
            return Err(ConnectError::Roots);
        }
        let info = info(url)?;
        let trusted = redis::TlsCertificates { client_tls: None, root_cert: Some(roots.to_vec()) };
        Self::with_client(Client::build_with_tls(info, trusted).map_err(|_| ConnectError::Roots)?).await
    }

    /// Connects with a client of your own, for settings that a URL cannot express.
    ///
    /// One example is a server that requires a client certificate.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub async fn with_client(client: Client) -> Result<Self, ConnectError> {
        #[cfg(feature = "tls")]
        let _: Result<_, _> = rustls::crypto::ring::default_provider().install_default();
        let at = client.get_connection_info().addr().to_string();
        let redis = Self::unconnected(client).map_err(|error| ConnectError::of(error, at.clone()))?;
        match redis.query::<Value>(&redis::cmd("PING")).await {
            Ok(_) => Ok(redis),
            Err(error) => Err(ConnectError::of(error, at)),
        }
    }

    /// Returns a handle that connects on first use.
    pub(crate) fn unconnected(client: Client) -> RedisResult<Self> {
        let current = Current { manager: manager(&client)?, serial: 0 };
        Ok(Self { shared: Arc::new(Shared { client, current: Mutex::new(current) }) })
    }

    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        self.call(|mut manager| async move { command.query_async(&mut manager).await }).await
    }

    /// Calls a script. Repeats the call once if the connection broke, so the script must allow
    /// that.
    pub(crate) async fn invoke<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> RedisResult<T> {
        self.call(|mut manager| async move { call.invoke_async(&mut manager).await }).await
    }

    /// Opens a connection for commands that block for up to `block`.
    pub(crate) async fn blocking_connection(&self, block: Duration) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(block.saturating_add(CALL_TIMEOUT)));
        self.shared.client.get_multiplexed_async_connection_with_config(&config).await
    }

    async fn call<T, F>(&self, request: impl Fn(ConnectionManager) -> F) -> RedisResult<T>
    where
        T: FromRedisValue,
        F: Future<Output = RedisResult<Value>>,
    {
        let reply = async {
            match self.call_once(&request).await {
                // The connection may have broken long ago without notice.
                Err(error) if error.is_connection_dropped() => self.call_once(&request).await,
                reply => reply,
            }
        };
        let serial = self.current().serial;
        let Ok(reply) = tokio::time::timeout(CALL_TIMEOUT, reply).await else {
            self.replace(serial);
            return Err(io::Error::from(io::ErrorKind::TimedOut).into());
        };
        Ok(redis::from_redis_value(reply?)?)
    }

    async fn call_once<F>(&self, request: impl Fn(ConnectionManager) -> F) -> RedisResult<Value>
    where
        F: Future<Output = RedisResult<Value>>,
    {
        let Current { manager, serial } = self.current().clone();
        let reply = request(manager).await;
        if let Err(error) = &reply
            && needs_reconnection(error)
        {
            self.replace(serial);
        }
        reply
    }

    /// Replaces the connection with this serial number, unless it was replaced already.
    ///
    /// Calls that wait on the old connection continue. The manager reconnects by itself after most
    /// errors, but not if the peer is silent, nor after a failed login.
    fn replace(&self, serial: u64) {
        let mut current = self.current();
        if current.serial == serial
            && let Ok(manager) = manager(&self.shared.client)
        {
            *current = Current { manager, serial: serial.wrapping_add(1) };
        }
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.shared.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn info(url: &str) -> Result<ConnectionInfo, ConnectError> {
    let info = url.into_connection_info().map_err(|_| ConnectError::Url)?;
    Ok(info.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

/// Refuses a TLS URL without TLS support, so that nothing is sent in clear text.
fn check_tls_support(url: &str, supports_tls: bool) -> Result<(), ConnectError> {
    if is_tls_url(url) && !supports_tls { Err(ConnectError::NoTls) } else { Ok(()) }
}

/// Follows the redis crate's own reading of URLs.
fn is_tls_url(url: &str) -> bool {
    let scheme = url.trim_start().split_once(':').map_or("", |(scheme, _)| scheme);
    ["rediss", "valkeys"].iter().any(|tls| scheme.eq_ignore_ascii_case(tls))
}

/// Returns a manager that connects on first use. It does not retry, because callers wait meanwhile.
fn manager(client: &Client) -> RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(CALL_TIMEOUT))
        .set_pipeline_buffer_size(256);
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

/// Returns whether a new connection may help.
///
/// This includes a server that has become a replica: its host name may point to another server now.
pub(crate) fn needs_reconnection(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error() || code(error) == Some("READONLY")
}

// Omits the user and the password.
debug_fields!(Redis, |this| at: this.shared.client.get_connection_info().addr().to_string());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_a_tls_url_by_its_scheme_in_any_case() {
        assert!(["rediss://h", "REDISS://h", " valkeys://h"].into_iter().all(is_tls_url));
        assert!(["redis://rediss:x@h", "rediss", "", "unix:///rediss:"].into_iter().all(|url| !is_tls_url(url)));
    }

    #[test]
    fn rejects_a_tls_url_without_the_feature() {
        for url in ["rediss://aladdin:open-sesame@127.0.0.1/", "Rediss://127.0.0.1/", "valkeys://127.0.0.1/"] {
            let error = check_tls_support(url, false).unwrap_err();
            assert!(matches!(error, ConnectError::NoTls), "{url}: {error}");
            assert!(error.to_string().contains("`redis-tls`"), "{error}");
            assert!(check_tls_support(url, true).is_ok());
        }
        assert!(check_tls_support("redis://127.0.0.1/", false).is_ok());
    }
}
