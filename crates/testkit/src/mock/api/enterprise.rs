//! Handlers for the enterprise API 1.1.

use serde_json::{Value, json};

use super::errors::Fault;
use super::{Ask, Told};
use crate::mock::Refusal;
use crate::mock::contradictions::RepeatedSubscription;
use crate::mock::crc::Occasion;
use crate::mock::state::{MockApi, MockWebhook};

pub(super) async fn register(ask: &Ask<'_>) -> Result<Told, Fault> {
    let url = url(ask)?;
    let webhook = ask.inner.register(ask.app(), &url, MockApi::Enterprise, None).await?;
    Ok(Told::ok(entry(&webhook)))
}

/// Returns the parameter `url` of the query or of a form.
pub(super) fn url(ask: &Ask<'_>) -> Result<String, Fault> {
    let of_form = || form_urlencoded::parse(&ask.body).find(|(name, _)| name == "url").map(|(_, url)| url.into_owned());
    let url = ask.query("url").map(str::to_owned).or_else(of_form);
    url.ok_or_else(|| Refusal::Invalid("url parameter is missing.".to_owned()).into())
}

pub(super) fn list(ask: &Ask<'_>) -> Told {
    let state = ask.inner.state();
    Told::ok(state.webhooks.iter().filter(|webhook| webhook.app == ask.app()).map(entry).collect())
}

/// Returns a webhook in the format of 1.1.
pub(super) fn entry(webhook: &MockWebhook) -> Value {
    let MockWebhook { id, url, valid, created_at, .. } = webhook;
    json!({"id": id, "url": url, "valid": valid, "created_at": created_at.to_string()})
}

pub(super) async fn check(ask: &Ask<'_>, at: usize) -> Result<Told, Fault> {
    owned(ask, at)?;
    ask.inner.revalidate(ask.path(at), Occasion::Revalidation).await?;
    Ok(Told::nothing())
}

pub(super) fn delete(ask: &Ask<'_>, at: usize) -> Result<Told, Fault> {
    owned(ask, at)?;
    ask.inner.state().remove_webhook(ask.path(at));
    Ok(Told::nothing())
}

pub(super) fn subscribe(ask: &Ask<'_>) -> Result<Told, Fault> {
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    subscribed(ask, ask.inner.subscribe(ask.app(), ask.path(0), user))
}

/// Returns the response to a subscription, which may be a repeated one.
pub(super) fn subscribed(ask: &Ask<'_>, done: Result<(), Refusal>) -> Result<Told, Fault> {
    let is_accepted = ask.inner.settings.contradictions.repeated_subscription == RepeatedSubscription::Accepted;
    match done {
        Err(Refusal::AlreadySubscribed) if is_accepted => Ok(Told::nothing()),
        Err(refusal) => Err(refusal.into()),
        Ok(()) => Ok(Told::nothing()),
    }
}

pub(super) fn is_subscribed(ask: &Ask<'_>) -> Result<Told, Fault> {
    owned(ask, 0)?;
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    let is_subscribed = ask.inner.state().is_subscribed(ask.path(0), user);
    if is_subscribed { Ok(Told::nothing()) } else { Err(Refusal::NoSuchSubscription.into()) }
}

pub(super) fn subscriptions(ask: &Ask<'_>) -> Result<Told, Fault> {
    list_of(ask).map(Told::ok)
}

/// Returns the list of a webhook's subscriptions.
pub(super) fn list_of(ask: &Ask<'_>) -> Result<Value, Fault> {
    let webhook = owned(ask, 0)?;
    let state = ask.inner.state();
    let users: Vec<Value> = state
        .subscriptions
        .iter()
        .filter(|one| one.webhook == webhook.id)
        .map(|one| json!({"user_id": one.user_id}))
        .collect();
    let application = state.app(ask.app()).map(|app| app.id.clone());
    Ok(
        json!({"webhook_id": webhook.id, "webhook_url": webhook.url, "application_id": application, "subscriptions": users}),
    )
}

pub(super) fn count(ask: &Ask<'_>) -> Told {
    Told::ok(counts(ask))
}

/// Returns the account's subscription counts, as strings.
pub(super) fn counts(ask: &Ask<'_>) -> Value {
    let all = ask.inner.state().subscriptions.len();
    json!({
        "account_name": "mock-x",
        "subscriptions_count_all": all.to_string(),
        "subscriptions_count_direct_messages": "0",
        "provisioned_count": ask.inner.settings.limits.users.to_string(),
    })
}

pub(super) fn unsubscribe(ask: &Ask<'_>) -> Result<Told, Fault> {
    ask.inner.unsubscribe(ask.app(), ask.path(0), ask.path(1))?;
    Ok(Told::nothing())
}

pub(super) fn unsubscribe_self(ask: &Ask<'_>) -> Result<Told, Fault> {
    let user = ask.caller.user().ok_or(Refusal::NotPermitted)?;
    ask.inner.unsubscribe(ask.app(), ask.path(0), user)?;
    Ok(Told::nothing())
}

/// Returns the webhook whose id is the path parameter at this index, if it belongs to the caller's
/// app.
pub(super) fn owned(ask: &Ask<'_>, at: usize) -> Result<MockWebhook, Fault> {
    let state = ask.inner.state();
    state.webhook_of(ask.app(), ask.path(at)).cloned().ok_or_else(|| Refusal::NoSuchWebhook.into())
}
