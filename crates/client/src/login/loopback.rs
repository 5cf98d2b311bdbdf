use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use super::callback::{self, IsExpected};
use super::error::LoginError;
use super::redirect::{Proof, Redirect};
use crate::AccessToken;

/// Maximum number of connections served at once. A further connection aborts the oldest one.
const MAX_CONNECTIONS: usize = 32;

/// A listener on this machine for the redirect that ends a login (RFC 8252, section 7.3).
///
/// X redirects only to the app's callback URLs, so choose the port and the path once:
/// `http://127.0.0.1:8723/callback`. X does not accept `localhost`
/// (<https://docs.x.com/fundamentals/developer-apps#callback-urls>).
///
/// Other requests, such as a browser's request for an icon, and redirects of other logins are
/// answered and ignored.
#[must_use]
pub struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
    path: String,
}

impl Loopback {
    /// Listens on this port of 127.0.0.1. Port 0 selects any free port. Fails if the port is in
    /// use.
    pub async fn bind(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, path: "/callback".to_owned() })
    }

    /// Sets the path of the redirect. Defaults to `/callback`.
    pub fn path(self, path: impl Into<String>) -> Self {
        Self { path: format!("/{}", path.into().trim_start_matches('/')), ..self }
    }

    /// Returns the redirect URL with which to begin a login.
    pub fn redirect_url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Waits up to `limit` for the redirect of an OAuth 1.0a login.
    ///
    /// The redirect may be a refusal, which [`OAuth1::finish`](super::OAuth1::finish) turns into an
    /// error.
    ///
    /// # Errors
    /// Returns [`LoginError::TimedOut`] if the limit expires.
    pub async fn verifier(&self, request_token: &AccessToken, limit: Duration) -> Result<Redirect, LoginError> {
        let request_token = request_token.clone();
        self.redirect(Arc::new(move |redirect| belongs_to_login(&redirect.verifier(&request_token))), limit).await
    }

    /// Waits up to `limit` for the redirect of an OAuth 2.0 login.
    ///
    /// The redirect may be a refusal, which [`OAuth2::finish`](super::OAuth2::finish) turns into an
    /// error.
    ///
    /// # Errors
    /// Returns [`LoginError::TimedOut`] if the limit expires.
    pub async fn code(&self, proof: &Proof, limit: Duration) -> Result<Redirect, LoginError> {
        let proof = proof.clone();
        self.redirect(Arc::new(move |redirect| belongs_to_login(&redirect.code(&proof))), limit).await
    }

    async fn redirect(&self, is_expected: IsExpected, limit: Duration) -> Result<Redirect, LoginError> {
        let waiting = tokio::time::timeout(limit, self.wait(is_expected));
        waiting.await.map_err(|_| LoginError::TimedOut)
    }

    /// Serves connections concurrently, because browsers open some without sending a request.
    async fn wait(&self, is_expected: IsExpected) -> Redirect {
        let path: Arc<str> = self.path.as_str().into();
        let mut connections = JoinSet::new();
        let mut handles: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            tokio::select! {
                Some(ended) = connections.join_next() => if let Ok(Some(redirect)) = ended {
                    return redirect;
                },
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        handles.retain(|handle| !handle.is_finished());
                        if handles.len() >= MAX_CONNECTIONS && let Some(oldest) = handles.pop_front() {
                            oldest.abort();
                        }
                        handles.push_back(connections.spawn(callback::serve(stream, Arc::clone(&path), Arc::clone(&is_expected))));
                    }
                    // Too many files are open, or the peer has disconnected.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
    }
}

fn belongs_to_login(read: &Result<&str, LoginError>) -> bool {
    !matches!(read, Err(LoginError::AnotherLogin | LoginError::NoCode))
}

impl_debug!(Loopback: "Loopback", |this| redirect_url: this.redirect_url());
