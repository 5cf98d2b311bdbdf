//! Handlers for links between webhooks and filtered streams.

use serde_json::{Value, json};

use super::enterprise::owned;
use super::errors::Fault;
use super::{Ask, Told};
use crate::mock::Refusal;
use crate::mock::contradictions::StreamLinksList;

pub(super) fn link(ask: &Ask<'_>) -> Result<Told, Fault> {
    ask.inner.link(ask.app(), ask.path(0), ask.query.clone())?;
    Ok(Told::ok(json!({"data": {"provisioned": true}})))
}

pub(super) fn unlink(ask: &Ask<'_>) -> Result<Told, Fault> {
    let webhook = owned(ask, 0)?;
    let mut state = ask.inner.state();
    let before = state.links.len();
    state.links.retain(|link| link.webhook != webhook.id);
    if state.links.len() == before {
        return Err(Refusal::NoSuchSubscription.into());
    }
    Ok(Told::ok(json!({"data": {"deleted": true}})))
}

pub(super) fn list(ask: &Ask<'_>) -> Told {
    let contradictions = &ask.inner.settings.contradictions;
    let state = ask.inner.state();
    let app = state.app(ask.app());
    let links: Vec<Value> = state
        .links
        .iter()
        .filter(|link| state.webhook_of(ask.app(), &link.webhook).is_some())
        .map(|link| {
            let whole = link.fields.iter().map(|(name, value)| format!("{name}={value}"));
            let fields: Vec<String> = match contradictions.stream_fields_parted {
                true => whole.flat_map(|field| field.split(',').map(str::to_owned).collect::<Vec<_>>()).collect(),
                false => whole.collect(),
            };
            json!({
                "application_id": app.map(|app| &app.id),
                "business_user_id": app.map(|app| &app.owner.id),
                "created_at": super::iso(link.created_at),
                "fields": fields,
                "instance_id": "1",
                "webhook_id": link.webhook,
            })
        })
        .collect();
    Told::ok(match contradictions.stream_links_list {
        StreamLinksList::Links => json!({"data": {"links": links}}),
        StreamLinksList::Array => json!({"data": links}),
    })
}
