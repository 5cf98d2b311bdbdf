//! Handlers for the premium API 1.1, with webhooks in environments. X no longer sells it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::enterprise::entry;
use super::errors::Fault;
use crate::mock::refusal::Refusal;
use crate::mock::state::MockWebhook;

/// Returns every environment with its webhooks.
pub(super) fn environments(call: &Call<'_>) -> JsonReply {
    let state = call.inner.state();
    let mut environments: BTreeMap<&String, Vec<Value>> = BTreeMap::new();
    for webhook in state.webhooks.iter().filter(|webhook| webhook.app == call.app()) {
        let Some(name) = &webhook.environment else { continue };
        environments.entry(name).or_default().push(entry(webhook));
    }
    let of = |(name, webhooks)| json!({"environment_name": name, "webhooks": webhooks});
    JsonReply::ok(json!({"environments": environments.into_iter().map(of).collect::<Value>()}))
}

pub(super) fn list(call: &Call<'_>) -> JsonReply {
    let state = call.inner.state();
    JsonReply::ok(state.webhooks.iter().filter(|webhook| is_of(webhook, call)).map(entry).collect())
}

pub(super) fn subscriptions(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = webhook(call)?;
    let state = call.inner.state();
    let (application, users) = (state.app(call.app()).map(|app| &app.id), state.users_of(&webhook));
    Ok(JsonReply::ok(json!({"environment": call.path(0), "application_id": application, "subscriptions": users})))
}

pub(super) fn count(call: &Call<'_>) -> JsonReply {
    let all = call.inner.state().subscriptions.len().to_string();
    let provisioned = call.inner.settings.limits.users.to_string();
    JsonReply::ok(json!({"account_name": "mock-x", "subscriptions_count": all, "provisioned_count": provisioned}))
}

fn is_of(webhook: &MockWebhook, call: &Call<'_>) -> bool {
    webhook.app == call.app() && webhook.environment.as_deref() == Some(call.path(0))
}

/// Returns the webhook of the environment; each environment has one.
pub(super) fn webhook(call: &Call<'_>) -> Result<MockWebhook, Fault> {
    let state = call.inner.state();
    let found = state.webhooks.iter().find(|webhook| is_of(webhook, call)).cloned();
    found.ok_or_else(|| Refusal::NoSuchWebhook.into())
}
