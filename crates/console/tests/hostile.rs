//! Hostile values never become HTML, and never break a line of a stream.

use birdhook_console::History;
use bytes::Bytes;
use http::Request;
use http::header::HOST;
use http_body_util::{BodyExt, Full};

use crate::support::{Site, message, signed};

const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg/onload=alert(3)>";

/// A body whose text, ids, names of members and event type are hostile.
fn bodies() -> Vec<String> {
    let text = serde_json::to_string(SCRIPT).unwrap();
    vec![
        message("1", SCRIPT),
        format!(r#"{{"for_user_id":{text},"tweet_delete_events":[{{"status":{{"id":{text},"user_id":{text}}}}}]}}"#),
        format!(
            r#"{{"data":{{"event_uuid":{text},"filter":{{"user_id":{text}}},"event_type":{text},"tag":{text},"payload":{{{text}:{text}}}}}}}"#
        ),
        format!(r#"{{"for_user_id":"1",{text}:[{{{text}:{text}}}]}}"#),
        "{\"for_user_id\":\"1\\n\\ndata: x\\r\\n\",\"x_events\":[{\"id\":\"\\u2028\\n\\nid: 5\\n\"}]}".to_owned(),
    ]
}

#[tokio::test]
async fn hostile_texts_ids_headers_and_paths_are_escaped_wherever_they_are_shown() {
    let site = Site::new(History::new().keep(64, 1 << 16));
    for body in bodies() {
        let request = signed("/webhooks/twitter", &body).header("user-agent", SCRIPT);
        site.send(request.body(Full::from(body)).unwrap()).await;
    }
    for path in ["/%3Cscript%3E", "/a'\"b", "/&lt;script&gt;"] {
        let request = Request::post(path).header("x-twitter-webhooks-signature", SCRIPT).header(SCRIPT_NAME, SCRIPT);
        site.send(request.body(Full::<Bytes>::from("{}")).unwrap()).await;
    }
    let mut pages = vec!["/".to_owned(), "/?reveal=1".to_owned()];
    for row in site.list("").await {
        pages.push(format!("/deliveries/{}", row["id"].as_str().unwrap()));
        pages.push(format!("/deliveries/{}?reveal=1", row["id"].as_str().unwrap()));
    }
    let script = form_urlencoded(SCRIPT);
    pages.push(format!("/?subscriber={script}"));
    pages.push(format!("/?kind={script}"));
    pages.push(format!("/?before={script}&after={script}&x={script}"));
    pages.push(format!("/deliveries/{script}"));
    let mut shown = 0;
    for path in pages {
        let text = site.get(&path).await.text;
        assert_eq!(text.matches("<script").count(), 1, "{path}: {text}");
        assert!(
            !text.contains("<img") && !text.contains("<svg/") && !text.contains("onerror=alert(2)>\"'"),
            "{path}: {text}"
        );
        shown += text.matches("&lt;script&gt;").count();
    }
    assert!(shown > 10, "the values are shown, escaped: {shown}");
}

const SCRIPT_NAME: &str = "x-hostile";

fn form_urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[tokio::test]
async fn hostile_values_stay_within_their_line_of_a_stream() {
    let site = Site::new(History::new().keep(64, 1 << 16));
    for body in bodies() {
        site.deliver(&body).await;
    }
    for path in ["/events?reveal=1&after=0-0", "/api/events?reveal=1&after=0-0"] {
        let mut body = site.respond(Request::get(path).header(HOST, "localhost")).await.into_body();
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let text = String::from_utf8(frame.to_vec()).unwrap();
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), 1 + 3 * bodies().len(), "{text}");
        for event in lines[1..].chunks(3) {
            assert!(
                event[0].starts_with("id: ") && event[1] == "event: request" && event[2].starts_with("data: "),
                "{event:?}"
            );
            if path.starts_with("/api") {
                assert!(serde_json::from_str::<serde_json::Value>(&event[2][6..]).is_ok(), "{}", event[2]);
            } else {
                assert!(!event[2].contains("<script") && !event[2].contains("<img"), "{}", event[2]);
            }
        }
    }
}

#[tokio::test]
async fn json_is_sent_as_json_and_never_as_html() {
    let site = Site::new(History::new());
    for path in ["/api/health", "/api/deliveries", "/api/deliveries/x", "/api/deliveries?kind=x", "/api/nothing"] {
        assert_eq!(site.get(path).await.headers["content-type"], "application/json", "{path}");
    }
}
