//! Handlers for links between webhooks and filtered streams.

use serde_json::{Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::enterprise::owned;
use super::errors::Fault;
use crate::mock::contradictions::StreamLinksList;
use crate::mock::refusal::Refusal;
use crate::mock::state::MockStreamLink;
use crate::payload::dates::iso_millis;

pub(super) fn link(call: &Call<'_>) -> Result<JsonReply, Fault> {
    call.inner.link(call.app(), call.path(0), call.query.clone())?;
    Ok(JsonReply::ok(json!({"data": {"provisioned": true}})))
}

pub(super) fn unlink(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let webhook = owned(call, 0)?;
    let mut state = call.inner.state();
    let before = state.links.len();
    state.links.retain(|link| link.webhook != webhook.id);
    if state.links.len() == before {
        return Err(Refusal::NoSuchSubscription.into());
    }
    Ok(JsonReply::ok(json!({"data": {"deleted": true}})))
}

pub(super) fn list(call: &Call<'_>) -> JsonReply {
    let contradictions = &call.inner.settings.contradictions;
    let state = call.inner.state();
    let app = state.app(call.app());
    let own = state.links.iter().filter(|link| state.webhook_of(call.app(), &link.webhook).is_some());
    let entry = |link: &MockStreamLink| {
        let whole = link.fields.iter().map(|(name, value)| format!("{name}={value}"));
        let fields: Vec<String> = match contradictions.stream_fields_parted {
            true => whole.flat_map(|field| field.split(',').map(str::to_owned).collect::<Vec<_>>()).collect(),
            false => whole.collect(),
        };
        json!({
            "application_id": app.map(|app| &app.id), "business_user_id": app.map(|app| &app.owner.id),
            "created_at": iso_millis(link.created_at), "fields": fields, "instance_id": "1", "webhook_id": link.webhook,
        })
    };
    let links: Vec<Value> = own.map(entry).collect();
    JsonReply::ok(match contradictions.stream_links_list {
        StreamLinksList::Links => json!({"data": {"links": links}}),
        StreamLinksList::Array => json!({"data": links}),
    })
}
