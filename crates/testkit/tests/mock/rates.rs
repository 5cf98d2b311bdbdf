//! Rate limits, counted per 15 minutes.

use crate::mock::world::{As, START, USER, World, calls, s};

#[tokio::test]
async fn rejects_calls_above_the_rate_until_the_window_ends() {
    let world = World::new().await;
    let list = "/1.1/account_activity/webhooks.json";
    let reset = (START / 1000 + 900).to_string();
    for left in (0..15).rev() {
        let reply = world.call("GET", list, world.bearer(), "").await;
        assert_eq!(reply.status, 200);
        let headers =
            ["limit", "remaining", "reset"].map(|name| reply.header(&format!("x-rate-limit-{name}")).to_owned());
        assert_eq!(headers, ["15".to_owned(), left.to_string(), reset.clone()]);
    }
    let reply = world.call("GET", list, world.bearer(), "").await;
    assert_eq!(reply.error(), (429, 88, "Rate limit exceeded"));
    assert_eq!((reply.header("x-rate-limit-remaining"), reply.header("x-rate-limit-reset")), ("0", reset.as_str()));
    // Other calls and other apps have their own windows.
    let count = world.call("GET", "/1.1/account_activity/subscriptions/count.json", world.bearer(), "").await;
    assert_eq!(count.status, 200);
    let second = world.x.add_app("second").unwrap();
    assert_eq!(world.call("GET", list, As::Bearer(&second.bearer), "").await.status, 200);

    world.advance(s(899)).await;
    assert_eq!(world.call("GET", list, world.bearer(), "").await.status, 429);
    world.advance(s(1)).await;
    let reply = world.call("GET", list, world.bearer(), "").await;
    assert_eq!((reply.status, reply.header("x-rate-limit-remaining")), (200, "14"));
}

#[tokio::test]
async fn every_call_has_its_documented_rate() {
    let world = World::new().await;
    let user = world.x.user(USER);
    for [method, path, takes, rate] in calls() {
        let who = match takes {
            "owner" => world.owner(),
            "user" | "any-user" => As::User(world.app(), &user),
            _ => world.bearer(),
        };
        let reply = world.call(method, path, who, "").await;
        assert_eq!(reply.header("x-rate-limit-limit"), rate, "{method} {path}: {reply:?}");
    }
}

#[tokio::test]
async fn rate_limit_errors_have_the_format_of_each_api() {
    let world = World::new().await;
    let path = "/1.1/account_activity/replay/webhooks/1/subscriptions/all.json";
    for _ in 0..5 {
        assert_ne!(world.call("POST", path, world.bearer(), "").await.status, 429);
    }
    let reply = world.call("POST", path, world.bearer(), "").await;
    assert_eq!(reply.error(), (429, 88, "Too many requests. Please back off your API request rate."));
    for _ in 0..100 {
        assert_ne!(world.call("POST", "/2/webhooks/replay", world.bearer(), "").await.status, 429);
    }
    let reply = world.call("POST", "/2/webhooks/replay", world.bearer(), "").await;
    assert_eq!((reply.status, reply.body["title"].as_str()), (429, Some("Too Many Requests")));
    assert_eq!(reply.header("x-rate-limit-remaining"), "0");
}

#[tokio::test]
async fn limits_can_be_disabled() {
    let world = World::with(|settings| settings.rate_limits = false).await;
    for _ in 0..40 {
        assert_eq!(world.call("GET", "/1.1/account_activity/webhooks.json", world.bearer(), "").await.status, 200);
    }
}
