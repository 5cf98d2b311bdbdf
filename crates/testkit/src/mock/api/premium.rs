//! Handlers for the premium API 1.1, with webhooks in environments. X no longer sells it.

use serde_json::{Map, Value, json};

use super::enterprise::{entry, subscribed, url};
use super::errors::Fault;
use super::{Ask, Told};
use crate::mock::Refusal;
use crate::mock::state::{MockApi, MockWebhook};

pub(super) async fn register(ask: &Ask<'_>) -> Result<Told, Fault> {
    let url = url(ask)?;
    let webhook = ask.inner.register(ask.app(), &url, MockApi::Premium, Some(ask.path(0))).await?;
    Ok(Told::ok(entry(&webhook)))
}

/// Returns every environment with its webhooks.
pub(super) fn environments(ask: &Ask<'_>) -> Told {
    let state = ask.inner.state();
    let mut environments: Map<String, Value> = Map::new();
    for webhook in state.webhooks.iter().filter(|webhook| webhook.app == ask.app()) {
        let Some(name) = &webhook.environment else { continue };
        let webhooks = environments.entry(name.clone()).or_insert_with(|| json!([]));
        if let Some(webhooks) = webhooks.as_array_mut() {
            webhooks.push(entry(webhook));
        }
    }
    let entries = environments.into_iter();
    let entries: Vec<Value> =
        entries.map(|(name, webhooks)| json!({"environment_name": name, "webhooks": webhooks})).collect();
    Told::ok(json!({"environments": entries}))
}

pub(super) fn list(ask: &Ask<'_>) -> Told {
    let state = ask.inner.state();
    Told::ok(state.webhooks.iter().filter(|webhook| is_of(webhook, ask)).map(entry).collect())
}

pub(super) fn subscribe(ask: &Ask<'_>) -> Result<Told, Fault> {
    let webhook = webhook(ask)?;
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    subscribed(ask, ask.inner.subscribe(ask.app(), &webhook.id, user))
}

pub(super) fn is_subscribed(ask: &Ask<'_>) -> Result<Told, Fault> {
    let webhook = webhook(ask)?;
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    let is_subscribed = ask.inner.state().is_subscribed(&webhook.id, user);
    if is_subscribed { Ok(Told::nothing()) } else { Err(Refusal::NoSuchSubscription.into()) }
}

pub(super) fn subscriptions(ask: &Ask<'_>) -> Result<Told, Fault> {
    let webhook = webhook(ask)?;
    let state = ask.inner.state();
    let users = state.subscriptions.iter().filter(|one| one.webhook == webhook.id);
    let users: Vec<Value> = users.map(|one| json!({"user_id": one.user_id})).collect();
    let application = state.app(ask.app()).map(|app| app.id.clone());
    Ok(Told::ok(json!({"environment": ask.path(0), "application_id": application, "subscriptions": users})))
}

pub(super) fn count(ask: &Ask<'_>) -> Told {
    let all = ask.inner.state().subscriptions.len().to_string();
    let provisioned = ask.inner.settings.limits.users.to_string();
    Told::ok(json!({"account_name": "mock-x", "subscriptions_count": all, "provisioned_count": provisioned}))
}

pub(super) fn unsubscribe(ask: &Ask<'_>) -> Result<Told, Fault> {
    let webhook = webhook(ask)?;
    ask.inner.unsubscribe(ask.app(), &webhook.id, ask.path(1))?;
    Ok(Told::nothing())
}

fn is_of(webhook: &MockWebhook, ask: &Ask<'_>) -> bool {
    webhook.app == ask.app() && webhook.environment.as_deref() == Some(ask.path(0))
}

/// Returns the webhook of the environment; each environment has one.
fn webhook(ask: &Ask<'_>) -> Result<MockWebhook, Fault> {
    let state = ask.inner.state();
    let found = state.webhooks.iter().find(|webhook| is_of(webhook, ask)).cloned();
    found.ok_or_else(|| Refusal::NoSuchWebhook.into())
}
