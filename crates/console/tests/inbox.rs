//! The inbox on the console: its pages, its API, and who may change it.

use std::time::Duration;

use birdhook_console::{Access, Console, History};
use birdhook_inbox::{EventQuery, EventStatus, Inbox, InboxSettings};
use birdhook_pipeline::EventSink;
use http::header::HOST;
use http::{Request, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Page, Site, deleted, message};

/// A console with an inbox that holds these events, all dead letters.
struct Stocked {
    site: Site,
    inbox: Inbox,
    _folder: TempDir,
}

impl Stocked {
    async fn new(bodies: &[String]) -> Self {
        Self::with(bodies, |console| console).await
    }

    async fn with(bodies: &[String], change: impl FnOnce(Console) -> Console) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inbox = InboxSettings::new().free_space(0).open(folder.path()).await.unwrap();
        for body in bodies {
            inbox.deliver(birdhook_core::Delivery::restore("bees", body.clone(), 100).unwrap()).await.unwrap();
        }
        for _ in bodies {
            inbox.recv().await.unwrap().reject().await.unwrap();
        }
        let mut site = Site::new(History::new());
        site.console = change(site.console.inbox(inbox.clone()));
        Self { site, inbox, _folder: folder }
    }

    async fn get(&self, path: &str) -> Page {
        self.site.get(path).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        let request = Request::post(path).header(HOST, "localhost:8080");
        self.site.page(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    async fn token(&self) -> String {
        self.get("/api/inbox").await.json()["csrf"].as_str().unwrap().to_owned()
    }

    /// Returns the ids of the dead letters.
    async fn dead(&self) -> Vec<String> {
        let dead = self.inbox.list(EventQuery::all().status(EventStatus::Dead)).await.unwrap();
        dead.iter().map(|event| event.id.to_string()).collect()
    }
}

fn three() -> Vec<String> {
    vec![deleted("1"), deleted("2"), message("3", "See you at noon")]
}

#[tokio::test]
async fn the_pages_and_the_api_show_counts_and_events() {
    let it = Stocked::new(&three()).await;
    let data = it.get("/api/inbox").await.json();
    assert_eq!((data["inbox"]["depth"].as_u64(), data["inbox"]["dead"].as_u64()), (Some(0), Some(3)), "{data}");
    let events = it.get("/api/inbox/events?kind=message_received").await.json();
    let rows = events["events"].as_array().unwrap();
    assert_eq!((rows.len(), rows[0]["status"].as_str()), (1, Some("dead")), "{events}");
    let all = it.get("/api/inbox/events?limit=2").await.json();
    assert_eq!(all["events"].as_array().unwrap().len(), 2);
    let rest = it.get(&format!("/api/inbox/events?after={}", all["next"].as_str().unwrap())).await.json();
    assert_eq!((rest["events"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    let page = it.get("/birdhook/inbox?status=dead").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text.contains("Dead letters") && page.text.contains("Requeue dead letters"), "{}", page.text);
    assert!(it.get("/inbox?status=ready").await.text.contains("No event matches the filter"));
    let health = it.get("/").await.text;
    assert!(health.contains("3 dead letters") && health.contains("href=\"/birdhook/inbox\""), "{health}");
    assert_eq!(it.get("/api/health").await.json()["inbox"]["dead"], 3);
    for wrong in ["/inbox?status=x", "/api/inbox/events?kind=x", "/inbox/confirm?action=requeue", "/inbox/confirm"] {
        assert_eq!(it.get(wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(it.get("/inbox/99.0").await.status, StatusCode::NOT_FOUND);
    assert_eq!(it.get("/inboxes").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn texts_and_ids_of_the_inbox_are_hidden_until_revealed() {
    let it = Stocked::new(&three()).await;
    let id = it.dead().await.pop().unwrap();
    for path in
        ["/inbox".to_owned(), format!("/inbox/{id}"), format!("/api/inbox/events/{id}"), "/api/inbox/events".to_owned()]
    {
        let hidden = it.get(&path).await.text;
        assert!(!hidden.contains("See you") && !hidden.contains("2244994945"), "{path}: {hidden}");
        let revealed = it.get(&format!("{path}?reveal=1")).await.text;
        assert!(revealed.contains("2244994945"), "{path}: {revealed}");
    }
    assert!(it.get(&format!("/inbox/{id}?reveal=1")).await.text.contains("See you at noon"));
}

#[tokio::test]
async fn an_action_changes_one_event_or_all_that_match() {
    let it = Stocked::new(&three()).await;
    let (token, dead) = (it.token().await, it.dead().await);
    let done = it.post(&format!("/birdhook/inbox/discard?id={}&csrf={token}", dead[0]), &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert_eq!(done.headers["location"], "/birdhook/inbox?done=discard&count=1");
    assert!(it.get("/inbox?done=discard&count=1").await.text.contains("Discarded 1 event."));
    assert_eq!(it.dead().await, dead[1..]);
    let forgotten = it.post("/api/inbox/discard", &[("x-birdhook-csrf", &token)]).await;
    assert_eq!(forgotten.status, StatusCode::BAD_REQUEST, "without an id or all=1");
    let matching = it.post("/api/inbox/requeue?all=1&kind=post_deleted", &[("x-birdhook-csrf", &token)]).await;
    assert_eq!(matching.json()["count"], 1);
    assert_eq!((it.dead().await, it.inbox.stats().depth), (dead[2..].to_vec(), 1));
    assert_eq!(it.inbox.recv().await.unwrap().id().to_string(), dead[1], "consumed again");
    let purged = it.post("/api/inbox/purge?subscriber=2244994945", &[("x-birdhook-csrf", &token)]).await;
    assert!(purged.json()["count"].as_u64().unwrap() >= 1, "{}", purged.text);
    assert!(it.dead().await.is_empty());
}

#[tokio::test]
async fn an_action_asks_once_with_the_number_of_events() {
    let it = Stocked::new(&three()).await;
    let confirm = it.get("/inbox/confirm?action=discard&all=1&kind=post_deleted").await;
    assert!(confirm.text.contains("Discard 2 events?"), "{}", confirm.text);
    let form = confirm.text.split("action=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert!(confirm.text.contains("method=\"post\""));
    assert_eq!(it.dead().await.len(), 3, "asking changes nothing");
    assert_eq!(
        it.post(&form, &[("origin", "null"), ("sec-fetch-site", "same-origin")]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(it.dead().await.len(), 1);
    assert!(it.get("/inbox/confirm?action=discard&all=1&kind=post_deleted").await.text.contains("Discard 0 events?"));
}

#[tokio::test]
async fn a_request_of_another_site_changes_nothing() {
    let it = Stocked::new(&three()).await;
    let (token, id) = (it.token().await, it.dead().await[0].clone());
    let path = format!("/inbox/discard?id={id}&csrf={token}");
    for headers in [
        [("sec-fetch-site", "cross-site")].as_slice(),
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://localhost:9999")],
        &[("origin", "null"), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(it.post(&path, headers).await.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    for wrong in ["", "&csrf=", "&csrf=0", &format!("&csrf={}", "0".repeat(32)), &format!("&csrf={token}0")] {
        let refused = it.post(&format!("/inbox/discard?id={id}{wrong}"), &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{wrong}");
        assert!(refused.text.contains("token"), "{}", refused.text);
    }
    let rebound = Request::post(&path).header(HOST, "evil.example");
    assert_eq!(it.site.page(rebound).await.status, StatusCode::FORBIDDEN);
    for path in ["/inbox/confirm?action=discard&all=1", "/api/inbox", "/api/inbox/events"] {
        let framed = Request::get(path).header(HOST, "localhost").header("sec-fetch-site", "cross-site");
        assert_eq!(it.site.page(framed).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(it.get(&path).await.status, StatusCode::METHOD_NOT_ALLOWED, "a link changes nothing");
    assert_eq!(it.dead().await.len(), 3);
    assert_eq!(it.post(&path, &[("origin", "http://localhost:8080")]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_read_only_console_refuses_every_action_and_shows_no_buttons() {
    let it = Stocked::with(&three(), Console::read_only).await;
    let id = it.dead().await[0].clone();
    assert_eq!(it.get("/api/inbox").await.json()["csrf"], Value::Null);
    let actions = [format!("discard?id={id}"), format!("requeue?id={id}"), "purge?subscriber=2244994945".to_owned()];
    for path in actions.iter().flat_map(|action| [format!("/inbox/{action}"), format!("/api/inbox/{action}")]) {
        let refused = it.post(&path, &[]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.text.contains("only reads"), "{path}: {}", refused.text);
    }
    assert_eq!(it.get(&format!("/inbox/confirm?action=discard&id={id}")).await.status, StatusCode::FORBIDDEN);
    for path in ["/inbox".to_owned(), format!("/inbox/{id}")] {
        let text = it.get(&path).await.text;
        assert!(!text.contains("/confirm") && !text.contains("Discard"), "{path}: {text}");
    }
    assert_eq!(it.dead().await.len(), 3);
}

#[tokio::test]
async fn a_console_without_an_inbox_has_no_such_pages_and_one_of_an_inbox_has_no_requests() {
    let site = Site::new(History::new());
    for path in ["/inbox", "/api/inbox"] {
        assert_eq!(site.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let it = Stocked::new(&three()).await;
    let site = Site { console: Console::of_inbox(it.inbox.clone(), Access::hook(|_| true)), ..site };
    let page = site.get("/").await;
    assert!(page.status == StatusCode::OK && page.text.contains("Dead letters"), "{}", page.text);
    assert_eq!(site.get("/health").await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/api/health").await.status, StatusCode::NOT_FOUND);
    it.inbox.close(Duration::ZERO).await;
    assert!(site.get("/inbox").await.text.contains("inbox is closed"));
    assert_eq!(site.get("/api/inbox").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn no_page_of_the_inbox_has_an_inline_script_style_or_handler() {
    let it = Stocked::new(&[message("1", "<img src=x onerror=alert(1)>")]).await;
    let id = it.dead().await[0].clone();
    for path in [
        "/inbox?reveal=1".to_owned(),
        format!("/inbox/{id}?reveal=1"),
        format!("/inbox/confirm?action=discard&id={id}"),
    ] {
        let page = it.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.text.matches("<script").count(), 1, "{path}");
        let hostile = page.text.contains("<img") || page.text.contains("<style") || page.text.contains(" style=");
        assert!(!hostile && page.headers["content-security-policy"].to_str().unwrap().contains("form-action 'self'"));
    }
}
