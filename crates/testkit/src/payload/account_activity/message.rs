//! Direct messages, which have the same format in both APIs.

use serde_json::{Value, json};

use super::tweet::{entities, media};
use crate::payload::dates::millis;
use crate::payload::facts::{Content, Facts};
use crate::payload::inputs::Inputs;
use crate::payload::json::{with, without_nulls};
use crate::payload::rng::{pick, rng, slug};
use crate::payload::text::{Link, Media, What};

const MESSAGES: &[&str] = &[
    "Is the blue lamp ready & can I fetch it on Friday?",
    "Bis morgen, grüß den Hund 🫖",
    "See https://maps.example/left",
];

/// Generates a message at the current time. Prompts and buttons are only sent, because they come
/// from apps; answers to prompts are only received.
pub(in crate::payload) fn message(inputs: &mut Inputs<'_>, is_sent: bool) -> Facts {
    let (id, roll) = (inputs.id(inputs.at), inputs.rng.u8(..9));
    let (text, extra) = match (roll, is_sent) {
        (0, true) => (
            "Which one?",
            json!({"quick_reply": {"type": "options", "options": [
                {"label": "The first", "description": "It came in May", "metadata": "answer:1"}, {"label": "Neither"},
            ]}}),
        ),
        (0, false) => ("The first", json!({"quick_reply_response": {"type": "options", "metadata": "answer:1"}})),
        (1, true) => {
            let link = Link::to("https://left.example/", inputs.scene);
            let button = json!({"type": "web_url", "label": "Left", "url": link.expanded, "tco_url": link.url});
            ("Left or right?", json!({"ctas": [button]}))
        }
        (1, false) => ("Neither", json!({"quick_reply_response": {"type": "options"}})),
        (2, false) => (
            "I am here",
            json!({"attachment": {"type": "location", "location": {
                "type": "shared_coordinate",
                "shared_coordinate": {"coordinates": {"type": "Point", "coordinates": [-3.25, 54.2]}},
            }}}),
        ),
        (3, false) => (
            "We meet here",
            json!({"attachment": {"type": "location", "location": {
                "type": "shared_place",
                "shared_place": {"place": {
                    "id": "0c0ffee5a17bae03", "place_type": "poi", "name": "Lamp Room",
                    "full_name": "Lamp Room, Northmarsh", "country": "Northmarsh", "country_code": "XN",
                }},
            }}}),
        ),
        _ => (pick(&mut inputs.rng, MESSAGES), json!({})),
    };
    let is_from_app = is_sent && roll < 2 || inputs.rng.u8(..4) == 0;
    let app = is_from_app.then(|| rng(inputs.scene, "messenger").u64(1_000_000..40_000_000).to_string());
    let mut text = inputs.parse(inputs.text.unwrap_or(text));
    let picture = (roll == 4).then(|| picture(inputs));
    let attachment = picture.map(|picture| {
        text.plain(" ");
        let start = text.length();
        text.entity(What::Link(picture.link.clone()));
        let media = with(media(&picture, [start, text.length()], false), json!({"media_url": picture.url}));
        json!({"attachment": {"type": "media", "media": media}})
    });
    let earlier = inputs.earlier_id();
    let via = match inputs.rng.u8(..8) {
        0 if !is_sent => json!({"tweet_id": earlier}),
        1 => json!({"welcome_message_id": earlier}),
        _ => Value::Null,
    };
    let data = with(json!({"entities": entities(&text), "text": text.text}), attachment.unwrap_or(extra));
    let (subject, other) = (inputs.subject.clone(), inputs.other.clone());
    let (sender, recipient) = if is_sent { (subject, other) } else { (other, subject) };
    let create = json!({
        "target": {"recipient_id": recipient.id}, "sender_id": sender.id, "source_app_id": app, "message_data": data,
    });
    let event = json!({
        "type": "message_create", "id": id, "created_timestamp": millis(inputs.at), "initiated_via": via,
        "message_create": without_nulls(create),
    });
    let app = app.map(|id| json!({"id": id, "name": "Help Desk", "url": "https://desk.example"}));
    let content = Content::Message(without_nulls(event), app);
    Facts { id: Some(id), actor: Some(sender), target: Some(recipient), text: Some(text.unescaped()), content }
}

fn picture(inputs: &mut Inputs<'_>) -> Media {
    let id = inputs.id(inputs.at);
    let mut link = Link::to(&format!("https://x.example/messages/media/{id}"), inputs.scene);
    link.display = format!("pic.x.example/{}", slug(&mut inputs.rng));
    let url = format!("https://dm.example/1.1/dm/{id}/{}.jpg", slug(&mut inputs.rng));
    Media { id, is_video: false, url, alt_text: None, link }
}

pub(in crate::payload) fn reading(inputs: &mut Inputs<'_>, is_read: bool) -> Facts {
    let last = is_read.then(|| inputs.earlier_id());
    let event = without_nulls(json!({
        "created_timestamp": millis(inputs.at), "sender_id": inputs.other.id,
        "target": {"recipient_id": inputs.subject.id}, "last_read_event_id": last,
    }));
    let (actor, target) = (Some(inputs.other.clone()), Some(inputs.subject.clone()));
    Facts { actor, target, ..Content::Message(event, None).into() }
}
