//! Handlers for v2 webhooks.

use serde_json::{Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::enterprise::owned;
use super::errors::Fault;
use crate::mock::contradictions::WebhookCheck;
use crate::mock::ledger::Occasion;
use crate::mock::refusal::Refusal;
use crate::mock::settings::MockApi;
use crate::mock::state::MockWebhook;
use crate::payload::dates::iso_millis;

const FIELDS: [&str; 4] = ["created_at", "id", "url", "valid"];

#[derive(serde::Deserialize)]
struct Registration {
    url: String,
}

pub(super) async fn register(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let asked: Registration = call.json()?;
    let webhook = call.inner.register(call.app(), &asked.url, MockApi::V2, None).await?;
    Ok(JsonReply::ok(json!({"data": entry(&webhook, &FIELDS)})))
}

pub(super) fn list(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let asked: Vec<&str> =
        call.query("webhook_config.fields").map_or(FIELDS.to_vec(), |list| list.split(',').collect());
    if let Some(unknown) = asked.iter().find(|field| !FIELDS.contains(field)) {
        return Err(Refusal::Invalid(format!("webhook_config.fields: unknown field {unknown:?}")).into());
    }
    let state = call.inner.state();
    let own = state.webhooks.iter().filter(|webhook| webhook.app == call.app());
    let all: Vec<Value> = own.map(|webhook| entry(webhook, &asked)).collect();
    Ok(JsonReply::ok(json!({"meta": {"result_count": all.len()}, "data": all})))
}

pub(super) async fn check(call: &Call<'_>) -> Result<JsonReply, Fault> {
    owned(call, 0)?;
    let is_valid = match call.inner.revalidate(call.path(0), Occasion::Revalidation).await {
        Ok(()) => true,
        Err(Refusal::Challenge(_)) => false,
        Err(other) => return Err(other.into()),
    };
    Ok(JsonReply::ok(match call.inner.settings.contradictions.webhook_check {
        WebhookCheck::Valid => json!({"data": {"valid": is_valid}}),
        WebhookCheck::Triggered => json!({"data": {"valid": true}}),
        WebhookCheck::Attempted => json!({"data": {"attempted": true}}),
    }))
}

pub(super) fn delete(call: &Call<'_>) -> Result<JsonReply, Fault> {
    owned(call, 0)?;
    call.inner.state().remove_webhook(call.path(0));
    Ok(JsonReply::ok(json!({"data": {"deleted": true}})))
}

/// Returns a webhook in the format of v2, with the id and these fields.
fn entry(webhook: &MockWebhook, fields: &[&str]) -> Value {
    let MockWebhook { id, url, valid, created_at, .. } = webhook;
    let mut entry = json!({"id": id, "url": url, "valid": valid, "created_at": iso_millis(*created_at)});
    if let Some(entry) = entry.as_object_mut() {
        entry.retain(|name, _| name == "id" || fields.contains(&name.as_str()));
    }
    entry
}
