//! The data of the console, as JSON.

use birdhook_console::{Access, Console, History, PRICES};
use birdhook_pipeline::{Apps, Secret, Webhook};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::support::{SECRET, Site, activity, deleted, message, signed};

#[tokio::test]
async fn accepted_refused_duplicate_and_other_requests_are_rows_with_their_cause() {
    let site = Site::new(History::new());
    assert_eq!(site.deliver(&deleted("1")).await, StatusCode::OK);
    assert_eq!(site.deliver(&deleted("1")).await, StatusCode::OK);
    let forged = signed("/hooks", "{}").body(Full::<Bytes>::from("{ }")).unwrap();
    assert_eq!(site.send(forged).await, StatusCode::UNAUTHORIZED);
    site.send(Request::get("/hooks?crc_token=a").body(Full::default()).unwrap()).await;
    site.send(Request::put("/hooks").body(Full::default()).unwrap()).await;
    let expected = ["method_not_allowed", "challenge_answered", "signature_wrong", "duplicate", "accepted"];
    assert_eq!(site.outcomes("").await, expected);
    let rows = site.list("").await;
    let cause = |row: usize| rows[row]["cause"].as_str();
    assert!(cause(2).unwrap().starts_with("the secret is not the one"), "{:?}", cause(2));
    assert!(cause(3).unwrap().contains("already received"), "{:?}", cause(3));
    assert_eq!((cause(1), cause(4)), (None, None));
    assert_eq!(rows[2]["path"], "/hooks");
    assert_eq!((&rows[2]["events"], &rows[2]["app"]), (&json!([]), &json!(null)), "nothing of an unverified body");
    assert_eq!(rows[4]["events"][0]["kind"], "post_deleted");
    assert_eq!((&rows[4]["events"][0]["api"], &rows[4]["app"]), (&json!("account_activity"), &json!("bees")));
}

#[tokio::test]
async fn requests_are_filtered_by_kind_subscriber_outcome_and_time() {
    let site = Site::new(History::new());
    site.deliver(&deleted("1")).await;
    site.deliver(&activity("77", "like.create")).await;
    site.deliver(&deleted("1")).await;
    site.send(Request::put("/").body(Full::default()).unwrap()).await;
    assert_eq!(site.outcomes("kind=post_deleted").await, ["duplicate", "accepted"]);
    assert_eq!(site.outcomes("kind=liked").await.len(), 1);
    assert_eq!(site.outcomes("subscriber=5005").await.len(), 1);
    assert_eq!(site.outcomes("subscriber=500").await.len(), 0, "not a part of an id");
    assert_eq!(site.outcomes("outcome=duplicate").await, ["duplicate"]);
    assert_eq!(site.outcomes("outcome=refused").await, ["method_not_allowed"]);
    assert_eq!(site.outcomes("kind=post_deleted&outcome=accepted").await, ["accepted"]);
    assert_eq!(site.outcomes("last=10").await.len(), 4);
    let times: Vec<_> = site.list("").await.iter().map(|row| row["time"].as_str().unwrap().to_owned()).collect();
    assert_eq!(site.outcomes(&format!("since={}&until={}", times[3], times[0])).await.len(), 4);
    assert_eq!(site.outcomes("until=2001-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(site.outcomes("since=9999-01-01T00:00:00Z").await.len(), 0);
    for query in ["kind=x", "outcome=x", "since=x", "last=x"] {
        let page = site.get(&format!("/api/deliveries?{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(page.json()["error"].as_str().unwrap().starts_with("invalid "), "{}", page.text);
        assert_eq!(site.get(&format!("/?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn only_the_last_requests_are_held_and_pages_follow_each_other() {
    let site = Site::new(History::new().requests(3));
    for id in 1..=5 {
        site.deliver(&deleted(&id.to_string())).await;
    }
    let ids: Vec<_> = site.list("").await.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3);
    let first = ids[0].replace("-5", "-1");
    let page = site.get(&format!("/api/deliveries/{first}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.json()["error"].as_str().unwrap().contains("no longer in memory"));
    let page = site.get("/api/deliveries?limit=2").await.json();
    assert_eq!((page["has_older"].as_bool(), page["deliveries"].as_array().unwrap().len()), (Some(true), 2));
    let older = site.list(&format!("limit=2&before={}", ids[1])).await;
    assert_eq!((older.len(), older[0]["id"].as_str()), (1, Some(&*ids[2])));
    assert_eq!(site.list(&format!("after={}", ids[1])).await.len(), 1);
    for id in ["x", "", "1-5", "0-1", "../..", &ids[0].to_uppercase().replace('-', "--")] {
        assert_eq!(site.get(&format!("/deliveries/{id}")).await.status, StatusCode::NOT_FOUND, "{id}");
    }
}

#[tokio::test]
async fn a_delivery_shows_its_body_activity_secret_key_headers_and_its_first_delivery() {
    let mut site = Site::new(History::new().keep(8, 1 << 16));
    let body = message("77", "see you");
    for _ in 0..2 {
        let request = signed("/webhooks/twitter", &body).header("user-agent", "TwitterBot/1.0");
        site.send(request.body(Full::from(body.clone())).unwrap()).await;
    }
    let rows = site.list("").await;
    let detail = site.get(&format!("/api/deliveries/{}?reveal=1", rows[0]["id"].as_str().unwrap())).await.json();
    assert_eq!(detail["duplicate_of"], rows[1]["id"]);
    assert_eq!((&detail["signed_with"], &detail["signatures"]), (&json!("consumer"), &json!(["consumer"])));
    assert_eq!(detail["bytes"], body.len());
    let shown: serde_json::Value = serde_json::from_str(detail["body"].as_str().unwrap()).unwrap();
    assert_eq!(shown, serde_json::from_str::<serde_json::Value>(&body).unwrap());
    assert_eq!(detail["activities"][0]["kind"], "message_received");
    assert!(detail["activities"][0].to_string().contains("see you"), "{}", detail["activities"]);
    let key = site.deliveries.recv().await.unwrap().events()[0].dedupe_key().to_string();
    assert_eq!(detail["events"][0]["key"], key);
    let headers = detail["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["user-agent", "TwitterBot/1.0"])), "{headers:?}");
}

#[tokio::test]
async fn a_delivery_names_the_one_of_the_other_api_with_the_same_event() {
    let site = Site::new(History::new().keep(8, 1 << 16));
    let by_other = activity("2", "post.delete").replace("5005", "2244994945");
    for body in [deleted("1"), deleted("2"), by_other, activity("2", "post.delete")] {
        site.deliver(&body).await;
    }
    let rows = site.list("").await;
    let twin = async |at: usize| site.get(&format!("/api/deliveries/{}", rows[at]["id"].as_str().unwrap())).await;
    assert_eq!(twin(1).await.json()["twin"], rows[2]["id"]);
    assert_eq!(twin(2).await.json()["twin"], rows[1]["id"]);
    assert_eq!((&twin(0).await.json()["twin"], &twin(3).await.json()["twin"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn requests_are_filtered_by_text_in_kept_bodies() {
    let site = Site::new(History::new().keep(2, 1 << 16));
    for (id, text) in [("1", "Bees and wasps"), ("2", "caf\u{e9}"), ("3", "BEES")] {
        site.deliver(&message(id, text)).await;
    }
    assert_eq!(site.list("text=bees").await.len(), 1, "the first body is not kept");
    assert_eq!(site.list("text=CAF%C3%89").await.len(), 1);
    assert_eq!(site.list("text=ants").await.len(), 0);
    assert!(site.get("/birdhook/").await.text.contains("Text in the body"));
    assert!(!Site::new(History::new()).get("/birdhook/").await.text.contains("Text in the body"));
}

#[tokio::test]
async fn copies_are_signed_with_the_test_secret_and_read_by_the_test_kit() {
    let site = Site::new(History::new().keep(8, 1 << 16));
    let body = message("77", "it's $HOME `x`");
    site.deliver(&body).await;
    let id = site.newest().await;
    let copies = &site.get(&format!("/api/deliveries/{id}?reveal=1")).await.json()["copies"];
    let test_signature = birdhook_testkit::sign(&Secret::new("birdhook-test-secret").unwrap(), body.as_bytes());
    let real_signature = birdhook_testkit::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
    let curl = copies["curl"].as_str().unwrap();
    assert!(curl.contains(&test_signature) && curl.ends_with(" http://127.0.0.1:8080/webhooks/twitter"), "{curl}");
    assert!(curl.contains(r"it'\''s $HOME `x`"), "{curl}");
    let recorded: birdhook_testkit::Recorded = copies["fixture"].as_str().unwrap().parse().unwrap();
    assert_eq!((&recorded.body[..], recorded.target.as_str()), (body.as_bytes(), "/webhooks/twitter"));
    let trigger = copies["trigger"].as_str().unwrap();
    let url = "http://127.0.0.1:8080/webhooks/twitter";
    assert_eq!(trigger, format!("birdhook trigger {url} direct_message_events --api aaa --user 2244994945"));
    assert!("direct_message_events".parse::<birdhook_testkit::MockEventKind>().is_ok());
    assert!(!copies.to_string().contains(&real_signature));
    let site = Site { console: site.console.test_secret(Secret::new("another").unwrap()), ..site };
    let copies = &site.get(&format!("/api/deliveries/{id}?reveal=1")).await.json()["copies"];
    assert!(!copies["curl"].as_str().unwrap().contains(&test_signature));
}

#[tokio::test]
async fn bodies_are_kept_only_on_request_in_number_and_size_and_only_if_verified() {
    let body = deleted("1");
    for (history, kept) in [
        (History::new(), false),
        (History::new().keep(1, body.len() - 1), false),
        (History::new().keep(1, body.len()), true),
    ] {
        let site = Site::new(history);
        site.deliver(&body).await;
        let id = site.newest().await;
        let detail = site.get(&format!("/api/deliveries/{id}?reveal=1")).await.json();
        assert_eq!((detail["body"].is_string(), detail["copies"]["curl"].is_string()), (kept, kept), "{detail}");
    }
    let site = Site::new(History::new().keep(2, 1 << 16));
    for id in 1..=3 {
        site.deliver(&deleted(&id.to_string())).await;
    }
    site.send(signed("/", "{}").body(Full::<Bytes>::from("{ }")).unwrap()).await;
    let mut kept = Vec::new();
    for row in site.list("").await {
        kept.push(
            site.get(&format!("/api/deliveries/{}", row["id"].as_str().unwrap())).await.json()["body"].is_string(),
        );
    }
    assert_eq!(kept, [false, true, true, false]);
}

#[tokio::test]
async fn health_shows_the_state_the_challenge_the_refusals_and_the_backlog() {
    let site = Site::new(History::new());
    let health = site.get("/api/health").await.json();
    assert_eq!((&health["ready"], &health["backlog"]), (&json!(true), &json!(0)));
    assert_eq!(health["challenge"], json!({"last_by_x": null, "last": null, "hours_left": null, "is_certain": false}));
    site.send(Request::get("/?crc_token=a").body(Full::default()).unwrap()).await;
    site.deliver(&deleted("1")).await;
    site.deliver(&deleted("1")).await;
    for _ in 0..2 {
        site.send(signed("/", "{}").body(Full::<Bytes>::from("{ }")).unwrap()).await;
    }
    let health = site.get("/api/health").await.json();
    let challenge = &health["challenge"];
    assert_eq!((&challenge["last"]["answered_with"], &challenge["is_certain"]), (&json!("consumer"), &json!(false)));
    let hours = challenge["hours_left"].as_f64().unwrap();
    assert!((27.8..=28.0).contains(&hours), "{hours}");
    let query = "crc_token=a&nonce=b";
    let by_x = birdhook_testkit::sign(&Secret::new(SECRET).unwrap(), query.as_bytes());
    let request = Request::get(format!("/?{query}")).header("x-twitter-webhooks-signature", by_x);
    site.send(request.body(Full::default()).unwrap()).await;
    assert_eq!(site.get("/api/health").await.json()["challenge"]["is_certain"], true);
    assert_eq!((&health["backlog"], &health["health"]["events"]), (&json!(1), &json!(1)));
    assert_eq!((health["refusals"].as_array().unwrap().len(), &health["refusals"][0]["requests"]), (1, &json!(2)));
    assert_eq!(health["refusals"][0]["outcome"], "signature_wrong");
    assert!(health["refusals"][0]["fix"].as_str().unwrap().contains("birdhook verify"));
    let last = |name: &str| {
        health["last_24_hours"][name].as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((last("accepted"), last("skipped"), last("refused"), last("challenges")), (1, 1, 2, 1));
    site.pipeline.gate().stop();
    assert_eq!(site.get("/api/health").await.json()["ready"], false);
}

#[tokio::test]
async fn an_app_without_secrets_is_not_ready() {
    let history = History::new();
    let (pipeline, deliveries) = Webhook::new(Apps::none()).observer(history.clone()).channel(1);
    let console = Console::new(pipeline.handle(), history, Access::hook(|_| true));
    let site = Site { pipeline, deliveries, console };
    assert!(site.get("/").await.text.contains("Not ready"));
}

#[tokio::test]
async fn a_gate_without_a_sink_has_health_but_no_backlog() {
    let history = History::new();
    let gate = Webhook::new(Secret::new(SECRET).unwrap()).observer(history.clone()).gate();
    let (pipeline, deliveries) = Webhook::new(Apps::none()).channel(1);
    let site = Site { pipeline, deliveries, console: Console::new(gate, history, Access::hook(|_| true)) };
    let health = site.get("/api/health").await.json();
    assert_eq!((&health["ready"], &health["backlog"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn the_bill_counts_accepted_events_of_the_x_activity_api_once() {
    let site = Site::new(History::new());
    for body in [activity("1", "dm.received"), activity("1", "dm.received"), activity("2", "dm.received")] {
        site.deliver(&body).await;
    }
    site.deliver(&activity("3", "like.create")).await;
    site.deliver(&deleted("1")).await;
    let bill = &site.get("/api/health").await.json()["bill"];
    assert_eq!(bill["is_estimate"], true);
    assert_eq!(bill["lines"].as_array().unwrap().len(), 2, "{bill}");
    assert_eq!((&bill["lines"][0]["type"], &bill["lines"][0]["events"]), (&json!("dm.received"), &json!(2)));
    assert_eq!(bill["lines"][1], json!({"type": "like.create", "events": 1, "price": null, "total": null}));
    let price = PRICES.iter().find(|(name, _)| *name == "dm.received").unwrap().1;
    assert!((bill["total"].as_f64().unwrap() - 2.0 * price).abs() < 1e-9, "{bill}");

    let site = Site::new(History::new().price("like.create", 7.0));
    site.deliver(&activity("3", "like.create")).await;
    let bill = &site.get("/api/health").await.json()["bill"];
    assert!((bill["total"].as_f64().unwrap() - 7.0).abs() < 1e-9, "{bill}");
}
