//! The target's URL, and connections to it.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::exchange::{Answer, Ask, Exchange, NoAnswer};
use super::tls::Tls;
use crate::request::with_query;

/// The parsed URL of the target.
#[derive(Clone, Debug)]
pub(super) struct Target {
    url: Url,
    /// The port, if the URL contains one.
    pub(super) port: Option<u16>,
}

impl Target {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
        // `Url` drops a port that is the scheme's default.
        let authority = text.split_once("://")?.1.split(['/', '?', '#']).next()?;
        let behind_host = authority.rsplit(['@', ']']).next()?;
        // A bare colon means the default port. X rejects it like a written port.
        let of_scheme = || url.port_or_known_default();
        let port = behind_host.rsplit_once(':').and_then(|(_, port)| port.parse().ok().or_else(of_scheme));
        Some(Self { url, port })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the host; an IPv6 address without brackets.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn path_and_query(&self, further: &str) -> String {
        let own = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{own}", self.url.path());
        if further.is_empty() { target } else { with_query(&target, further) }
    }
}

/// Sends requests to the target, each on a new connection.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) target: Target,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) tls: Option<Tls>,
    pub(super) patience: Duration,
}

impl Line {
    pub(super) async fn send(&self, ask: &Ask) -> Exchange {
        let start = Instant::now();
        let exchange = timeout(self.patience, async {
            let stream = self.connect().await?;
            let (target, authority) = (self.target.path_and_query(ask.query()), self.target.authority());
            match &self.tls {
                None => ask.over(stream, &target, &authority).await,
                Some(tls) => {
                    let stream = tls.connect(self.target.host(), stream).await.map_err(NoAnswer::Tls)?;
                    ask.over(stream, &target, &authority).await
                }
            }
        });
        let answer = exchange.await.map_err(|_| NoAnswer::TimedOut(self.patience))??;
        Ok(Answer { took: start.elapsed(), ..answer })
    }

    /// Opens a connection and closes it.
    pub(super) async fn reach(&self) -> Result<(), NoAnswer> {
        let connected = timeout(self.patience, self.connect()).await;
        connected.map_err(|_| NoAnswer::TimedOut(self.patience))?.map(drop)
    }

    /// Opens a connection with a TLS handshake and closes it.
    pub(super) async fn shake_hands(&self) -> Result<(), NoAnswer> {
        let handshake = async {
            let stream = self.connect().await?;
            let Some(tls) = &self.tls else { return Ok(()) };
            tls.connect(self.target.host(), stream).await.map(drop).map_err(NoAnswer::Tls)
        };
        timeout(self.patience, handshake).await.map_err(|_| NoAnswer::TimedOut(self.patience))?
    }

    async fn connect(&self) -> Result<TcpStream, NoAnswer> {
        let mut silence = NoAnswer::Unreachable(std::io::ErrorKind::NotFound);
        for address in &self.addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => silence = NoAnswer::Refused,
                Err(error) => silence = NoAnswer::Unreachable(error.kind()),
            }
        }
        Err(silence)
    }
}
