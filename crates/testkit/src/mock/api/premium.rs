//! Handlers for the premium API 1.1, with webhooks in environments. X no longer sells it.

use serde_json::{Map, Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::enterprise::{entry, subscribed, url};
use super::errors::Fault;
use crate::mock::refusal::Refusal;
use crate::mock::settings::MockApi;
use crate::mock::state::MockWebhook;

pub(super) async fn register(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let url = url(call)?;
    let webhook = call.inner.register(call.app(), &url, MockApi::Premium, Some(call.path(0))).await?;
    Ok(JsonReply::ok(entry(&webhook)))
}

/// Returns every environment with its webhooks.
pub(super) fn environments(call: &Call<'_>) -> JsonReply {
    let state = call.inner.state();
    let mut environments: Map<String, Value> = Map::new();
    for webhook in state.webhooks.iter().filter(|webhook| webhook.app == call.app()) {
        let Some(name) = &webhook.environment else { continue };
        let webhooks = environments.entry(name.clone()).or_insert_with(|| json!([]));
        if let Some(webhooks) = webhooks.as_array_mut() {
            webhooks.push(entry(webhook));
        }
    }
    let entries = environments.into_iter();
    let entries: Vec<Value> =
        entries.map(|(name, webhooks)| json!({"environment_name": name, "webhooks": webhooks})).collect();
    JsonReply::ok(json!({"environments": entries}))
}

pub(super) fn list(call: &Call<'_>) -> JsonReply {
    let state = call.inner.state();
    JsonReply::ok(state.webhooks.iter().filter(|webhook| is_of(webhook, call)).map(entry).collect())
}

pub(super) fn subscribe(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = webhook(call)?;
    let user = call.caller.user().ok_or(Refusal::NotPermitted)?;
    subscribed(call, call.inner.subscribe(call.app(), &webhook.id, user))
}

pub(super) fn is_subscribed(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = webhook(call)?;
    let user = call.caller.user().ok_or(Refusal::NotPermitted)?;
    let is_subscribed = call.inner.state().is_subscribed(&webhook.id, user);
    if is_subscribed { Ok(JsonReply::nothing()) } else { Err(Refusal::NoSuchSubscription.into()) }
}

pub(super) fn subscriptions(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = webhook(call)?;
    let state = call.inner.state();
    let users = state.subscriptions.iter().filter(|one| one.webhook == webhook.id);
    let users: Vec<Value> = users.map(|one| json!({"user_id": one.user_id})).collect();
    let application = state.app(call.app()).map(|app| app.id.clone());
    Ok(JsonReply::ok(json!({"environment": call.path(0), "application_id": application, "subscriptions": users})))
}

pub(super) fn count(call: &Call<'_>) -> JsonReply {
    let all = call.inner.state().subscriptions.len().to_string();
    let provisioned = call.inner.settings.limits.users.to_string();
    JsonReply::ok(json!({"account_name": "mock-x", "subscriptions_count": all, "provisioned_count": provisioned}))
}

pub(super) fn unsubscribe(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = webhook(call)?;
    call.inner.unsubscribe(call.app(), &webhook.id, call.path(1))?;
    Ok(JsonReply::nothing())
}

fn is_of(webhook: &MockWebhook, call: &Call<'_>) -> bool {
    webhook.app == call.app() && webhook.environment.as_deref() == Some(call.path(0))
}

/// Returns the webhook of the environment; each environment has one.
fn webhook(call: &Call<'_>) -> Result<MockWebhook, Fault> {
    let state = call.inner.state();
    let found = state.webhooks.iter().find(|webhook| is_of(webhook, call)).cloned();
    found.ok_or_else(|| Refusal::NoSuchWebhook.into())
}
