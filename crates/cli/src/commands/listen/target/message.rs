//! An event or a delivery in the form in which a target gets it.

use anyhow::{Context, Result};
use birdhook::codec::Format;
use birdhook::event::EventKey;
use birdhook::{Apps, Event};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::TargetMode;

/// A message to a target.
#[derive(Debug)]
pub(crate) struct Message {
    /// The same at each attempt, so that the target recognises duplicates.
    pub(super) id: EventKey,
    /// The kind of the event. `None` for a delivery.
    pub(super) kind: Option<&'static str>,
    pub(super) subscriber: Option<String>,
    pub(super) content_type: &'static str,
    /// X's signature headers, for a delivery.
    pub(super) x_signatures: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Message {
    /// Returns the message for an event, or for its delivery in the mode `raw`. The event must have
    /// the [key](Event::dedupe_key) of the webhook's policy.
    ///
    /// # Errors
    /// If the app of a delivery is not configured, so that its body cannot be signed.
    pub(crate) fn new(event: &Event, mode: TargetMode, apps: &Apps) -> Result<Self> {
        let subscriber = event.subscriber().map(str::to_owned);
        let (kind, id) = (Some(event.kind().as_str()), event.dedupe_key());
        let (content_type, body) = match mode {
            TargetMode::Event => ("application/json", serde_json::to_vec(&event.report())?.into()),
            TargetMode::CloudEvent => (Format::CloudEvents.content_type(), Format::CloudEvents.write(event).payload),
            TargetMode::Raw => {
                let app = apps.iter().find(|known| known.name() == event.app());
                let app = app.context("the delivery is for an unknown app")?;
                let body = event.body().clone().into_bytes();
                let x_signatures = app.sign(&body).into_iter().map(|(name, value)| (name.to_string(), value));
                let x_signatures = x_signatures.collect();
                let id = delivery_id(event);
                return Ok(Self { id, kind: None, subscriber, content_type: "application/json", x_signatures, body });
            }
        };
        Ok(Self { id, kind, subscriber, content_type, x_signatures: Vec::new(), body })
    }
}

/// Returns the id of an event's delivery: a hash of the app and the body, because X sends the same
/// body to each app that subscribed a user.
pub(crate) fn delivery_id(event: &Event) -> EventKey {
    let mut hash = Sha256::new();
    hash.update(event.app().as_bytes());
    hash.update([0]);
    hash.update(event.body().as_str().as_bytes());
    <[u8; 32]>::from(hash.finalize()).into()
}

#[cfg(test)]
mod tests {
    use birdhook::{Delivery, Secret};

    use super::*;

    const BODY: &str = r#"{ "for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}},{"status":{"id":"21","user_id":"1"}}]}"#;

    fn events(app: &str) -> Vec<Event> {
        Delivery::restore(app, BODY, 2).unwrap().into_events()
    }

    fn apps() -> Apps {
        Secret::new("secret").unwrap().into()
    }

    #[test]
    fn an_event_is_its_documented_json_with_its_key_as_id() {
        let event = &events("default")[1];
        let message = Message::new(event, TargetMode::Event, &apps()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!((&json["kind"], &json["ids"]["post"]), (&"post_deleted".into(), &"21".into()));
        assert_eq!(json["delivery_key"], message.id.to_string());
        assert_eq!((message.kind, message.subscriber.as_deref()), (Some("post_deleted"), Some("1")));
        assert!(message.x_signatures.is_empty());
    }

    #[test]
    fn a_cloud_event_has_the_key_as_its_id() {
        let message = Message::new(&events("default")[0], TargetMode::CloudEvent, &apps()).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!((&json["specversion"], &json["type"]), (&"1.0".into(), &"birdhook.post_deleted".into()));
        assert_eq!(json["id"], message.id.to_string());
        assert_eq!(message.content_type, "application/cloudevents+json");
    }

    #[test]
    fn a_delivery_keeps_its_bytes_and_has_one_id_for_all_its_events() {
        let messages: Vec<_> =
            events("default").iter().map(|event| Message::new(event, TargetMode::Raw, &apps()).unwrap()).collect();
        assert_eq!(messages[0].id, messages[1].id);
        assert_eq!((&messages[0].body[..], messages[0].kind), (BODY.as_bytes(), None));
        let signature = birdhook::signature::sign(&Secret::new("secret").unwrap(), BODY.as_bytes());
        let header = (birdhook::signature::HEADER.to_owned(), signature);
        assert_eq!(messages[0].x_signatures, [header]);
        assert_ne!(delivery_id(&events("shop")[0]), messages[0].id, "each app has its own delivery");
        assert!(Message::new(&events("shop")[0], TargetMode::Raw, &apps()).is_err());
    }
}
