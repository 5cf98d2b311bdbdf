//! Handlers for X Activity subscriptions.

use serde_json::{Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::errors::Fault;
use crate::mock::auth::Who;
use crate::mock::contradictions::ActivityAnswer;
use crate::mock::manage::NewActivity;
use crate::mock::refusal::Refusal;
use crate::mock::state::MockActivitySubscription;
use crate::payload::dates::iso_millis;
use crate::payload::json::without_nulls;

const LONGEST_PAGE: usize = 1000;
const MOST_IDS: usize = 100;

pub(super) fn create(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let new: NewActivity = call.json()?;
    if let Who::User2 { scopes: granted, .. } = &call.caller.who
        && scopes(&new.event_type).iter().any(|scope| !granted.contains(*scope))
    {
        return Err(Fault::Forbidden);
    }
    let user = call.caller.user();
    let subscription = call.inner.subscribe_activity(call.app(), user, new)?;
    Ok(reply(call, &subscription))
}

/// Returns the scopes that a user's OAuth 2.0 token needs for an event type.
fn scopes(event_type: &str) -> &'static [&'static str] {
    match event_type.split('.').next() {
        Some("like") => &["like.read"],
        Some("dm" | "chat") => &["dm.read"],
        Some("mute") => &["mute.read"],
        Some("block") => &["block.read"],
        Some("subscriptions") => &["follows.read"],
        // X's introduction names the first scope, its OpenAPI document the second.
        Some("broadcast") => &["broadcast.read", "tweet.read"],
        _ => &["tweet.read"],
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    tag: Option<String>,
    webhook_id: Option<String>,
}

pub(super) fn update(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let change: Change = call.json()?;
    let id = call.path(0);
    let changed = call.inner.change_activity(call.app(), id, change.tag, change.webhook_id);
    let changed = changed.map_err(|refusal| match refusal {
        Refusal::NoSuchSubscription => Refusal::NoActivitySubscription(id.to_owned()),
        other => other,
    })?;
    Ok(reply(call, &changed))
}

fn reply(call: &Call<'_>, subscription: &MockActivitySubscription) -> JsonReply {
    let total = total(call);
    let entry = entry(subscription);
    JsonReply::ok(match call.inner.settings.contradictions.activity_answer {
        ActivityAnswer::Object => json!({"data": entry}),
        ActivityAnswer::Array => json!({"data": [entry], "meta": {"total_subscriptions": total}}),
        ActivityAnswer::Nested => json!({"data": {"subscription": entry, "total_subscriptions": total}}),
        ActivityAnswer::Empty => return JsonReply::nothing(),
    })
}

fn entry(subscription: &MockActivitySubscription) -> Value {
    let MockActivitySubscription { id, event_type, filter, tag, webhook_id, created_at, updated_at, .. } = subscription;
    without_nulls(json!({
        "subscription_id": id, "event_type": event_type, "filter": filter, "tag": tag, "webhook_id": webhook_id,
        "created_at": iso_millis(*created_at), "updated_at": iso_millis(*updated_at), "expires_at": subscription.expires_at,
    }))
}

/// Returns the number of the app's subscriptions.
fn total(call: &Call<'_>) -> usize {
    call.inner.state().activities.iter().filter(|one| one.app == call.app()).count()
}

pub(super) fn list(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let invalid = |why: &str| Fault::from(Refusal::Invalid(why.to_owned()));
    let most = call.query("max_results").map_or(Ok(LONGEST_PAGE), str::parse);
    let most = most.ok().filter(|most| (1..=LONGEST_PAGE).contains(most));
    let most = most.ok_or_else(|| invalid("max_results must be between 1 and 1000"))?;
    let user = call.query("user_id");
    if let Who::User2 { id, .. } | Who::User { id, .. } = &call.caller.who
        && user.is_some_and(|user| user != id)
    {
        return Err(Refusal::NotPermitted.into());
    }
    call.inner.state().expire(call.inner.settings.clock.now());
    let total = total(call);
    let state = call.inner.state();
    let is_asked_for = |one: &&MockActivitySubscription| {
        one.app == call.app() && user.is_none_or(|user| one.filter.user_id.as_deref() == Some(user))
    };
    let mut all: Vec<&MockActivitySubscription> = state.activities.iter().filter(is_asked_for).collect();
    if let Some(token) = call.query("pagination_token") {
        let last = page_end(token).ok_or_else(|| invalid("pagination_token is none"))?;
        let at = all.iter().position(|one| one.id == last).ok_or_else(|| invalid("pagination_token has expired"))?;
        all.drain(..=at);
    }
    let is_cut = all.len() > most;
    all.truncate(most);
    let next_token = all.last().filter(|_| is_cut).map(|last| page_token(&last.id));
    let meta = json!({"total_subscriptions": total, "result_count": all.len(), "next_token": next_token});
    let meta = without_nulls(meta);
    Ok(JsonReply::ok(json!({"data": all.into_iter().map(entry).collect::<Vec<_>>(), "meta": meta})))
}

pub(super) fn delete(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let id = call.path(0);
    if !remove(call, id) {
        return Err(Refusal::NoActivitySubscription(id.to_owned()).into());
    }
    Ok(JsonReply::ok(json!({"data": {"deleted": true}})))
}

pub(super) fn delete_many(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let ids: Vec<&str> = call.query("ids").unwrap_or_default().split(',').filter(|id| !id.is_empty()).collect();
    if !(1..=MOST_IDS).contains(&ids.len()) {
        return Err(Refusal::Invalid("ids must be 1 to 100 ids of subscriptions, with commas".to_owned()).into());
    }
    let (deleted, missing): (Vec<&str>, Vec<&str>) = ids.into_iter().partition(|id| remove(call, id));
    let data: Vec<Value> = deleted.into_iter().map(|id| json!({"deleted": true, "subscription_id": id})).collect();
    let error = |id| json!({"subscription_id": id, "reason": "SubscriptionNotFound", "message": "MockSubscription does not exist"});
    let errors = (!missing.is_empty()).then(|| missing.into_iter().map(error).collect::<Value>());
    let body = json!({"data": data, "meta": {"total_subscriptions": total(call)}, "errors": errors});
    Ok(JsonReply::ok(without_nulls(body)))
}

fn remove(call: &Call<'_>, id: &str) -> bool {
    let mut state = call.inner.state();
    let before = state.activities.len();
    state.activities.retain(|one| one.id != id || one.app != call.app());
    state.activities.len() < before
}

/// Encodes the id of a page's last subscription as 16 characters of base32hex.
fn page_token(id: &str) -> String {
    let id: u64 = id.parse().unwrap_or(0);
    let digit = |place: u32| char::from_digit(id.checked_shr(5 * place).unwrap_or(0) as u32 % 32, 32);
    (0..16).rev().filter_map(digit).collect()
}

/// Decodes a page token to the id of the previous page's last subscription.
fn page_end(token: &str) -> Option<String> {
    if token.len() != 16 {
        return None;
    }
    let add = |id: u64, digit: char| id.checked_mul(32)?.checked_add(u64::from(digit.to_digit(32)?));
    token.chars().try_fold(0, add).map(|id| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_token_is_base32hex_and_round_trips() {
        for id in ["1", "1976325569252868096", "9999999999999999999"] {
            let token = page_token(id);
            assert_eq!((token.len(), page_end(&token).as_deref()), (16, Some(id)), "{token}");
        }
        for bad in ["", "0", "000000000000000w", "vvvvvvvvvvvvvvvv", "0000000000000 00"] {
            assert_eq!(page_end(bad), None, "{bad}");
        }
    }
}
