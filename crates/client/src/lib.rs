//! X's management APIs for webhooks: registration, subscriptions, monitoring and replay.
//!
//! [`Client`] makes the calls of every version of the API and signs each with the credentials that
//! it needs. An [`Error`] holds the cause and a fix.
//!
//! ```no_run
//! # mod birdhook { pub mod client { pub use birdhook_client::{AccessToken, Client, ConsumerKeys, Credentials}; } }
//! use birdhook::client::{AccessToken, Client, ConsumerKeys, Credentials};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::new(ConsumerKeys::new("API key", "API key secret"))
//!     .user("2001", AccessToken::new("2001-token", "token secret"));
//! let client = Client::new(credentials)?;
//! let webhook = client.webhooks().register("https://app.example/webhooks/twitter").await?;
//! client.account_activity().subscribe(&webhook.id, "2001").await?;
//! # Ok(()) }
//! ```

/// Implements `Debug` with these fields only, because the others may hold secrets.
macro_rules! impl_debug {
    ($type:ident: $name:literal, |$this:ident| $($field:ident: $value:expr),+) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let $this = self;
                f.debug_struct($name)$(.field(stringify!($field), &$value))+.finish_non_exhaustive()
            }
        }
    };
}

pub mod api;
mod call;
mod client;
mod credentials;
mod ensure;
mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod login;
mod migrate;
mod oauth1;
mod rate_limit;
mod shared_file;
mod time;
mod token_store;
mod transport;
mod url;
mod validate;
mod watch;

pub use api::managed::ManagementApi;
pub use api::{Filter, FilterDirection};
pub use client::{Client, ClientBuilder, RetryPolicy};
pub use credentials::{AccessToken, ConsumerKeys, CredentialKind, Credentials, UserToken};
pub use ensure::{
    DesiredState, DesiredStateError, DesiredStateFault, DesiredSubscription, Difference, Ensure, EnsureError, Ensured,
    Plan, PlanStep, ProbeFault, Undone, probe,
};
pub use error::{ChallengeFault, Error, ErrorCause};
pub use migrate::{EQUIVALENT, Migration, MigrationPlan, Overlap};
pub use rate_limit::RateLimit;
pub use shared_file::{LockedFile, SharedFile};
pub use token_store::{FileTokenStore, LockedToken, TokenStore, TokenStoreError, TokenStoreFuture};
pub use transport::{HttpsTransport, Transport, TransportError, TransportFuture};
pub use url::{UrlFault, redact_url};
pub use validate::{Arrived, NotValidated, Validated, Validation};
pub use watch::{DeferredReplay, Gap, GapCause, LostCause, ReplayJobs, ReplayRules, Watch, WatchEvent, WatchSettings};
