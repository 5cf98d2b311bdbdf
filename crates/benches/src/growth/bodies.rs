//! Bodies of any size. [`ID`] marks the places where each delivery gets its own id.

/// Marks the places in a body that get an id. As long as each id.
pub(super) const ID: &str = "1000000000000000000";

const USER: &str = "2200440066008801";

pub(super) fn message() -> String {
    let body = include_str!("../../../core/benches/bodies/aaa_2k.json");
    let value: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let id = value["direct_message_events"][0]["id"].as_str().expect("an id");
    assert_eq!(id.len(), ID.len(), "the body is as long");
    body.replace(id, ID)
}

pub(super) fn deletions(count: usize) -> String {
    let one = format!(r#"{{"status":{{"id":"{ID}","user_id":"{USER}"}},"timestamp_ms":"1795426200000"}}"#);
    format!(r#"{{"for_user_id":"{USER}","tweet_delete_events":[{}]}}"#, vec![one; count].join(","))
}

/// Returns a delivery of one post, `bytes` long. Most of it is links in X's format.
pub(super) fn post(bytes: usize) -> String {
    const LINK: &str = r#"{"display_url":"x.example/gustav_r020/statu…","expanded_url":"https://x.example/gustav_r020/status/2124720955690319873","indices":[61,84],"url":"https://t.co/Xd7sjbl7Eq"}"#;
    let of = |links: usize, text: usize| {
        let (links, text) = (vec![LINK; links].join(","), "a".repeat(text));
        format!(
            r#"{{"for_user_id":"{USER}","tweet_create_events":[{{"id_str":"{ID}","user":{{"id_str":"{USER}"}},"text":"{text}","entities":{{"urls":[{links}]}}}}]}}"#
        )
    };
    let links = bytes.saturating_sub(of(0, 0).len()) / (LINK.len() + 1);
    of(links, bytes - of(links, 0).len())
}

#[cfg(test)]
mod tests {
    use birdhook::{Delivery, EventKind};

    use super::*;

    #[test]
    fn bodies_are_as_large_as_they_are_said_to_be() {
        for bytes in [300, 1024, 65_536] {
            assert_eq!(post(bytes).len(), bytes);
        }
        let kinds = |body: String| -> Vec<EventKind> {
            let delivery = Delivery::restore("app", body, 10_000).unwrap();
            delivery.events().iter().map(birdhook::Event::kind).collect()
        };
        assert_eq!(kinds(post(4096)), [EventKind::PostCreated]);
        assert_eq!(kinds(deletions(3)), [EventKind::PostDeleted; 3]);
        assert_eq!(kinds(message()), [EventKind::MessageReceived]);
    }
}
