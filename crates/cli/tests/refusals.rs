//! Tests of the commands' output when X refuses a call.

use crate::support::fake_x::{FakeX, Rule};
use crate::support::{Ended, Folder, birdhook, end};

const KEYS: &str = "consumer_key = \"key\"\nconsumer_secret = \"secret\"\nbearer_token = \"bearer\"\nclient_id = \"client\"\n\
                    [owner]\ntoken = \"42-o\"\ntoken_secret = \"s\"\n\
                    [users.3141]\ntoken = \"3141-u\"\ntoken_secret = \"s\"\naccess_token = \"access\"\n";

/// Runs a command against a fake X with these rules.
fn run(name: &str, rules: &'static [Rule], args: &[&str]) -> (Ended, FakeX) {
    let (folder, x) = (Folder::new(name), FakeX::start(rules));
    let keys = folder.file("keys.toml", KEYS);
    let mut command = birdhook(args);
    command.env_remove("BIRDHOOK_CONSUMER_SECRET").env("BIRDHOOK_CREDENTIALS", keys).env("BIRDHOOK_API_URL", &x.url);
    (end(&mut command), x)
}

#[test]
fn the_access_level_is_named_and_nobody_is_sent_to_authorise_again() {
    let rules: &[Rule] = &[("POST", "/1.1/", 403, r#"{"errors":[{"code":453,"message":"Not with this plan."}]}"#)];
    let (ended, _) = run("level", rules, &["subscriptions", "--api", "enterprise", "add", "27", "3141"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{}", ended.stderr);
    let shown = &ended.stderr;
    assert!(shown.contains("access level") && shown.contains("code 453") && shown.contains("Not with this"), "{shown}");
    assert!(!shown.contains("agree again") && !shown.contains("auth user"), "{shown}");
}

#[test]
fn credits_and_caps_are_told_from_rate_limits() {
    let credits: &[Rule] =
        &[("GET", "/2/", 402, r#"{"title":"CreditsDepleted","type":"https://api.x.com/2/problems/credits"}"#)];
    let cap: &[Rule] = &[(
        "GET",
        "/2/",
        429,
        r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly","type":"https://api.x.com/2/problems/usage-capped"}"#,
    )];
    for (name, rules, cause, fix) in [
        ("credits", credits, "no credits left (402, CreditsDepleted)", "Buy credits"),
        ("cap", cap, "usage cap is reached (429, UsageCapExceeded): Usage cap exceeded: Monthly", "Raise the cap"),
    ] {
        let (ended, x) = run(name, rules, &["webhooks", "list"]);
        assert_eq!(ended.code, 2, "{}", ended.stdout);
        assert!(ended.stderr.contains(cause) && ended.stderr.contains(fix), "{}", ended.stderr);
        assert!(!ended.stderr.to_lowercase().contains("wait"), "{}", ended.stderr);
        assert_eq!(x.asked().len(), 1, "waiting does not help, so nothing is tried again");
    }
}

const LIMIT: Rule = (
    "POST",
    "/2/webhooks",
    400,
    r#"{"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","errors":[{"message":"WebhookLimitExceeded: "}]}"#,
);

#[test]
fn a_limit_without_words_says_whether_the_url_is_registered_already() {
    let same: &[Rule] =
        &[LIMIT, ("GET", "/2/webhooks", 200, r#"{"data":[{"id":"27","url":"https://HOOKS.example/x","valid":true}]}"#)];
    let (ended, _) = run("same", same, &["webhooks", "register", "https://hooks.example/x"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (2, ""));
    let says = "https://hooks.example/x is registered as 27 (https://HOOKS.example/x, valid)";
    assert!(ended.stderr.contains(says), "{}", ended.stderr);
    assert!(ended.stderr.contains("WebhookLimitExceeded") && !ended.stderr.contains("larger plan"), "{}", ended.stderr);

    let others: &[Rule] = &[
        LIMIT,
        ("GET", "/2/webhooks", 200, r#"{"data":[{"id":"28","url":"https://hooks.example/X","valid":false}]}"#),
    ];
    let (ended, _) = run("others", others, &["webhooks", "register", "https://hooks.example/x"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("28 https://hooks.example/X") && !ended.stderr.contains("is registered as"));
    assert!(ended.stderr.contains("`birdhook webhooks delete ID`"), "{}", ended.stderr);

    let unreadable: &[Rule] = &[LIMIT, ("GET", "/2/webhooks", 403, "{}")];
    let (ended, _) = run("unreadable", unreadable, &["webhooks", "register", "https://hooks.example/x"]);
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("(400, WebhookLimitExceeded)") && ended.stderr.contains("larger plan"));
}

#[test]
fn a_webhook_that_x_registers_as_invalid_is_not_a_success() {
    let invalid: &[Rule] =
        &[("POST", "/2/webhooks", 200, r#"{"data":{"id":"27","url":"https://hooks.example/x","valid":false}}"#)];
    let (ended, _) = run("invalid", invalid, &["webhooks", "register", "https://hooks.example/x"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("27") && ended.stdout.contains("invalid"), "{}", ended.stdout);
    assert!(ended.stderr.contains("`birdhook webhooks validate 27`"), "{}", ended.stderr);
    let (ended, _) = run("invalid-json", invalid, &["webhooks", "register", "https://hooks.example/x", "--json"]);
    assert_eq!((ended.code, ended.json()[0]["valid"].as_bool()), (1, Some(false)));
    let silent: &[Rule] = &[("POST", "/2/webhooks", 200, r#"{"data":{"id":"27","url":"https://hooks.example/x"}}"#)];
    let (ended, _) = run("silent", silent, &["webhooks", "register", "https://hooks.example/x"]);
    assert_eq!(ended.code, 0, "X challenges it before it registers it: {}", ended.stderr);
}

#[test]
fn a_refused_callback_is_named_with_x_s_code_and_words() {
    let xml: &[Rule] = &[(
        "POST",
        "/oauth/request_token",
        403,
        "<?xml version=\"1.0\"?><errors><error code=\"415\">That address is not on the list</error></errors>",
    )];
    let (ended, _) = run("callback", xml, &["auth", "user", "--port", "0"]);
    assert_eq!(ended.code, 2, "{}", ended.stdout);
    let shown = &ended.stderr;
    assert!(shown.contains("code 415") && shown.contains("That address is not on the list"), "{shown}");
    assert!(shown.contains("Add http://127.0.0.1:") && shown.contains("/callback to the callback URLs"), "{shown}");
    let pin: &[Rule] =
        &[("POST", "/oauth/request_token", 403, "<errors><error code=\"417\">Desktop only</error></errors>")];
    let (ended, _) = run("pin", pin, &["auth", "user", "--port", "0"]);
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("code 417") && ended.stderr.contains("`birdhook auth user --pin`"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_missing_scope_and_a_revoked_token_name_the_login_to_run_again() {
    let forbidden: &[Rule] = &[("POST", "/2/activity/", 403, r#"{"title":"Forbidden","type":"about:blank"}"#)];
    let (ended, _) = run("scope", forbidden, &["activity", "add", "broadcast.chat", "--user", "3141"]);
    assert_eq!(ended.code, 2);
    let shown = &ended.stderr;
    assert!(shown.contains("it takes the scopes broadcast.read, tweet.read"), "{shown}");
    assert!(
        shown.contains(
            "Run `birdhook auth user2`, which asks for broadcast.read, tweet.read, and let user 3141 agree again"
        ),
        "{shown}"
    );
    let revoked: &[Rule] = &[("POST", "/", 401, r#"{"title":"Unauthorized","type":"about:blank","status":401}"#)];
    for (args, login) in [
        (&["activity", "add", "like.create", "--user", "3141"][..], "`birdhook auth user2`"),
        (&["subscriptions", "add", "27", "3141"], "`birdhook auth user`"),
    ] {
        let (ended, _) = run("revoked", revoked, args);
        assert_eq!(ended.code, 2);
        assert!(ended.stderr.contains(login) && ended.stderr.contains("user 3141"), "{}", ended.stderr);
    }
}
