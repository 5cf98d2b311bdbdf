//! `Debug` output contains no secret, token, user content or user name.

use std::fmt::Debug;

use crate::support::{Headers, SECRET, all_fixtures, deliver, endpoint, get, secret, value};
use birdhook_core::{
    App, Apps, Endpoint, EndpointSettings, HeadResult, Outcome, Reply, RequestHead, Secret, signature,
};
use bytes::Bytes;
use serde_json::{Value, json};

/// Returns both `Debug` forms.
fn printed(value: &impl Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

/// Returns the forms of `text` in the `Debug` output of bytes or text.
fn forms(text: &str) -> Vec<String> {
    let list = format!("{:?}", text.as_bytes());
    let quoted = format!("{text:?}");
    let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![text.to_owned(), list.trim_matches(['[', ']']).to_owned(), quoted.trim_matches('"').to_owned(), hex]
}

#[track_caller]
fn assert_hides(what: &str, printed: &str, hidden: &str) {
    for form in forms(hidden) {
        assert!(!printed.contains(&form), "{what} contains {form}:\n{printed}");
    }
}

/// Returns whether a member with this name contains data from X or a machine: an id, a time, a
/// type.
fn is_technical(name: &str) -> bool {
    const ENDINGS: [&str; 5] = ["_id", "_ids", "_ms", "_at", "_str"];
    const NAMES: &str = "id event_uuid event_type type direction created_timestamp created_at_msec date_time \
        conversation_key_version public_key_version signature_version media_keys media_key \
        cover_media editable_until edits_remaining";
    NAMES.split(' ').any(|known| known == name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Replaces all user content with a marker and counts the replacements.
fn mark(value: &mut Value, marked: &mut usize) {
    match value {
        Value::Object(members) => {
            for (_, inner) in members.iter_mut().filter(|(name, _)| !is_technical(name)) {
                if inner.is_string() {
                    *marked += 1;
                    *inner = json!("MARKER of a person");
                }
                mark(inner, marked);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|inner| mark(inner, marked)),
        _ => {}
    }
}

#[test]
fn events_do_not_print_user_content() {
    let mut marked = 0;
    for (name, body) in all_fixtures() {
        let mut body = value(body);
        mark(&mut body, &mut marked);
        let delivery = deliver(body.to_string());
        let mut shown = vec![printed(&delivery), printed(delivery.body())];
        for event in delivery.events() {
            shown.extend([printed(event), printed(&event.v1()), printed(&event.v2()), printed(event.raw())]);
            shown.extend([printed(&event.activity()), printed(&event.includes()), printed(&event.matching_rules())]);
            shown.extend([printed(&event.user("3030")), printed(&event.source_app())]);
        }
        shown.iter().for_each(|shown| assert_hides(name, shown, "MARKER"));
    }
    assert!(marked > 800, "only {marked}");
}

/// Ensures that the test above does not pass because of empty output.
#[test]
fn events_print_what_helps_to_find_them() {
    let delivery = deliver(crate::support::fixture("dm_received"));
    let event = &delivery.events()[0];
    let shown = format!("{event:?} {:?}", event.v1());
    for expected in
        ["MessageReceived", "bees", &event.delivery_key().to_string(), "2023-03-05T07:06:40.001Z", "Text(", "bytes)"]
    {
        assert!(shown.contains(expected), "{expected} is not in {shown}");
    }
    for hidden in ["4040", "3030"] {
        assert!(!format!("{event:?} {delivery:?}").replace(&event.delivery_key().to_string(), "").contains(hidden));
    }
}

#[test]
fn unknown_events_do_not_print_user_content() {
    for body in [
        r#"{"for_user_id":"MARKER1","chat_events":[{"text":"MARKER2"},"MARKER3"],"MARKER4":"MARKER5"}"#,
        r#"{"MARKER1":{"text":"MARKER2"}}"#,
        r#"{"direct_message_events":[{"type":"MARKER1","id":"1"}],"users":{"MARKER2":{"name":"MARKER3"}}}"#,
    ] {
        let delivery = deliver(body);
        assert_hides(body, &printed(&delivery), "MARKER");
        for event in delivery.events() {
            assert_hides(body, &(printed(event) + &printed(&event.v1())), "MARKER");
        }
    }
}

#[test]
fn nothing_prints_a_secret() {
    let secrets = ["MARKER-of-shop-1", "MARKER-of-shop-2", "MARKER-client-3", "MARKER-of-blog-4"];
    let [shop, older, client, blog] = secrets.map(secret);
    let app =
        App::new("shop", shop.clone()).add_consumer_secret(older).add_client_secret(client).drop_echoes_of("55512");
    let apps = Apps::new([app.clone(), App::new("blog", blog)]).unwrap();
    let endpoint = Endpoint::new(apps.clone(), EndpointSettings::default());
    let parsed: Apps = "shop=MARKER-of-shop-1,blog=MARKER-of-blog-4".parse().unwrap();
    let signed = signature::sign(&shop, b"{\"text\":\"MARKER5\"}");
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(mut reader) = endpoint.begin(&head) else { panic!("refused") };
    reader.push(Bytes::from_static(b"{\"text\":\"MARKER5\"}")).unwrap();

    for shown in [printed(&app), printed(&apps), printed(&parsed), printed(&endpoint)] {
        assert!(shown.contains("Secret(..)"), "{shown}");
        assert_hides("an app", &shown, "MARKER");
    }
    for shown in [printed(&shop), printed(&reader), printed(&endpoint.settings()), printed(&endpoint.begin(&head))] {
        assert_hides("a part", &shown, "MARKER");
        assert_hides("a part", &shown, &signed[7..]);
    }
    for text in ["a=MARKER1,a", "a=MARKER1,=MARKER2", "a=MARKER1,MARKER2", "a=MARKER1,b=", "MARKER1,b=MARKER2"] {
        let error = text.parse::<Apps>().unwrap_err();
        assert_hides(text, &format!("{error} {error:?}"), "MARKER");
    }
    let error = Secret::new("MARKER\n").unwrap_err();
    assert_hides("an error", &format!("{error} {error:?}"), "MARKER");
}

#[test]
fn errors_do_not_print_the_rejected_value() {
    let post = |headers: Headers<'_>, body: &'static str| -> Reply {
        crate::support::post(&endpoint(), headers, [body.as_bytes()]).unwrap_err()
    };
    let good = signature::sign(&secret(SECRET), b"[\"MARKER\"]");
    let name = signature::HEADER;
    for reply in [
        get(&endpoint(), "/MARKER?crc_token=MARKER%7B", &[]),
        get(&endpoint(), "/MARKER?crc_token=MARKER&crc_token=MARKER", &[]),
        get(&endpoint(), "/?crc_token=MARKER", &[(name, "MARKER")]),
        post(&[(name, "MARKER")], ""),
        post(&[(name, &good)], "[\"MARKER\"]"),
        post(&[(name, &good)], "{\"text\":\"MARKER\"}"),
        post(&[(name, &good), ("content-encoding", "MARKER")], ""),
    ] {
        assert!(reply.status() >= 400);
        let shown = printed(&reply) + &String::from_utf8_lossy(reply.body());
        assert_hides("a refusal", &shown, "MARKER");
        assert_hides("a refusal", &shown, SECRET);
        assert_hides("a refusal", &shown, &good[7..]);
    }
    for &reason in Outcome::ALL {
        assert!(reason.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'));
    }
}

const QUERY: &str = "crc_token=TOKENMARKER&nonce=NONCEMARKER";

#[test]
fn replies_do_not_print_the_response_token() {
    let reply = get(&endpoint(), &format!("/?{QUERY}"), &[]);
    let answer: Value = serde_json::from_slice(reply.body()).unwrap();
    let answer = answer["response_token"].as_str().unwrap().strip_prefix("sha256=").unwrap();
    assert_hides("a reply", &printed(&reply), answer);
    let shown = printed(&endpoint().begin(&RequestHead::new("GET", "/", Some(QUERY))));
    assert_hides("a step", &shown, answer);
}

#[test]
fn heads_do_not_print_token_and_signature() {
    let signed = signature::sign(&secret(SECRET), QUERY.as_bytes());
    for name in [signature::HEADER, signature::HEADER_OAUTH2] {
        let head = RequestHead::new("GET", "/", Some(QUERY)).with_headers([(name, signed.as_bytes())]);
        assert_hides("a head", &printed(&head), &signed[7..]);
        assert_hides("a head", &printed(&head), "TOKENMARKER");
    }
}
