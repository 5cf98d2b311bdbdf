//! The admin server of `birdhook listen`: health, readiness, metrics and the console.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::{Folder, SECRET, Serving, birdhook, call, end, like, run};

/// The metrics of the guide that this test does not produce: those of a channel, of a failure and of
/// an engine. The last one is an outcome.
const NOT_HERE: [&str; 4] = ["queue_depth", "inbox_failures_total", "inbox_relayed_total", "signature_wrong"];

fn admin(args: &[&str]) -> (Serving, String) {
    let serving = Serving::start(&[&["listen", "--admin", "127.0.0.1:0"], args].concat());
    let note = serving.note_of("health, metrics and console at http://");
    let address = note.split_once("http://").unwrap().1.trim_end_matches('/').to_owned();
    (serving, address)
}

fn status(address: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let (head, body) = call(address, "GET", path, headers, "");
    (head.split(' ').nth(1).unwrap().parse().unwrap(), format!("{head}\r\n\r\n{body}"))
}

/// Repeats a request until it has this status.
fn until(address: &str, path: &str, expected: u16) -> String {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let (status, response) = status(address, path, &[]);
        if status == expected {
            return response;
        }
        assert!(Instant::now() < end, "{path}: {response}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn health_and_readiness_are_answered_on_their_own_port() {
    for sink in [&[][..], &["--inbox"]] {
        let folder = Folder::new("admin-health");
        let inbox = folder.path("inbox");
        let args: Vec<&str> = sink.iter().flat_map(|option| [*option, &*inbox]).collect();
        let (serving, address) = admin(&args);
        for path in ["/healthz", "/readyz"] {
            assert_eq!(status(&address, path, &[]).0, 200, "{path}");
            assert_eq!(status(serving.address(), path, &[]).0, 404, "{path} is not on X's port");
        }
        assert_eq!(status(&address, "/webhooks/twitter", &[]).0, 404);
        assert!(status(&address, "/", &[]).1.contains("location: /console"));
        let (code, page) = status(&address, "/console", &[]);
        assert!(code == 200 && page.contains("/console/assets/console.css"), "{page}");
        assert_eq!(status(&address, "/console/api/health", &[]).0, 200);
        serving.stop();
    }
}

#[test]
fn an_inbox_that_refuses_deliveries_is_not_ready_but_healthy() {
    let folder = Folder::new("admin-refusing");
    let inbox = folder.path("inbox");
    let (serving, address) = admin(&["--inbox", &inbox]);
    like(&serving.url, &[]).answered("200", 1);
    assert_eq!(status(&address, "/readyz", &[]).0, 200);
    fs::rename(&inbox, folder.path("moved")).unwrap();
    like(&serving.url, &["--user", "7"]).exits(1);
    let refusal = until(&address, "/readyz", 503);
    assert!(refusal.contains("not ready: the inbox refuses deliveries: "), "{refusal}");
    assert_eq!(status(&address, "/healthz", &[]).0, 200);
}

/// The delivery is in progress because nobody reads its program's input.
#[cfg(unix)]
#[test]
fn a_receiver_that_drains_is_not_ready() {
    let (serving, address) = admin(&["--exec", "sleep", "3"]);
    let url = serving.url.clone();
    let delivery = std::thread::spawn(move || like(&url, &[]));
    let end = Instant::now() + Duration::from_secs(20);
    while !status(&address, "/metrics", &[]).1.contains("birdhook_in_flight 1") {
        assert!(Instant::now() < end, "the delivery is in progress");
    }
    let id = serving.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let refusal = until(&address, "/readyz", 503);
    assert!(refusal.contains("the receiver is stopping"), "{refusal}");
    assert_eq!(status(&address, "/healthz", &[]).0, 200);
    delivery.join().unwrap();
}

#[test]
fn the_metrics_of_the_guide_are_exported() {
    let folder = Folder::new("admin-metrics");
    let inbox = folder.path("inbox");
    let (serving, address) = admin(&["--inbox", &inbox]);
    let (_, first) = status(&address, "/metrics", &[]);
    assert!(first.contains("content-type: text/plain; version=0.0.4"), "{first}");
    assert!(first.contains("birdhook_events_total 0"), "a first increase is visible: {first}");
    assert!(!first.contains("birdhook_last_challenge_timestamp_seconds"), "absent until the first challenge");
    run(&["doctor", "--local", &serving.url]);
    like(&serving.url, &[]).answered("200", 1);
    // The gauges of the inbox are set at an interval.
    let end = Instant::now() + Duration::from_secs(20);
    let metrics = loop {
        let (_, metrics) = status(&address, "/metrics", &[]);
        if metrics.contains("birdhook_inbox_depth") {
            break metrics;
        }
        assert!(Instant::now() < end, "{metrics}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let guide = include_str!("../../../docs/guide/operations.md");
    let (_, monitoring) = guide.split_once("\n## Monitoring\n").unwrap();
    let (monitoring, _) = monitoring.split_once("\n## ").unwrap();
    let (mut prefix, mut found) = ("", 0);
    for line in monitoring.lines().filter(|line| line.starts_with('|')) {
        let names = line.split('|').nth(1).unwrap();
        if names.contains("metric") {
            prefix = if names.contains("birdhook_inbox_…") { "inbox_" } else { "" };
            continue;
        }
        for name in names.split('`').skip(1).step_by(2).filter(|name| !name.contains("::")) {
            let name = format!("{prefix}{}", name.split('{').next().unwrap());
            // `up` is Prometheus's own.
            if NOT_HERE.contains(&&*name) || line.contains("`up`") {
                continue;
            }
            assert!(metrics.contains(&format!("\nbirdhook_{name}")), "{name}: {metrics}");
            found += 1;
        }
    }
    assert!(found >= 12, "{found}");
    assert!(metrics.contains("birdhook_answer_seconds_bucket{request=\"delivery\",le=\"1\"}"), "{metrics}");
    assert!(!metrics.contains(SECRET), "no secret");
}

#[test]
fn the_console_needs_the_token_and_an_allowed_host_and_the_rest_does_not() {
    let folder = Folder::new("admin-token");
    let token = folder.file("token", "0123456789abcdef\n");
    let (_serving, address) = admin(&["--admin-token", &token, "--admin-host", "console.example"]);
    let bearer = ("authorization", "Bearer 0123456789abcdef");
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(status(&address, path, &[]).0, 200, "{path}");
    }
    assert_eq!(status(&address, "/console/api/health", &[]).0, 401);
    assert_eq!(status(&address, "/console/api/health", &[("authorization", "Bearer 0123456789abcdeg")]).0, 401);
    assert_eq!(status(&address, "/console/api/health", &[bearer]).0, 200);
    for (host, expected) in [("console.example", 200), ("evil.example", 403)] {
        let port = address.rsplit_once(':').unwrap().1;
        let response = with_host(&address, &format!("{host}:{port}"), bearer.1);
        assert!(response.starts_with(&format!("HTTP/1.1 {expected}")), "{host}: {response}");
    }
}

/// Returns the response to a request for the console's health with another host name.
fn with_host(address: &str, host: &str, authorization: &str) -> String {
    use std::io::{Read, Write};
    let mut client = std::net::TcpStream::connect(address).unwrap();
    let head = format!(
        "GET /console/api/health HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\nconnection: close\r\n\r\n"
    );
    client.write_all(head.as_bytes()).unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    response
}

#[test]
fn an_address_of_others_needs_a_token_and_the_port_of_x_is_refused() {
    let folder = Folder::new("admin-refused");
    let listen = |args: &[&str]| run(&[&["listen", "--addr", "127.0.0.1:8099"], args].concat());
    listen(&["--admin", "0.0.0.0:9099"]).refused("--admin 0.0.0.0:9099: expected a loopback address");
    listen(&["--console", "0.0.0.0:9099"]).refused("--console 0.0.0.0:9099: expected a loopback address");
    listen(&["--admin", "127.0.0.1:8099"]).refused("--admin 127.0.0.1:8099 is the address that X reaches");
    listen(&["--admin-host", "x"]).refused("required");
    let short = folder.file("short", "0123456789abcde");
    let refused = listen(&["--admin", "127.0.0.1:0", "--admin-token", &short]);
    refused.refused("invalid token").hides(&["0123456789abcde"]);
    let missing = folder.path("missing");
    listen(&["--admin", "127.0.0.1:0", "--admin-token", &missing]).refused(&format!("cannot read {missing}"));
    let file = folder.file("birdhook.toml", "admin = '0.0.0.0:9099'\n");
    end(&mut birdhook(&["config", "check", &file])).exits(1).prints(&["expected a loopback address"]);
}

#[test]
fn the_console_and_the_admin_server_share_an_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let serving = Serving::start(&["listen", "--admin", &address, "--console", &address]);
    serving.note_of("health, metrics and console at http://");
    assert_eq!(status(&address, "/healthz", &[]).0, 200);
    assert_eq!(status(&address, "/console", &[]).0, 200);
    serving.stop();
}
