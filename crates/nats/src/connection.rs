//! The connection to a NATS server.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{Context, context::ContextBuilder};
use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;

/// Timeout for JetStream's replies, including the receipt of an event.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// JetStream, over a connection to a NATS server. Cheap to clone.
#[derive(Clone)]
pub struct JetStream {
    pub(crate) context: Context,
}

impl JetStream {
    /// Connects to a server, or to one of several servers separated by commas.
    ///
    /// Examples are `nats://127.0.0.1:4222`, `nats://user:password@host`, `nats://token@host` and
    /// `tls://host`. All servers get the same credentials. If the connection is lost later, the
    /// client reconnects, with no limit of attempts.
    ///
    /// # Errors
    /// Fails if no server can be reached now, or the credentials are refused. The error never
    /// contains the credentials.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let (servers, credentials) = servers(url)?;
        // A server that is gone silently is detected within 20 s.
        let mut options = ConnectOptions::new().name("birdhook").ping_interval(Duration::from_secs(10));
        options = match credentials {
            Some((user, Some(password))) => options.user_and_password(user, password),
            Some((token, None)) => options.token(token),
            None => options,
        };
        let client = options.connect(&servers).await.map_err(|error| {
            let servers = Servers::of(&servers);
            match error.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    ConnectError::Credentials(servers)
                }
                _ => ConnectError::Unreachable { servers, reason: innermost(&error) },
            }
        })?;
        // A receipt that was lost with its connection counts as in flight until this timeout.
        let context = ContextBuilder::new().timeout(REPLY_TIMEOUT).ack_timeout(REPLY_TIMEOUT).build(client);
        Ok(Self { context })
    }

    /// Uses an existing connection.
    ///
    /// Its TLS, credentials, domain, timeouts and limit of messages in flight apply.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// Returns the JetStream context, for everything else that JetStream offers.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Returns whether the connection is up.
    pub fn is_connected(&self) -> bool {
        self.context.client().connection_state() == State::Connected
    }
}

debug_fields!(JetStream, |this| connected: this.is_connected());

/// A user and a password, or a token.
type Credentials = (String, Option<String>);

/// Separates credentials from server addresses.
///
/// The client ignores credentials in a URL, and would print them.
fn servers(urls: &str) -> Result<(Vec<ServerAddr>, Option<Credentials>), ConnectError> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (mut servers, mut credentials) = (Vec::new(), None);
    for url in urls.split(',') {
        // The parser's own errors may quote the URL.
        let mut url = url.trim().parse().map_err(|_| ConnectError::Url).map(ServerAddr::into_inner)?;
        // A password with an unencoded slash continues in the path, and its beginning would be
        // printed as the port.
        if url.path().contains('@') {
            return Err(ConnectError::Url);
        }
        if credentials.is_none() && (!url.username().is_empty() || url.password().is_some()) {
            credentials = Some((decoded(url.username()), url.password().map(decoded)));
        }
        url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| ConnectError::Url)?;
        servers.push(ServerAddr::from_url(url).map_err(|_| ConnectError::Url)?);
    }
    Ok((servers, credentials))
}

/// Returns the innermost source's message: the operating system's, without its wrappers.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Hosts and ports, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<String>);

impl Servers {
    fn of(servers: &[ServerAddr]) -> Self {
        Self(servers.iter().map(|server| format!("{}:{}", server.host(), server.port())).collect())
    }
}

impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// A failed connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not valid.
    #[error("invalid NATS URL: expected one like `nats://127.0.0.1:4222`")]
    Url,
    /// The server refuses the credentials.
    #[error("the NATS server {0} does not accept these credentials")]
    Credentials(Servers),
    /// No server answers.
    #[error("cannot reach a NATS server at {servers}: {reason}")]
    Unreachable {
        /// The servers that were tried.
        servers: Servers,
        /// The operating system's message.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separates_the_credentials_from_the_addresses() {
        let (addresses, credentials) = servers("nats://h:1, nats://jack:p%40ss@g:2").expect("a URL");
        assert_eq!(credentials, Some(("jack".to_owned(), Some("p@ss".to_owned()))));
        assert!(!format!("{addresses:?}").contains("jack"), "{addresses:?}");
        assert_eq!(Servers::of(&addresses).to_string(), "h:1, g:2");
        let (_, credentials) = servers("t%20ken@127.0.0.1").expect("a URL");
        assert_eq!(credentials, Some(("t ken".to_owned(), None)));
        let (_, credentials) = servers("nats://:p@127.0.0.1").expect("a URL");
        assert_eq!(credentials, Some((String::new(), Some("p".to_owned()))), "an empty user is kept");
        assert_eq!(servers("127.0.0.1").expect("a URL").1, None);
    }

    #[tokio::test]
    async fn an_error_names_the_address_but_not_the_credentials() {
        for url in [
            "nats://jack:se%63ret@127.0.0.1:1",
            "nats://secret@127.0.0.1:1,127.0.0.1:1",
            "nats://jack:secret@[127.0.0.1",
            "secret://jack:secret@127.0.0.1:1",
            "nats://jack:secret@127.0.0.1:port",
            "nats://jack:12/secret@127.0.0.1:4222",
        ] {
            let error = JetStream::connect(url).await.map(|_| ()).expect_err(url);
            let text = format!("{error} {error:?}");
            assert!(!text.contains("secret") && !text.contains("jack"), "{text}");
            assert!(text.contains("127.0.0.1:"), "{text}");
        }
    }
}
