//! Handlers for replay jobs, in 1.1 and v2.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::body::JsonReply;
use super::call::Call;
use super::errors::Fault;
use crate::mock::contradictions::{ReplayAnswer, ReplayEnd};
use crate::mock::refusal::Refusal;
use crate::mock::replay::{Rules, Span};
use crate::payload::dates::iso_millis;

const DAY: Duration = Duration::from_secs(86_400);

pub(super) async fn enterprise(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let id = call.path(0);
    match id.parse::<i128>() {
        Ok(number) if number < 0 => return Err(Refusal::NegativeId(id.to_owned()).into()),
        Err(_) => return Err(Refusal::Unparsable("webhook_id").into()),
        Ok(_) => {}
    }
    let now = call.inner.settings.clock.now();
    let rules = Rules { reach: DAY * 5, reach_text: "5 days", is_inclusive: false };
    let span = Span::read(call.query("from_date"), call.query("to_date"), rules, now).map_err(Refusal::from)?;
    let job = call.inner.replay(call.app(), id, span).await?;
    Ok(JsonReply(StatusCode::ACCEPTED, Some(json!({"job_id": job, "created_at": now.to_string()}))))
}

#[derive(serde::Deserialize)]
struct ReplayRequest {
    webhook_id: String,
    from_date: Option<String>,
    to_date: Option<String>,
}

pub(super) async fn v2(call: &Call<'_>) -> Result<JsonReply, Fault> {
    let asked: ReplayRequest = call.json()?;
    let contradictions = &call.inner.settings.contradictions;
    let now = call.inner.settings.clock.now();
    let is_inclusive = contradictions.replay_end == ReplayEnd::Inclusive;
    let rules = Rules { reach: DAY, reach_text: "24 hours", is_inclusive };
    let (from, to) = (asked.from_date.as_deref(), asked.to_date.as_deref());
    let span = Span::read(from, to, rules, now).map_err(Refusal::from)?;
    let job = call.inner.replay(call.app(), &asked.webhook_id, span).await?;
    Ok(JsonReply::ok(match contradictions.replay_answer {
        ReplayAnswer::Job => json!({"data": {"job_id": job, "created_at": iso_millis(now)}}),
        ReplayAnswer::Sample => json!({"for_user_id": "0", "replay_event": {}}),
    }))
}
