//! Server-sent events.

use std::time::Duration;

use birdhook_console::{ConsoleBody, History};
use http::header::HOST;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;

use crate::support::{Site, activity, deleted};

fn open(path: &str) -> http::request::Builder {
    Request::get(path).header(HOST, "localhost")
}

async fn frame(body: &mut ConsoleBody) -> String {
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    String::from_utf8(frame.to_vec()).unwrap()
}

/// Returns the ids and the outcomes of the events in a frame.
fn events(text: &str) -> Vec<(String, String)> {
    let field =
        |event: &str, name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
    let requests = text.split("\n\n").filter(|event| event.contains("event: request"));
    let outcome = |event: &str| serde_json::from_str::<Value>(&field(event, "data: ")).unwrap()["outcome"].to_string();
    requests.map(|event| (field(event, "id: "), outcome(event))).collect()
}

#[tokio::test]
async fn new_requests_arrive_in_order_with_their_ids() {
    let site = Site::new(History::new());
    site.deliver(&deleted("1")).await;
    let response = site.respond(open("/api/events")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    assert_eq!(frame(&mut body).await, ": connected\n\n", "only what is new");
    site.deliver(&deleted("1")).await;
    site.deliver(&deleted("2")).await;
    let events = events(&frame(&mut body).await);
    assert_eq!(
        events.iter().map(|(_, outcome)| outcome.as_str()).collect::<Vec<_>>(),
        ["\"duplicate\"", "\"accepted\""]
    );
    assert_eq!(events[1].0, site.newest().await);
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_id() {
    let site = Site::new(History::new());
    for id in 1..=4 {
        site.deliver(&deleted(&id.to_string())).await;
    }
    let rows = site.list("").await;
    let second = rows[2]["id"].as_str().unwrap();
    // The header is newer than the parameter, which stays in the URL.
    for request in [
        open("/api/events").header("last-event-id", second),
        open(&format!("/api/events?after={second}")),
        open(&format!("/api/events?after={}", rows[3]["id"].as_str().unwrap())).header("last-event-id", second),
    ] {
        let mut body = site.respond(request).await.into_body();
        let ids: Vec<_> = events(&frame(&mut body).await).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [rows[1]["id"].as_str().unwrap(), rows[0]["id"].as_str().unwrap()]);
    }
    for unknown in ["1-2", "x", ""] {
        let mut body = site.respond(open("/api/events").header("last-event-id", unknown)).await.into_body();
        assert_eq!(events(&frame(&mut body).await).len(), 4, "an id of an earlier process: {unknown}");
    }
}

#[tokio::test]
async fn requests_that_are_no_longer_held_are_counted_in_an_event() {
    let site = Site::new(History::new().requests(2));
    site.deliver(&deleted("1")).await;
    let first = site.newest().await;
    for id in 2..=5 {
        site.deliver(&deleted(&id.to_string())).await;
    }
    let mut body = site.respond(open("/api/events").header("last-event-id", first)).await.into_body();
    let text = frame(&mut body).await;
    assert!(text.contains("event: gap\ndata: 2\n\n"), "{text}");
    assert_eq!(events(&text).len(), 2);
}

#[tokio::test]
async fn a_stream_has_the_filters_of_the_list() {
    let site = Site::new(History::new());
    let mut body = site.respond(open("/api/events?kind=liked")).await.into_body();
    frame(&mut body).await;
    site.deliver(&deleted("1")).await;
    site.deliver(&activity("2", "like.create")).await;
    let events = events(&frame(&mut body).await);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, site.newest().await);
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_sends_a_comment() {
    let site = Site::new(History::new());
    let mut body = site.respond(open("/events")).await.into_body();
    frame(&mut body).await;
    let start = tokio::time::Instant::now();
    assert_eq!(frame(&mut body).await, ": waiting\n\n");
    assert_eq!(start.elapsed(), Duration::from_secs(15));
}

#[tokio::test]
async fn the_number_of_streams_is_limited_and_a_closed_one_makes_room() {
    let site = Site::new(History::new());
    let mut bodies = Vec::new();
    for _ in 0..32 {
        bodies.push(site.respond(open("/events")).await.into_body());
    }
    assert_eq!(site.page(open("/events")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    bodies.pop();
    assert_eq!(site.respond(open("/events")).await.status(), StatusCode::OK);
}
