//! Events that the Account Activity API does not report.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

use super::post::{doubled, includes, with_default_fields, wrapped};
use crate::payload::dates::{iso_millis, later, millis};
use crate::payload::facts::{Content, Facts};
use crate::payload::inputs::{Inputs, snowflake};
use crate::payload::json::{with, without_nulls};
use crate::payload::kind::MockEventKind;
use crate::payload::post::Post;
use crate::payload::rng::{pick, slug};
use crate::request::uuid;

pub(in crate::payload) fn stream_post(inputs: &mut Inputs<'_>) -> Facts {
    let post = Post::new(inputs, MockEventKind::Post);
    let rule = json!({"id": inputs.id(inputs.at), "tag": pick(&mut inputs.rng, &["ferries", ""])});
    let body = json!({"data": with_default_fields(&post), "includes": includes(&post), "matching_rules": [rule]});
    let (id, text) = (Some(post.id), Some(post.text.unescaped()));
    Facts { id, actor: Some(post.author), text, ..Content::Body(body).into() }
}

/// Generates the end of a replay job. A quarter of the jobs are incomplete.
pub(in crate::payload) fn replay(inputs: &mut Inputs<'_>) -> Facts {
    let (id, webhook) = (inputs.id(inputs.at), snowflake(later(inputs.at, -8_640_000_000), 0));
    let (state, description) = match inputs.rng.u8(..4) == 0 {
        false => ("Complete", "Job completed successfully"),
        true => ("Incomplete", "Job was unable to replay all events"),
    };
    let body = json!({"replay_job_status": {
        "webhook_id": webhook, "job_state": state, "job_state_description": description, "job_id": id,
    }});
    Facts { id: Some(id), ..Content::Body(body).into() }
}

pub(in crate::payload) fn profile(inputs: &mut Inputs<'_>, kind: MockEventKind) -> Facts {
    let user = inputs.subject.clone();
    let (before, after) = match kind {
        MockEventKind::Picture => ("https://img.example/profile_images/before_normal.jpg", user.picture.as_str()),
        MockEventKind::Banner => ("", user.banner.as_deref().unwrap_or_default()),
        MockEventKind::Name => ("Away until Monday", user.name),
        MockEventKind::Handle => ("before_0000", user.handle.as_str()),
        MockEventKind::Location => ("São Farol", user.location),
        MockEventKind::Link => ("https://t.co/before0000", user.link.as_ref().map_or("", |link| &link.url)),
        MockEventKind::VerifiedBadge => ("none", "blue"),
        MockEventKind::AffiliateBadge => ("", "https://img.example/badges/museum.png"),
        _ => ("Gardener & <slow> reader", inputs.text.unwrap_or(user.description)),
    };
    let (payload, text) = (json!({"before": before, "after": after}), Some(after.to_owned()));
    Facts { actor: Some(user), text, ..Content::Payload(payload).into() }
}

/// Generates an encrypted message, or a change of its conversation. Random bytes suffice, because
/// receivers cannot decrypt it.
pub(in crate::payload) fn chat(inputs: &mut Inputs<'_>, kind: MockEventKind) -> Facts {
    let (at, group) = (inputs.at, inputs.earlier_id());
    let rng = &mut inputs.rng;
    let [subject, other] = [&inputs.subject, &inputs.other];
    let sender = if kind == MockEventKind::ChatSent { subject } else { other };
    let is_message = matches!(kind, MockEventKind::ChatReceived | MockEventKind::ChatSent);
    let conversation = match is_message {
        true => format!("{}:{}", other.id, subject.id),
        false => format!("g{group}"),
    };
    let (id, has_new_key) = (uuid(rng), rng.u8(..3) == 0);
    let mut random = |length: usize| (0..length).map(|_| rng.u8(..)).collect::<Vec<_>>();
    let token = [br#"{"alg":"HS256"}"#.to_vec(), random(60), random(32)].map(|part| URL_SAFE_NO_PAD.encode(part));
    let signature = is_message.then(|| {
        json!({
            "public_key_version": millis(later(at, -864_000_000)), "signature_version": "7",
            "signature": STANDARD_NO_PAD.encode(random(64)), "signing_public_key": STANDARD.encode(random(91)),
        })
    });
    let payload = without_nulls(json!({
        "id": id, "conversation_token": token.join("."), "sender_id": sender.id, "created_at_msec": millis(at),
        "conversation_id": conversation, "encoded_event": STANDARD.encode(random(180)),
        "conversation_key_version": millis(later(at, -86_400_000)), "message_event_signature": signature,
        "conversation_key_change_event": has_new_key.then(|| STANDARD.encode(random(120))),
    }));
    Facts { id: Some(id), actor: Some(sender.clone()), ..Content::Payload(payload).into() }
}

pub(in crate::payload) fn space(inputs: &mut Inputs<'_>, kind: MockEventKind) -> Facts {
    let (id, host) = (broadcast_id(inputs), inputs.subject.clone());
    let event_type = if kind == MockEventKind::SpaceStart { "spaces_start" } else { "spaces_end" };
    let payload = json!({"user": wrapped(&host), "broadcast_id": id, "event_type": event_type});
    Facts { id: Some(id), actor: Some(host), ..Content::Payload(payload).into() }
}

pub(in crate::payload) fn broadcast(inputs: &mut Inputs<'_>, kind: MockEventKind) -> Facts {
    let (id, host) = (broadcast_id(inputs), inputs.subject.clone());
    let title = inputs.text.unwrap_or("Bells & fog, live ☁️").to_owned();
    let has_ended = kind == MockEventKind::BroadcastEnd;
    let time = |ago: i64| u64::try_from(later(inputs.at, -ago).as_millis()).unwrap_or_default();
    let times = doubled(json!({
        "event_timestamp_ms": time(0), "updated_timestamp_ms": time(300),
        "created_timestamp_ms": time(if has_ended { 3_600_000 } else { 3_500 }),
    }));
    let rest = json!({
        "user": wrapped(&host), "broadcast_id": id, "title": title, "language": "en",
        "broadcast_state": if has_ended { "Ended" } else { "Running" }, "available_for_replay": has_ended,
        "thumbnail_url": format!("https://img.example/broadcasts/{id}/thumbnail.jpg"),
    });
    Facts { id: Some(id), actor: Some(host), text: Some(title), ..Content::Payload(with(times, rest)).into() }
}

/// Generates a message in a broadcast's chat, or its removal. X does not report who removed it.
pub(in crate::payload) fn broadcast_message(inputs: &mut Inputs<'_>, is_removed: bool) -> Facts {
    let (id, author) = (uuid(&mut inputs.rng), inputs.other.clone());
    let text = (!is_removed).then(|| inputs.text.unwrap_or("Louder please 🔔, is this <live>?").to_owned());
    let payload = without_nulls(json!({
        "broadcast_id": broadcast_id(inputs), "message_id": id, "message": text, "author": wrapped(&author),
    }));
    let (actor, target) = if is_removed { (None, Some(author)) } else { (Some(author), None) };
    Facts { id: Some(id), actor, target, text, content: Content::Payload(payload) }
}

pub(in crate::payload) fn news(inputs: &mut Inputs<'_>) -> Facts {
    let (id, post) = (inputs.id(inputs.at), inputs.earlier_id());
    let headline = inputs.text.unwrap_or("Night Ferry Returns & Nobody Waits").to_owned();
    let payload = json!({
        "id": id, "name": headline, "category": "Travel", "hook": "The ferry is back.",
        "summary": "After nine days of fog the night ferry has left the harbour again.",
        "contexts": {"topics": ["Travel"], "entities": {"places": ["Saltwick Bay"]}},
        "cluster_posts_results": [{"id": post, "author_id": inputs.other.id}],
        "updated_at": iso_millis(inputs.at), "disclaimer": "This story was written by a machine, which may err.",
    });
    Facts { id: Some(id), text: Some(headline), ..Content::Payload(payload).into() }
}

fn broadcast_id(inputs: &mut Inputs<'_>) -> String {
    format!("1{}", slug(&mut inputs.rng))
}
