//! Handlers for the enterprise API 1.1.

use serde_json::{Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::errors::Fault;
use crate::mock::contradictions::RepeatedSubscription;
use crate::mock::ledger::Occasion;
use crate::mock::refusal::Refusal;
use crate::mock::settings::MockApi;
use crate::mock::state::MockWebhook;

/// Registers the URL in the parameter `url` of the query or of a form.
pub(super) async fn register(call: &Call<'_>, api: MockApi, environment: Option<&str>) -> Result<JsonReply, Fault> {
    let of_form =
        || form_urlencoded::parse(&call.body).find(|(name, _)| name == "url").map(|(_, url)| url.into_owned());
    let url = call.query("url").map(str::to_owned).or_else(of_form);
    let url = url.ok_or_else(|| Refusal::Invalid("url parameter is missing.".to_owned()))?;
    let webhook = call.inner.register(call.app(), &url, api, environment).await?;
    Ok(JsonReply::ok(entry(&webhook)))
}

pub(super) fn list(call: &Call<'_>) -> JsonReply {
    let state = call.inner.state();
    JsonReply::ok(state.webhooks.iter().filter(|webhook| webhook.app == call.app()).map(entry).collect())
}

/// Returns a webhook in the format of 1.1.
pub(super) fn entry(webhook: &MockWebhook) -> Value {
    let MockWebhook { id, url, valid, created_at, .. } = webhook;
    json!({"id": id, "url": url, "valid": valid, "created_at": created_at.to_string()})
}

pub(super) async fn check(call: &Call<'_>, at: usize) -> Result<JsonReply, Fault> {
    owned(call, at)?;
    call.inner.revalidate(call.path(at), Occasion::Revalidation).await?;
    Ok(JsonReply::nothing())
}

pub(super) fn delete(call: &Call<'_>, at: usize) -> Result<JsonReply, Fault> {
    owned(call, at)?;
    call.inner.state().remove_webhook(call.path(at));
    Ok(JsonReply::nothing())
}

pub(super) fn subscribe(call: &Call<'_>, webhook: &MockWebhook) -> Result<JsonReply, Fault> {
    let is_accepted = call.inner.settings.contradictions.repeated_subscription == RepeatedSubscription::Accepted;
    match call.inner.subscribe(call.app(), &webhook.id, call.user()?) {
        Err(Refusal::AlreadySubscribed) if is_accepted => Ok(JsonReply::nothing()),
        Err(refusal) => Err(refusal.into()),
        Ok(()) => Ok(JsonReply::nothing()),
    }
}

pub(super) fn is_subscribed(call: &Call<'_>, webhook: &MockWebhook) -> Result<JsonReply, Fault> {
    let is_subscribed = call.inner.state().is_subscribed(&webhook.id, call.user()?);
    if is_subscribed { Ok(JsonReply::nothing()) } else { Err(Refusal::NoSuchSubscription.into()) }
}

pub(super) fn subscriptions(call: &Call<'_>) -> Result<JsonReply, Fault> {
    list_of(call).map(JsonReply::ok)
}

pub(super) fn list_of(call: &Call<'_>) -> Result<Value, Fault> {
    let webhook = owned(call, 0)?;
    let state = call.inner.state();
    let (application, users) = (state.app(call.app()).map(|app| &app.id), state.users_of(&webhook));
    let (id, url) = (&webhook.id, &webhook.url);
    Ok(json!({"webhook_id": id, "webhook_url": url, "application_id": application, "subscriptions": users}))
}

pub(super) fn count(call: &Call<'_>) -> JsonReply {
    JsonReply::ok(counts(call))
}

/// Returns the account's subscription counts, as strings.
pub(super) fn counts(call: &Call<'_>) -> Value {
    let all = call.inner.state().subscriptions.len();
    json!({
        "account_name": "mock-x",
        "subscriptions_count_all": all.to_string(),
        "subscriptions_count_direct_messages": "0",
        "provisioned_count": call.inner.settings.limits.users.to_string(),
    })
}

pub(super) fn unsubscribe(call: &Call<'_>, webhook: &MockWebhook, user: &str) -> Result<JsonReply, Fault> {
    call.inner.unsubscribe(call.app(), &webhook.id, user)?;
    Ok(JsonReply::nothing())
}

/// Returns the webhook whose id is the path parameter at this index, if it belongs to the caller's
/// app.
pub(super) fn owned(call: &Call<'_>, at: usize) -> Result<MockWebhook, Fault> {
    let state = call.inner.state();
    state.webhook_of(call.app(), call.path(at)).cloned().ok_or_else(|| Refusal::NoSuchWebhook.into())
}
