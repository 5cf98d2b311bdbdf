//! Access to the console.

use std::net::{IpAddr, Ipv4Addr};

use birdhook_console::{Access, History, TokenError};
use http::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, HOST, WWW_AUTHENTICATE};
use http::{Request, StatusCode};

use crate::support::Site;

/// All pages, also those that do not exist.
const PATHS: [&str; 11] = [
    "/",
    "/health",
    "/events",
    "/deliveries/1-1",
    "/assets/console.css",
    "/assets/console.js",
    "/api/health",
    "/api/deliveries",
    "/api/deliveries/1-1",
    "/api/events",
    "/nothing",
];

#[tokio::test]
async fn a_request_under_another_host_name_is_refused_before_anything_else() {
    let site = Site::new(History::new());
    for host in ["evil.example", "127.0.0.1.evil.example", "10.0.0.8:8080", ""] {
        for path in PATHS {
            let page = site.page(Request::get(path).header(HOST, host)).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{host} {path}");
        }
    }
    assert_eq!(site.page(Request::get("/")).await.status, StatusCode::FORBIDDEN, "without a host");
    for host in ["localhost", "127.0.0.1:8080", "[::1]:80"] {
        assert_eq!(site.page(Request::get("/").header(HOST, host)).await.status, StatusCode::OK, "{host}");
    }
    let site = Site { console: site.console.allow_host("console.internal"), ..site };
    let page = site.page(Request::get("/").header(HOST, "console.internal:443")).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_refused_hook_hides_every_path() {
    let allowed = Access::hook(|request| request.headers.contains_key("x-login"));
    let site = Site::with(History::new(), allowed);
    for path in PATHS {
        let page = site.get(path).await;
        assert_eq!((page.status, page.text.as_str()), (StatusCode::FORBIDDEN, "no access to the console\n"), "{path}");
    }
    let page = site.page(Request::get("/").header(HOST, "localhost").header("x-login", "yes")).await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn a_token_is_accepted_as_bearer_or_as_the_password_of_a_browser() {
    let site = Site::with(History::new(), Access::bearer("0123456789abcdef").unwrap());
    // base64 of `someone:0123456789abcdef`, and of `0123456789abcdef` alone.
    for (value, allowed) in [
        ("Bearer 0123456789abcdef", true),
        ("bearer 0123456789abcdef", true),
        ("Basic c29tZW9uZTowMTIzNDU2Nzg5YWJjZGVm", true),
        ("Basic MDEyMzQ1Njc4OWFiY2RlZg==", false),
        ("Basic not-base64", false),
        ("Bearer 0123456789abcdeF", false),
        ("Bearer 0123456789abcdef0", false),
        ("Bearer", false),
        ("0123456789abcdef", false),
    ] {
        let page = site.page(Request::get("/").header(HOST, "localhost").header(AUTHORIZATION, value)).await;
        assert_eq!(page.status == StatusCode::OK, allowed, "{value}: {}", page.status);
    }
    let page = site.get("/").await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.headers[WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic "));
    let twice = Request::get("/").header(HOST, "localhost").header(AUTHORIZATION, "Bearer 0123456789abcdef");
    let page = site.page(twice.header(AUTHORIZATION, "Bearer 0123456789abcdef")).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "two headers");
}

#[test]
fn a_token_that_can_be_guessed_is_an_error() {
    assert_eq!(Access::bearer("").unwrap_err(), TokenError::TooShort);
    assert_eq!(Access::bearer("0123456789abcde").unwrap_err(), TokenError::TooShort);
    assert_eq!(Access::bearer("0123456789 abcdef").unwrap_err(), TokenError::Character);
    assert_eq!(Access::bearer("0123456789abcdeé").unwrap_err(), TokenError::Character);
}

#[tokio::test]
async fn loopback_access_needs_a_loopback_peer_and_no_proxy() {
    let access = Access::loopback(|request| request.extensions.get::<IpAddr>().copied());
    let site = Site::with(History::new(), access);
    let request = || Request::get("/").header(HOST, "localhost");
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let mapped: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
    for peer in [local, mapped, "::1".parse().unwrap()] {
        assert_eq!(site.page(request().extension(peer)).await.status, StatusCode::OK, "{peer}");
    }
    assert_eq!(site.page(request()).await.status, StatusCode::FORBIDDEN, "an unknown peer");
    let remote: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(site.page(request().extension(remote)).await.status, StatusCode::FORBIDDEN);
    for header in ["forwarded", "via", "x-forwarded-for", "x-real-ip"] {
        let forwarded = request().extension(local).header(header, "127.0.0.1");
        assert_eq!(site.page(forwarded).await.status, StatusCode::FORBIDDEN, "{header}");
    }
}

#[tokio::test]
async fn every_response_has_a_strict_policy_and_is_never_stored() {
    let site = Site::new(History::new());
    for path in PATHS.into_iter().filter(|path| !path.ends_with("events")) {
        let page = site.get(path).await;
        let policy = page.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(page.headers["cross-origin-resource-policy"], "same-origin", "{path}");
    }
}

#[tokio::test]
async fn no_page_has_an_inline_script_style_or_handler() {
    let site = Site::new(History::new().keep(8, 1 << 16));
    site.deliver(&crate::support::message("1", "hello")).await;
    let id = site.newest().await;
    for path in ["/".to_owned(), format!("/deliveries/{id}?reveal=1")] {
        let text = site.get(&path).await.text;
        let scripts = text.matches("<script").count();
        assert_eq!(
            (scripts, text.matches("<script src=\"/birdhook/assets/console.js\" defer></script>").count()),
            (1, 1)
        );
        assert!(!text.contains("<style") && !text.contains(" style=") && !text.contains(" onclick="), "{path}");
    }
}

#[tokio::test]
async fn only_reading_is_possible_and_data_is_not_for_other_sites() {
    let site = Site::new(History::new());
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/api/deliveries").header(HOST, "localhost");
        assert_eq!(site.page(request).await.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    let head = site.page(Request::head("/").header(HOST, "localhost")).await;
    assert_eq!((head.status, head.text.as_str()), (StatusCode::OK, ""));
    let from = |path: &str, site: &str| Request::get(path).header(HOST, "localhost").header("sec-fetch-site", site);
    for path in ["/api/deliveries", "/events", "/health", "/assets/console.js"] {
        assert_eq!(site.page(from(path, "cross-site")).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(site.page(from("/api/deliveries", "same-origin")).await.status, StatusCode::OK);
    assert_eq!(site.page(from("/", "cross-site")).await.status, StatusCode::OK, "a link");
}

#[tokio::test]
async fn the_console_answers_with_and_without_the_prefix_of_its_path() {
    let site = Site::new(History::new());
    for path in ["/", "/birdhook", "/birdhook/", "/birdhook/api/health", "/api/health"] {
        assert_eq!(site.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(site.get("/birdhookx").await.status, StatusCode::NOT_FOUND);
    let site = Site { console: site.console.mounted_at("/admin/x/"), ..site };
    let page = site.get("/admin/x/").await;
    assert!(
        page.status == StatusCode::OK && page.text.contains("href=\"/admin/x/assets/console.css\""),
        "{}",
        page.text
    );
}
