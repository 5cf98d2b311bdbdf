//! Logins that obtain users' tokens: OAuth 1.0a with a redirect or a PIN, and OAuth 2.0 with PKCE.
//!
//! In a command-line app, the user authorises the app in the browser, and the app receives the
//! redirect at a [`Loopback`] address. The app's settings at X must list this address as a callback
//! URL:
//!
//! ```no_run
//! use std::time::Duration;
//! # mod birdhook { pub mod client { pub use birdhook_client::login; } }
//! use birdhook::client::login::{Loopback, OAuth2};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let login = OAuth2::new("client id", None)?;
//! let loopback = Loopback::bind(8723).await?;
//! let pending = login.begin(&loopback.redirect_url())?;
//! println!("Open {}", pending.authorize_url);
//! let redirect = loopback.code(&pending.proof, Duration::from_secs(300)).await?;
//! let token = login.finish(&pending.proof, redirect).await?;
//! let user_id = login.user_id(&token).await?;
//! # Ok(()) }
//! ```
//!
//! A login with a PIN needs no callback URL:
//!
//! ```no_run
//! # mod birdhook { pub mod client { pub use birdhook_client::{ConsumerKeys, login}; } }
//! use birdhook::client::{ConsumerKeys, login::OAuth1};
//!
//! # async fn example(read_pin: impl Fn() -> String) -> Result<(), Box<dyn std::error::Error>> {
//! let login = OAuth1::new(ConsumerKeys::new("API key", "API key secret"))?;
//! let pending = login.begin(OAuth1::PIN).await?;
//! println!("Open {} and type the PIN", pending.authorize_url);
//! let authorised = login.finish(&pending.request_token, read_pin().as_str()).await?;
//! # let _ = (authorised.user_id, authorised.token);
//! # Ok(()) }
//! ```
//!
//! A server keeps [`OAuth1Pending::request_token`] or [`OAuth2Pending::proof`] with the visitor's
//! session. It finishes the login with the URL of the request to its callback.

mod callback;
pub(crate) mod context;
mod error;
mod loopback;
mod pkce;
mod redirect;
pub(crate) mod renewal;
mod revoke;
mod three_legged;

pub use error::LoginError;
pub use loopback::Loopback;
pub use pkce::{OAuth2, OAuth2Pending, SCOPES};
pub use redirect::{Proof, Redirect};
pub use three_legged::{Authorised, OAuth1, OAuth1Pending};
