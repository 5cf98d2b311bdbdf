//! Credentials, transports and a receiver that the tests share.

pub(crate) mod receiver;
pub(crate) mod transport;

use birdhook_client::api::ReplaySpan;
use birdhook_client::{AccessToken, ConsumerKeys, Credentials, UserToken};
use birdhook_core::Timestamp;
use birdhook_testkit::MockX;
use birdhook_testkit::mock::{MockApp, MockUser};

pub(crate) const USER: &str = "2001";
/// The initial time of a manual clock: 2026-11-23T09:30:00Z.
pub(crate) const START: i64 = 1_795_426_200_000;

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Returns a span of minutes in November 2026, such as from `23T08:00` to `23T08:10`.
pub(crate) fn span(from: &str, to: &str) -> ReplaySpan {
    let at = |time: &str| at(&format!("2026-11-{time}:00Z"));
    ReplaySpan::around(at(from), at(to)).unwrap()
}

pub(crate) fn token(user: &MockUser) -> AccessToken {
    AccessToken::new(user.token.as_str(), user.token_secret.as_str())
}

pub(crate) fn consumer(app: &MockApp) -> ConsumerKeys {
    ConsumerKeys::new(&app.consumer_key, app.consumer_secret.as_str())
}

pub(crate) fn credentials(app: &MockApp) -> Credentials {
    Credentials::new(consumer(app)).bearer(app.bearer.as_str()).owner(token(&app.owner))
}

/// Adds tokens of both kinds for these users.
pub(crate) fn with_users(credentials: Credentials, x: &MockX, users: &[&str]) -> Credentials {
    users.iter().fold(credentials, |all, id| {
        let user = x.user(id);
        all.user(*id, token(&user)).user2(*id, UserToken::new(user.oauth2_token.as_str()))
    })
}
