use serde_json::{Value, json};

use super::enterprise::users;
use super::response;
use super::types::Counts;
use crate::call::{ANY_USER, BEARER, Call, segment};
use crate::{Client, Error};

/// Calls for v2 subscriptions to the Account Activity API, which ends on 2027-01-01.
///
/// X's documentation: <https://docs.x.com/x-api/account-activity/introduction>.
#[derive(Clone, Copy, Debug)]
pub struct AccountActivityApi<'a>(pub(super) &'a Client);

/// The scopes that a user's OAuth 2.0 token needs.
const SCOPES: &[&str] = &["dm.read", "dm.write", "tweet.read", "users.read"];

impl AccountActivityApi<'_> {
    fn all(webhook: &str) -> String {
        format!("/2/account_activity/webhooks/{}/subscriptions/all", segment(webhook))
    }

    /// Subscribes a user, on whose behalf the call is made. Fails if the user has not authorised
    /// the app for direct messages, or is already subscribed.
    pub async fn subscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let call = Call::post(Self::all(webhook), ANY_USER).scopes(SCOPES).for_user(user).json(&json!({}))?;
        self.0.execute_checked(call.idempotent(), |response| response::flag(response, "subscribed")).await
    }

    /// Returns whether a user is subscribed.
    pub async fn is_subscribed(&self, webhook: &str, user: &str) -> Result<bool, Error> {
        let call = Call::get(Self::all(webhook), ANY_USER).scopes(SCOPES).for_user(user);
        self.0.fetch_as(call, |response| response::flag(response, "subscribed")).await
    }

    /// Returns the ids of the subscribed users.
    pub async fn subscribers(&self, webhook: &str) -> Result<Vec<String>, Error> {
        self.0.fetch_as(Call::get(format!("{}/list", Self::all(webhook)), BEARER), users).await
    }

    /// Returns the number of subscriptions of the account.
    pub async fn count(&self) -> Result<Counts, Error> {
        let call = Call::get("/2/account_activity/subscriptions/count", BEARER);
        self.0.fetch_as(call, |response: &Value| response::one(response, "counts")).await
    }

    /// Removes a user's subscription. Fails if the user is not subscribed.
    pub async fn unsubscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let path = format!("/2/account_activity/webhooks/{}/subscriptions/{}/all", segment(webhook), segment(user));
        let is_gone = |response: &Value| response::flag(response, "subscribed").map(|is| !is);
        self.0.execute_checked(Call::delete(path, BEARER), is_gone).await
    }
}
