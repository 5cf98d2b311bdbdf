//! Handlers for messages and posts that apps write, which the mock records without generating
//! events.

use http::StatusCode;
use serde_json::{Value, json};

use super::body::JsonReply;
use super::call::Call;
use super::errors::Fault;
use crate::mock::random;
use crate::mock::refusal::Refusal;
use crate::mock::state::Written;

/// Handles `POST /2/dm_conversations/with/:participant_id/messages`.
pub(super) async fn message(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let to = call.path(0).to_owned();
    if to.is_empty() || !to.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Invalid(format!("The `participant_id` path parameter value [{to}] is not valid")).into());
    }
    let (author, id) = write(call, Some(to.clone()), "attachments").await?;
    // X puts the lower id first.
    let mut pair = [author, to];
    pair.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    Ok(created(&json!({"dm_conversation_id": pair.join("-"), "dm_event_id": id})))
}

/// Handles `POST /2/tweets`.
pub(super) async fn post(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let (_, id) = write(call, None, "media").await?;
    let body: Value = call.json()?;
    Ok(created(&json!({"id": id, "text": body.get("text"), "edit_history_tweet_ids": [id]})))
}

fn created(data: &Value) -> JsonReply {
    JsonReply(StatusCode::CREATED, Some(json!({"data": data})))
}

/// Records a message or post, which must have a text or the member `other`. Returns the author and
/// the new id.
async fn write(call: &Call<'_>, to: Option<String>, other: &str) -> Result<(String, String), Fault> {
    let body: Value = call.json()?;
    let text = body.get("text").and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    if text.is_none() && body.get(other).is_none() {
        return Err(Refusal::Invalid(format!("the body must have text or {other}")).into());
    }
    let user_id = call.caller.user().unwrap_or_default().to_owned();
    let created_at = call.inner.settings.clock.now();
    let id = {
        let mut state = call.inner.state();
        let id = random::id(&mut state.random);
        let app = call.app().to_owned();
        let written = Written { id: id.clone(), app, user_id: user_id.clone(), to, text, body, created_at };
        state.written.push(written);
        id
    };
    let mut changed = call.inner.changed.subscribe();
    while call.inner.state().withholds_answers {
        if changed.changed().await.is_err() {
            break;
        }
    }
    Ok((user_id, id))
}
