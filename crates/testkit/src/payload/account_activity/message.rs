//! Direct messages, which have the same format in both APIs.

use birdhook_core::Timestamp;
use serde_json::{Map, Value, json};

use super::number;
use super::tweet::{entities, sizes};
use crate::payload::dates::millis;
use crate::payload::phrases::ANSWERS;
use crate::payload::rendered::Rendered;
use crate::payload::story::{Extra, Message, Via};
use crate::payload::words::Link;

/// Returns an element of `direct_message_events`.
pub(in crate::payload) fn message(message: &Message, at: Timestamp) -> Value {
    let text = message.words.whole();
    let mut data = Map::new();
    data.insert("entities".into(), entities(&text, None));
    data.extend(extra(&message.extra, &text).map(|(name, value)| (name.to_owned(), value)));
    data.insert("text".into(), text.text.into());
    let mut create = Map::new();
    create.insert("target".into(), json!({"recipient_id": message.recipient.id}));
    create.insert("sender_id".into(), message.sender.id.as_str().into());
    create.extend(message.app.as_ref().map(|app| ("source_app_id".to_owned(), app.id.as_str().into())));
    create.insert("message_data".into(), data.into());
    let mut event = Map::new();
    event.insert("type".into(), "message_create".into());
    event.insert("id".into(), message.id.as_str().into());
    event.insert("created_timestamp".into(), millis(at).into());
    event.extend(message.via.as_ref().map(|Via(what, id)| ("initiated_via".to_owned(), json!({*what: id}))));
    event.insert("message_create".into(), create.into());
    event.into()
}

fn extra(extra: &Extra, text: &Rendered) -> Option<(&'static str, Value)> {
    Some(match extra {
        Extra::Nothing => return None,
        Extra::Prompt => ("quick_reply", json!({"type": "options", "options": options()})),
        Extra::Answer(Some(metadata)) => ("quick_reply_response", json!({"type": "options", "metadata": metadata})),
        Extra::Answer(None) => ("quick_reply_response", json!({"type": "options"})),
        Extra::Buttons([left, right]) => ("ctas", json!([button("Left door", left), button("Right door", right)])),
        Extra::Picture(id, name, link) => {
            let place = text.links.last().map(|link| [link.start, link.end]);
            let url = format!("https://dm.example/1.1/dm/{id}/{name}.jpg");
            let media = json!({
                "id": number(id),
                "id_str": id,
                "indices": place,
                "media_url": url,
                "media_url_https": url,
                "url": link.url,
                "display_url": link.display,
                "expanded_url": link.expanded,
                "type": "photo",
                "sizes": sizes(),
            });
            ("attachment", json!({"type": "media", "media": media}))
        }
        Extra::Point => {
            let point = json!({"coordinates": {"type": "Point", "coordinates": [-3.25, 54.2]}});
            (
                "attachment",
                json!({"type": "location", "location": {"type": "shared_coordinate", "shared_coordinate": point}}),
            )
        }
        Extra::Venue => {
            let place = json!({
                "id": "0c0ffee5a17bae03",
                "place_type": "poi",
                "name": "Lamp Room",
                "full_name": "Lamp Room, Saltwick Bay",
                "country": "Northmarsh",
                "country_code": "XN",
            });
            let location = json!({"type": "shared_place", "shared_place": {"place": place}});
            ("attachment", json!({"type": "location", "location": location}))
        }
    })
}

/// Returns the quick reply options. The last one has neither metadata nor a description.
fn options() -> Vec<Value> {
    let options = ANSWERS.iter().map(|(label, description, metadata)| {
        let members = [("label", *label), ("description", *description), ("metadata", *metadata)];
        let members = members.into_iter().filter(|(_, text)| !text.is_empty());
        Value::Object(members.map(|(name, text)| (name.to_owned(), text.into())).collect())
    });
    options.collect()
}

fn button(label: &str, link: &Link) -> Value {
    json!({"type": "web_url", "label": label, "url": link.expanded, "tco_url": link.url})
}
