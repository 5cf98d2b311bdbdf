//! Errors of connections and calls.

use redis::{ErrorKind, RedisError};

/// A failed connection. Names the address, never the user or the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not a Redis URL.
    #[error("invalid Redis URL: expected one like redis://user:password@host:6379/0")]
    Url,
    /// The URL requires TLS, which this build does not support.
    #[error(
        "the URL requires TLS, which this build does not support: enable the feature `redis-tls` of birdhook, or `tls` of birdhook-redis"
    )]
    NoTls,
    /// The URL does not use TLS, although root certificates were given.
    #[error("the URL does not use TLS, but root certificates were given: use rediss://")]
    Plain,
    /// The root certificates are not valid PEM.
    #[error("the root certificates contain no valid certificate: expected PEM")]
    Roots,
    /// The server does not answer.
    #[error("no answer from Redis at {at}")]
    Unreachable {
        /// Host and port.
        at: String,
        /// The underlying error.
        source: RedisError,
    },
    /// The user or the password is wrong, or missing.
    #[error("Redis at {at} does not accept these credentials: check the user and the password")]
    Denied {
        /// Host and port.
        at: String,
    },
    /// The server returns another error.
    #[error("Redis at {at} refused the connection")]
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

/// Returns the code of an error, also of one that a command inside a script caused.
///
/// Servers before Redis 7 report the latter as an error of the script: `-ERR Error running script
/// (call to f_0a41): @user_script:37: NOGROUP No such key`, or `.. @user_script: 1: -OOM command
/// not allowed`.
pub(crate) fn code(error: &RedisError) -> Option<&str> {
    let script = error.detail().filter(|detail| detail.starts_with("Error running script"));
    let cause = script.and_then(|detail| detail.rsplit_once("@user_script:")?.1.split_once(": "));
    cause.map_or(error.code(), |(_, cause)| cause.trim_start_matches('-').split(' ').next())
}

#[cfg(test)]
mod tests {
    use redis::{Value, parse_redis_value};

    use super::*;

    #[test]
    fn finds_the_code_of_a_script_error_of_any_server_version() {
        // Messages of 6.2.14 and 7.0.15.
        let script = "ERR Error running script (call to f_b952306141891de36dd67a11f046162bbea9de1e): @user_script:1: ";
        for (message, expected) in [
            (format!("{script}NOGROUP No such key 'k' or consumer group 'g'"), "NOGROUP"),
            (format!("{script}@user_script: 1: -OOM command not allowed when used memory > 'maxmemory'."), "OOM"),
            (format!("{script}@user_script: 1: -READONLY You can't write against a read only replica."), "READONLY"),
            ("NOGROUP No such key 'k' script: b952, on @user_script:1.".to_owned(), "NOGROUP"),
            ("READONLY You can't write against a read only replica.".to_owned(), "READONLY"),
            ("ERR unknown command".to_owned(), "ERR"),
        ] {
            let Ok(Value::ServerError(error)) = parse_redis_value(format!("-{message}\r\n").as_bytes()) else {
                panic!("{message}")
            };
            assert_eq!(code(&error.into()), Some(expected), "{message}");
        }
    }
}
