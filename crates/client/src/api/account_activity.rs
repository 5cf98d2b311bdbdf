//! Subscriptions to the Account Activity API in v2.

use serde_json::{Value, json};

use super::enterprise::users;
use super::{ANY_USER, BEARER, Counts, answer, part};
use crate::call::Call;
use crate::{Client, Error};

/// Subscriptions to the Account Activity API in v2 (<https://docs.x.com/x-api/account-activity/introduction>), which ends on
/// 2027-01-01.
#[derive(Clone, Copy, Debug)]
pub struct AccountActivity<'a>(pub(super) &'a Client);

/// The scopes that a user's OAuth 2.0 token needs.
const SCOPES: &[&str] = &["dm.read", "dm.write", "tweet.read", "users.read"];

impl AccountActivity<'_> {
    fn all(webhook: &str) -> String {
        format!("/2/account_activity/webhooks/{}/subscriptions/all", part(webhook))
    }

    /// Subscribes a user, in whose name the call is made.
    ///
    /// # Errors
    /// When the user has not authorised the app for direct messages, or is subscribed already.
    pub async fn subscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let call = Call::post(Self::all(webhook), ANY_USER).scopes(SCOPES).of(user).json(&json!({}))?;
        self.0.made(call.idempotent(), |answer| answer::flag(answer, "subscribed")).await
    }

    /// Whether a user is subscribed.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn is_subscribed(&self, webhook: &str, user: &str) -> Result<bool, Error> {
        let call = Call::get(Self::all(webhook), ANY_USER).scopes(SCOPES).of(user);
        self.0.read_as(call, |answer| answer::flag(answer, "subscribed")).await
    }

    /// The ids of the subscribed users.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn subscribers(&self, webhook: &str) -> Result<Vec<String>, Error> {
        self.0.read_as(Call::get(format!("{}/list", Self::all(webhook)), BEARER), users).await
    }

    /// How many subscriptions the account has.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn count(&self) -> Result<Counts, Error> {
        let call = Call::get("/2/account_activity/subscriptions/count", BEARER);
        self.0.read_as(call, |answer: &Value| answer::one(answer, "counts")).await
    }

    /// Ends a user's subscription.
    ///
    /// # Errors
    /// When there is none.
    pub async fn unsubscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let path = format!("/2/account_activity/webhooks/{}/subscriptions/{}/all", part(webhook), part(user));
        self.0.made(Call::delete(path, BEARER), |answer| answer::flag(answer, "subscribed").map(|is| !is)).await
    }
}
