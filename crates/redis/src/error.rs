//! What can go wrong.

use redis::{ErrorKind, RedisError};

/// Why there is no connection. Tells the address, never the user or the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not one of Redis.
    #[error("not a URL of Redis; it looks like redis://user:password@host:6379/0")]
    Url,
    /// The URL asks for TLS.
    #[error(
        "the URL asks for TLS, for which a feature is missing: `redis-tls` of birdhook, or `tls` of birdhook-redis"
    )]
    NoTls,
    /// The URL does not ask for TLS, though authorities are named to trust.
    #[error("the URL asks for no TLS; rediss:// does")]
    Plain,
    /// What should be certificates of authorities is none.
    #[error("what should be the PEM of an authority's certificate holds none")]
    Roots,
    /// Nobody answers there.
    #[error("no answer from Redis at {at}")]
    Unreachable {
        /// Host and port.
        at: String,
        /// What was tried.
        source: RedisError,
    },
    /// The user or the password is wrong, or missing.
    #[error("Redis at {at} wants another user or password")]
    Denied {
        /// Host and port.
        at: String,
    },
    /// The server answers something else.
    #[error("Redis at {at} refuses the connection")]
    Refused {
        /// Host and port.
        at: String,
        /// The server's answer.
        source: RedisError,
    },
}

impl ConnectError {
    pub(crate) fn of(source: RedisError, at: String) -> Self {
        let is_denied =
            source.kind() == ErrorKind::AuthenticationFailed || matches!(source.code(), Some("NOAUTH" | "WRONGPASS"));
        match source {
            _ if is_denied => Self::Denied { at },
            source if source.is_io_error() => Self::Unreachable { at, source },
            source => Self::Refused { at, source },
        }
    }
}
