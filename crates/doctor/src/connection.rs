//! The target's URL, and connections to it.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::exchange::{Exchange, NoResponse, RawRequest, Response};
use crate::tls::Tls;

#[derive(Clone, Debug)]
pub(crate) struct TargetUrl {
    pub(crate) url: Url,
    /// The port, if the URL contains one.
    pub(crate) port: Option<u16>,
}

impl TargetUrl {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
        // `Url` drops a port that is the scheme's default.
        let authority = text.split_once("://")?.1.split(['/', '?', '#']).next()?;
        let after_host = authority.rsplit(['@', ']']).next()?;
        // A bare colon means the default port. X rejects it like a written port.
        let default_port = || url.port_or_known_default();
        let port = after_host.rsplit_once(':').and_then(|(_, port)| port.parse().ok().or_else(default_port));
        Some(Self { url, port })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the host; an IPv6 address without brackets.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn path_and_query(&self, additional: &str) -> String {
        let path = self.url.path();
        match (self.url.query(), additional) {
            (None, "") => path.to_owned(),
            (Some(query), "") | (None, query) => format!("{path}?{query}"),
            (Some(own), additional) => format!("{path}?{own}&{additional}"),
        }
    }
}

/// Sends requests to the target, each on a new connection.
#[derive(Clone)]
pub(crate) struct Connector {
    pub(crate) url: TargetUrl,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeout: Duration,
}

impl Connector {
    pub(crate) async fn send(&self, request: &RawRequest) -> Exchange {
        let start = Instant::now();
        let exchange = timeout(self.timeout, async {
            let stream = self.connect().await?;
            let (path, authority) = (self.url.path_and_query(&request.query), self.url.authority());
            match &self.tls {
                None => request.send_over(stream, &path, &authority).await,
                Some(tls) => {
                    let stream = tls.connect(self.url.host(), stream).await.map_err(NoResponse::Tls)?;
                    request.send_over(stream, &path, &authority).await
                }
            }
        });
        let response = exchange.await.map_err(|_| NoResponse::TimedOut(self.timeout))??;
        Ok(Response { took: start.elapsed(), ..response })
    }

    /// Opens a connection and closes it.
    pub(crate) async fn probe(&self) -> Result<(), NoResponse> {
        let connected = timeout(self.timeout, self.connect()).await;
        connected.map_err(|_| NoResponse::TimedOut(self.timeout))?.map(drop)
    }

    /// Opens a connection with a TLS handshake and closes it.
    pub(crate) async fn handshake(&self) -> Result<(), NoResponse> {
        let handshake = async {
            let stream = self.connect().await?;
            let Some(tls) = &self.tls else { return Ok(()) };
            tls.connect(self.url.host(), stream).await.map(drop).map_err(NoResponse::Tls)
        };
        timeout(self.timeout, handshake).await.map_err(|_| NoResponse::TimedOut(self.timeout))?
    }

    async fn connect(&self) -> Result<TcpStream, NoResponse> {
        let stream = TcpStream::connect(&*self.addresses).await.map_err(|error| match error.kind() {
            ErrorKind::ConnectionRefused => NoResponse::Refused,
            kind => NoResponse::Unreachable(kind),
        })?;
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}
