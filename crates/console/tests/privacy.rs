//! Values that are hidden until they are revealed, and values that never appear.

use birdhook_console::History;
use http::Request;
use http::header::HOST;
use http_body_util::Full;

use crate::support::{SECRET, Site, message, signed};

const TEXT: &str = "the words of a private message";

/// Values of the delivery that are hidden until they are revealed.
const PRIVATE: [&str; 4] = [TEXT, "2244994945", "3001234567", "203.0.113.9"];

async fn filled() -> (Site, Vec<String>) {
    let site = Site::new(History::new().keep(8, 1 << 16));
    let body = message("9876543210", TEXT);
    let request = signed("/webhooks/twitter?tenant=secret-tenant", &body)
        .header("x-forwarded-for", "203.0.113.9")
        .header("authorization", "Bearer proxy-token")
        .header("cookie", "session=proxy-session")
        .header("x-internal-api-key", "proxy-key");
    site.send(request.body(Full::from(body)).unwrap()).await;
    site.send(Request::get("/?crc_token=the-token-of-x").body(Full::default()).unwrap()).await;
    let id = site.list("kind=message_received").await[0]["id"].as_str().unwrap().to_owned();
    let paths = ["/", "/health", "/api/health", "/api/deliveries"].map(str::to_owned);
    let of_one = [format!("/deliveries/{id}"), format!("/api/deliveries/{id}")];
    (site, paths.into_iter().chain(of_one).collect())
}

#[tokio::test]
async fn texts_ids_and_header_values_are_hidden_until_they_are_revealed() {
    let (site, paths) = filled().await;
    let mut revealed = String::new();
    for path in paths {
        let hidden = site.get(&path).await.text;
        for private in PRIVATE.into_iter().chain(["9876543210"]) {
            assert!(!hidden.contains(private), "{path} shows {private}: {hidden}");
        }
        revealed += &site.get(&format!("{path}?reveal=1")).await.text;
    }
    for private in PRIVATE {
        assert!(revealed.contains(private), "{private} cannot be revealed");
    }
}

#[tokio::test]
async fn secrets_signatures_tokens_and_queries_never_appear() {
    let (site, paths) = filled().await;
    let body = message("9876543210", TEXT);
    let signature = birdhook_testkit::sign(&birdhook_pipeline::Secret::new(SECRET).unwrap(), body.as_bytes());
    for path in paths {
        let text = site.get(&format!("{path}?reveal=1")).await.text;
        let never =
            [SECRET, "proxy-token", "proxy-session", "proxy-key", "the-token-of-x", "secret-tenant", &signature[7..30]];
        for secret in never {
            assert!(!text.contains(secret), "{path} shows {secret}: {text}");
        }
    }
}

#[tokio::test]
async fn streams_hide_private_values_too() {
    use http_body_util::BodyExt;

    let (site, _) = filled().await;
    for path in ["/events", "/api/events"] {
        for (query, is_shown) in [("after=0-0", false), ("after=0-0&reveal=1", true)] {
            let request = Request::get(format!("{path}?{query}")).header(HOST, "localhost");
            let mut body = site.respond(request).await.into_body();
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            let text = String::from_utf8(frame.to_vec()).unwrap();
            assert!(text.contains("message_received"), "{text}");
            assert_eq!(text.contains("2244994945"), is_shown, "{path}?{query}: {text}");
        }
    }
}
