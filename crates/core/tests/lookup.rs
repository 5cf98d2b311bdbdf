//! Data from elsewhere in a body, or from one of several places, is found.

use crate::support::event;
use birdhook_core::schema::{v1, v2};
use birdhook_core::{Activity, Event};
use serde_json::{Value, json};

fn message(message_data: &Value) -> Value {
    json!({"type": "message_create", "id": "77", "message_create": {
        "target": {"recipient_id": "7"}, "sender_id": "8", "message_data": message_data}})
}

fn received(includes: &Value) -> Event {
    let payload = json!({"direct_message_events": [message(&json!({"text": "nectar?"}))]});
    let data = json!({"event_uuid": "u", "filter": {"user_id": "7"}, "event_type": "dm.received", "payload": payload});
    event(json!({"data": data, "includes": includes}).to_string())
}

fn handle_of_the_sender(event: &Event) -> Option<String> {
    let Activity::MessageReceived(message) = event.activity() else { panic!("{:?}", event.kind()) };
    message.sender.handle.map(|handle| handle.to_string())
}

#[test]
fn the_sender_is_read_from_the_included_users() {
    for includes in [
        json!({"users": [{"id": "7", "username": "seven"}, {"id": "8", "username": "eight"}]}),
        json!({"posts": [{"id": "8"}], "users": [{"data": {"id": "8", "username": "eight"}}]}),
        json!({"users": [null, 5, "8", {"username": "nobody"}, {"id": 8, "username": "eight"}]}),
    ] {
        assert_eq!(handle_of_the_sender(&received(&includes)).as_deref(), Some("eight"), "{includes}");
    }
    for includes in
        [json!({"users": {"8": {"id": "8", "username": "eight"}}}), json!({"users": []}), json!({}), json!([])]
    {
        assert_eq!(handle_of_the_sender(&received(&includes)), None, "{includes}");
    }
}

#[test]
fn a_response_matches_an_option_by_metadata() {
    let options = json!([{"label": "Yes", "metadata": "a"}, {"label": "No", "metadata": "b"}, {"label": "?"}]);
    let data = json!({"text": "which?", "quick_reply": {"type": "options", "options": options},
        "quick_reply_response": {"type": "options", "metadata": "b"}});
    let event = event(json!({"for_user_id": "7", "direct_message_events": [message(&data)]}).to_string());
    let Activity::MessageReceived(message) = event.activity() else { panic!("{:?}", event.kind()) };
    let (asked, mut answer) = (message.quick_reply.clone().unwrap(), message.quick_reply_response.clone().unwrap());
    assert_eq!(asked.chosen(&answer).and_then(|option| option.label.as_deref()), Some("No"));
    answer.metadata = None;
    assert_eq!(asked.chosen(&answer), None, "an option without metadata is not what was chosen");
}

#[test]
fn a_participant_is_read_from_any_of_its_members() {
    for (party, id) in [
        (json!({"recipient_id": "1", "id": "2"}), Some("1")),
        (json!({"id_str": "2", "data": {"id": "3"}}), Some("2")),
        (json!({"data": {"id": 3}}), Some("3")),
        (json!({"username": "bee"}), None),
    ] {
        let text = party.to_string();
        let party: v1::Party<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(party.id(), id, "{text}");
    }
}

#[test]
fn the_text_of_a_long_post_is_in_its_note() {
    let note = json!({"text": "a &amp; b, and more", "entities": {"hashtags": [{"tag": "more"}]}});
    for (post, text, tags) in [
        (json!({"text": "a &amp; b...", "note_tweet": note, "entities": {}}), Some("a & b, and more"), 1),
        (json!({"text": "a &lt; b", "entities": {"hashtags": []}}), Some("a < b"), 0),
        (json!({}), None, 0),
    ] {
        let json = post.to_string();
        let post: v2::Post<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!(post.full_text().as_deref(), text, "{json}");
        assert_eq!(post.full_entities().map_or(0, |entities| entities.hashtags.len()), tags, "{json}");
    }
}
