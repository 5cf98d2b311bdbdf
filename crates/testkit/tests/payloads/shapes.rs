//! Payload formats that often cause bugs in receivers.

use std::collections::BTreeMap;

use super::read_back::relation;
use super::*;

/// Covers the formats of v1.1 that often cause bugs, and counts the rarer ones in 50 seeds.
#[test]
fn account_activity_bodies_contain_the_known_pitfalls() {
    let mut seen = BTreeMap::<&str, u32>::new();
    each_body(AccountActivity, |kind, body| {
        let is_alone = kind == MockEventKind::Revoke;
        assert_eq!(body["for_user_id"].as_str(), (!is_alone).then_some(SUBSCRIBER));
        assert_eq!(body[kind.account_activity().unwrap()].is_array(), !is_alone);
        assert_eq!(body["user_has_blocked"].as_bool(), (kind == MockEventKind::Mention).then_some(false));
        walk(body, "", &mut |at, value| {
            if let Some(id) = value["id_str"].as_str() {
                assert_eq!(value["id"].as_u64().unwrap().to_string(), id, "{at}");
            }
            if value["truncated"] == true {
                *seen.entry("cut").or_default() += 1;
                let whole = value["extended_tweet"]["full_text"].as_str().unwrap().chars().count();
                assert!(whole > 140 && value["text"].as_str().unwrap().chars().count() <= 140, "{at}");
                *seen.entry("long").or_default() += u32::from(whole > 280);
            }
        });
        let event = &body[kind.account_activity().unwrap()][0];
        match kind {
            MockEventKind::Like => assert!(event["timestamp_ms"].is_u64() && event["id"].as_str().unwrap().len() == 32),
            MockEventKind::PostDelete => assert!(event["timestamp_ms"].is_string()),
            MockEventKind::Post | MockEventKind::Mention => assert!(event["timestamp_ms"].is_string()),
            MockEventKind::Follow | MockEventKind::Unmute => {
                assert_eq!(event["type"].as_str(), kind.as_str().split_once('.').map(|(_, name)| name));
                assert!(event["source"]["id"].is_string() && event["source"]["id_str"].is_null());
                assert_eq!(event["source"]["profile_link_color"], -1);
            }
            MockEventKind::Quote => assert!(event["quoted_status"]["user"].is_object()),
            MockEventKind::Repost => {
                assert!(event["text"].as_str().unwrap().starts_with("RT @"));
                assert!(event["retweeted_status"]["user"].is_object());
            }
            MockEventKind::Reply => assert_eq!(event["in_reply_to_user_id_str"], SUBSCRIBER),
            _ => {}
        }
        let (data, users) = (&event["message_create"]["message_data"], &body["users"]);
        for name in ["quick_reply", "quick_reply_response", "attachment", "ctas"] {
            *seen.entry(name).or_default() += u32::from(!data[name].is_null());
        }
        *seen.entry("video").or_default() += u32::from(event["extended_entities"]["media"][0]["type"] == "video");
        *seen.entry("media").or_default() += u32::from(!event["extended_entities"].is_null());
        *seen.entry("via").or_default() += u32::from(!event["initiated_via"].is_null());
        *seen.entry("apps").or_default() += u32::from(!body["apps"].is_null());
        if !users.is_null() {
            assert_eq!(users.as_object().unwrap().len(), 2);
            assert!(users[SUBSCRIBER]["created_timestamp"].is_string());
        }
    });
    for (what, many) in seen {
        assert!(many > 0, "{what} never came");
    }
}

#[test]
fn x_activity_bodies_contain_the_known_pitfalls() {
    let mut seen = BTreeMap::<&str, u32>::new();
    each_body(XActivity, |kind, body| {
        let data = &body["data"];
        let uuid = data["event_uuid"].as_str().unwrap();
        if relation(kind).is_some() {
            assert_eq!(data["payload"]["id"], uuid);
        }
        *seen.entry("negative").or_default() += u32::from(uuid.starts_with('-'));
        *seen.entry("uuid").or_default() += u32::from(uuid.len() == 36);
        *seen.entry("tag").or_default() += u32::from(data["tag"].is_string());
        *seen.entry("no tag").or_default() += u32::from(data["tag"].is_null());
        *seen.entry("note").or_default() += u32::from(!data["payload"]["note_tweet"].is_null());
        *seen.entry("media").or_default() += u32::from(!data["includes"]["media"].is_null());
        walk(body, "", &mut |at, value| {
            for (name, value) in value.as_object().into_iter().flatten() {
                assert!(!name.ends_with("_id") || value.is_string(), "{at}/{name}");
            }
            if let (Some(members), true) = (value.as_object(), at.ends_with("metrics")) {
                assert_eq!(members.len() % 2, 0, "{at}");
                for (name, count) in members.iter().filter(|(name, _)| !name.ends_with("_str")) {
                    assert_eq!(members[&format!("{name}_str")].as_str(), Some(&*count.to_string()), "{at}");
                }
            }
        });
        match kind {
            MockEventKind::Revoke => assert_eq!(data["filter"].as_object().map(serde_json::Map::len), Some(0)),
            MockEventKind::News => assert!(data["filter"]["keyword"].is_string()),
            _ => assert_eq!(data["filter"]["user_id"], SUBSCRIBER),
        }
        match kind {
            MockEventKind::Follow | MockEventKind::Block => {
                assert!(data["payload"]["source"]["data"]["username"].is_string());
            }
            MockEventKind::PostDelete => assert!(data["includes"]["users"][0]["data"]["username"].is_string()),
            MockEventKind::Post => assert!(data["includes"]["users"][0]["username"].is_string()),
            MockEventKind::Like => assert!(data["payload"]["timestamp_ms"].is_string()),
            MockEventKind::MessageSent => assert!(data["payload"]["users"][SUBSCRIBER]["data"]["username"].is_string()),
            _ => {}
        }
    });
    for (what, many) in seen {
        assert!(many > 0, "{what} never came");
    }
}
