//! Handlers for v2 Account Activity subscriptions.

use serde_json::{Map, Value, json};

use super::enterprise::{counts, list_of, owned};
use super::errors::Fault;
use super::{Ask, Told};
use crate::mock::Refusal;

pub(super) fn subscribe(ask: &Ask<'_>) -> Result<Told, Fault> {
    // Clients send an empty object or no body at all.
    if !ask.body.is_empty() {
        let _: Map<String, Value> = ask.json()?;
    }
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    ask.inner.subscribe(ask.app(), ask.path(0), user)?;
    Ok(Told::ok(json!({"data": {"subscribed": true}})))
}

pub(super) fn is_subscribed(ask: &Ask<'_>) -> Result<Told, Fault> {
    let webhook = owned(ask, 0)?;
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    let is_subscribed = ask.inner.state().is_subscribed(&webhook.id, user);
    Ok(Told::ok(json!({"data": {"subscribed": is_subscribed}})))
}

pub(super) fn subscriptions(ask: &Ask<'_>) -> Result<Told, Fault> {
    Ok(Told::ok(json!({"data": list_of(ask)?})))
}

pub(super) fn unsubscribe(ask: &Ask<'_>) -> Result<Told, Fault> {
    ask.inner.unsubscribe(ask.app(), ask.path(0), ask.path(1))?;
    Ok(Told::ok(json!({"data": {"subscribed": false}})))
}

pub(super) fn count(ask: &Ask<'_>) -> Told {
    Told::ok(json!({"data": counts(ask)}))
}
