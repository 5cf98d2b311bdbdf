//! Handlers for v2 Account Activity subscriptions.

use serde_json::{Map, Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::enterprise::{counts, list_of, owned};
use super::errors::Fault;

pub(super) fn subscribe(call: &Call<'_>) -> Result<JsonReply, Fault> {
    // Clients send an empty object or no body at all.
    if !call.body.is_empty() {
        let _: Map<String, Value> = call.json()?;
    }
    call.inner.subscribe(call.app(), call.path(0), call.user()?)?;
    Ok(JsonReply::ok(json!({"data": {"subscribed": true}})))
}

pub(super) fn is_subscribed(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = owned(call, 0)?;
    let is_subscribed = call.inner.state().is_subscribed(&webhook.id, call.user()?);
    Ok(JsonReply::ok(json!({"data": {"subscribed": is_subscribed}})))
}

pub(super) fn subscriptions(call: &Call<'_>) -> Result<JsonReply, Fault> {
    Ok(JsonReply::ok(json!({"data": list_of(call)?})))
}

pub(super) fn unsubscribe(call: &Call<'_>) -> Result<JsonReply, Fault> {
    call.inner.unsubscribe(call.app(), call.path(0), call.path(1))?;
    Ok(JsonReply::ok(json!({"data": {"subscribed": false}})))
}

pub(super) fn count(call: &Call<'_>) -> JsonReply {
    JsonReply::ok(json!({"data": counts(call)}))
}
