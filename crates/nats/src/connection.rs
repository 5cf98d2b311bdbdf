//! The connection.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{Context, context::ContextBuilder};
use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;

use crate::Sink;

/// After which an event's receipt is given up.
const PATIENCE: Duration = Duration::from_secs(5);

/// JetStream, by way of a connection to a NATS server. Cheap to clone.
#[derive(Clone)]
pub struct JetStream {
    pub(crate) context: Context,
}

impl JetStream {
    /// Connects to a server such as `nats://127.0.0.1:4222`, `nats://user:password@host`, `nats://token@host` or `tls://host`, or to one of
    /// several, with a comma between them and the same credentials for all. When the connection is lost later on, it is made again, for ever.
    ///
    /// # Errors
    /// When no server can be reached now or the credentials are not accepted. What the URL holds of credentials is in no error.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        let (servers, credentials) = servers(url)?;
        // Within 20 s it is noticed that a server is gone which cannot say so.
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
        // Receipts that were lost with a connection, and are waited for by nobody, count as under way until then.
        let context = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client);
        Ok(Self { context })
    }

    /// By way of a connection that there is already: with its TLS, its credentials, its domain, its timeouts, and its limit of what is under way.
    pub fn new(context: Context) -> Self {
        Self { context }
    }

    /// What it is made of, for whatever else is wanted of JetStream.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Whether there is a connection now.
    pub fn is_connected(&self) -> bool {
        is_connected(&self.context)
    }

    /// A sink that publishes events. It needs a stream that listens: [`ensure_stream`](Self::ensure_stream).
    pub fn sink(&self) -> Sink {
        Sink::new(self.context.clone())
    }
}

impl fmt::Debug for JetStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStream").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}

pub(crate) fn is_connected(context: &Context) -> bool {
    context.client().connection_state() == State::Connected
}

/// A user and a password, or a token.
type Credentials = (String, Option<String>);

/// The client makes no use of what a URL holds of credentials, and would print it.
fn servers(urls: &str) -> Result<(Vec<ServerAddr>, Option<Credentials>), ConnectError> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (mut servers, mut credentials) = (Vec::new(), None);
    for url in urls.split(',') {
        // The parser's own errors may quote.
        let mut url = url.trim().parse().map_err(|_| ConnectError::Url).map(ServerAddr::into_inner)?;
        // A password with a slash that is not encoded ends in the path, and begins where the port is printed.
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

/// What the system says, without the names of the layers above it.
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

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL cannot be read.
    #[error("this is no URL of a NATS server; one looks like `nats://127.0.0.1:4222`")]
    Url,
    /// The server does not know the credentials.
    #[error("the NATS server {0} does not accept these credentials")]
    Credentials(Servers),
    /// No server answers.
    #[error("cannot reach a NATS server at {servers}: {reason}")]
    Unreachable {
        /// Which were tried.
        servers: Servers,
        /// What the system says.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_the_url() {
        let (addresses, credentials) = servers("nats://h:1, nats://jack:p%40ss@g:2").expect("a URL");
        assert_eq!(credentials, Some(("jack".to_owned(), Some("p@ss".to_owned()))));
        assert!(!format!("{addresses:?}").contains("jack"), "{addresses:?}");
        assert_eq!(Servers::of(&addresses).to_string(), "h:1, g:2");
        let (_, credentials) = servers("t%20ken@127.0.0.1").expect("a URL");
        assert_eq!(credentials, Some(("t ken".to_owned(), None)));
        let (_, credentials) = servers("nats://:p@127.0.0.1").expect("a URL");
        assert_eq!(credentials, Some((String::new(), Some("p".to_owned()))), "none is lost in silence");
        assert_eq!(servers("127.0.0.1").expect("a URL").1, None);
    }

    #[tokio::test]
    async fn an_error_says_where_but_not_with_which_credentials() {
        for url in [
            "nats://jack:se%63ret@127.0.0.1:1",
            "nats://secret@127.0.0.1:1,127.0.0.1:1",
            "nats://jack:secret@[127.0.0.1",
            "secret://jack:secret@127.0.0.1:1",
            "nats://jack:secret@127.0.0.1:port",
            "nats://jack:12/secret@127.0.0.1:4222",
        ] {
            let error = JetStream::connect(url).await.map(|_| ()).expect_err(url);
            let said = format!("{error} {error:?}");
            assert!(!said.contains("secret") && !said.contains("jack"), "{said}");
            assert!(said.contains("127.0.0.1:"), "{said}");
        }
    }
}
