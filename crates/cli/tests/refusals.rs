//! Tests of the commands' output when X refuses a call.

use crate::support::fake_x::{FakeX, Rule, rule};
use crate::support::{Ended, Folder, end, with_keys};

const KEYS: &str = "consumer_key = \"key\"\nconsumer_secret = \"secret\"\nbearer_token = \"bearer\"\nclient_id = \"client\"\n\
                    [owner]\ntoken = \"42-o\"\ntoken_secret = \"s\"\n\
                    [users.3141]\ntoken = \"3141-u\"\ntoken_secret = \"s\"\naccess_token = \"access\"\n";

fn run(name: &str, rules: impl IntoIterator<Item = Rule>, args: &[&str]) -> (Ended, FakeX) {
    let (folder, x) = (Folder::new(name), FakeX::start(rules));
    let keys = folder.file("keys.toml", KEYS);
    (end(with_keys(args, &keys).env("BIRDHOOK_API_URL", &x.url)), x)
}

#[test]
fn an_access_level_error_does_not_suggest_to_authorise_again() {
    let rules = [rule("POST /1.1/", 403, r#"{"errors":[{"code":453,"message":"Not with this plan."}]}"#)];
    let (ended, _) = run("level", rules, &["subscriptions", "--api", "enterprise", "add", "27", "3141"]);
    let ended = ended.exits(2).says(&["access level", "code 453", "Not with this"]);
    ended.hides(&["authorise", "auth user"]);
}

#[test]
fn credits_and_caps_are_distinguished_from_rate_limits() {
    let credits =
        [rule("GET /2/", 402, r#"{"title":"CreditsDepleted","type":"https://api.x.com/2/problems/credits"}"#)];
    let cap = [rule(
        "GET /2/",
        429,
        r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Monthly","type":"https://api.x.com/2/problems/usage-capped"}"#,
    )];
    for (name, rules, cause, fix) in [
        ("credits", credits, "no credits left (402, CreditsDepleted)", "buy credits"),
        ("cap", cap, "usage cap is reached (429, UsageCapExceeded): Usage cap exceeded: Monthly", "raise the cap"),
    ] {
        let (ended, x) = run(name, rules, &["webhooks", "list"]);
        let shown = ended.exits(2).says(&[cause, fix]).stderr;
        assert!(!shown.to_lowercase().contains("wait"), "{shown}");
        assert_eq!(x.requests().len(), 1, "a cap is not retried");
    }
}

fn limit() -> Rule {
    let body = r#"{"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","errors":[{"message":"WebhookLimitExceeded: "}]}"#;
    rule("POST /2/webhooks", 400, body)
}

#[test]
fn a_limit_error_names_the_webhook_that_is_registered_at_the_url() {
    let register = |name, status, list: &str| {
        let rules = [limit(), rule("GET /2/webhooks", status, list)];
        run(name, rules, &["webhooks", "register", "https://hooks.example/x"]).0.exits(2)
    };
    let same = register("same", 200, r#"{"data":[{"id":"27","url":"https://HOOKS.example/x","valid":true}]}"#);
    let says = "https://hooks.example/x is already registered as 27 (https://HOOKS.example/x, valid)";
    same.says(&[says, "WebhookLimitExceeded"]).hides(&["larger plan"]).prints_only("");

    let others = register("others", 200, r#"{"data":[{"id":"28","url":"https://hooks.example/X","valid":false}]}"#);
    let others = others.says(&["28 https://hooks.example/X", "`birdhook webhooks delete ID`"]);
    others.hides(&["is already registered as"]);

    register("unreadable", 403, "{}").says(&["(400, WebhookLimitExceeded)", "larger plan"]);
}

#[test]
fn registering_an_invalid_webhook_fails() {
    let invalid =
        [rule("POST /2/webhooks", 200, r#"{"data":{"id":"27","url":"https://hooks.example/x","valid":false}}"#)];
    let (ended, _) = run("invalid", invalid.clone(), &["webhooks", "register", "https://hooks.example/x"]);
    ended.exits(1).says(&["`birdhook webhooks validate 27`"]).prints(&["27", "invalid"]);
    let (ended, _) = run("invalid-json", invalid, &["webhooks", "register", "https://hooks.example/x", "--json"]);
    assert_eq!(ended.exits(1).json()[0]["valid"], false);
    let silent = [rule("POST /2/webhooks", 200, r#"{"data":{"id":"27","url":"https://hooks.example/x"}}"#)];
    // X has challenged it.
    run("silent", silent, &["webhooks", "register", "https://hooks.example/x"]).0.exits(0);
}

#[test]
fn a_refused_callback_is_named_with_x_s_code_and_message() {
    let xml = [rule(
        "POST /oauth/request_token",
        403,
        "<?xml version=\"1.0\"?><errors><error code=\"415\">That address is not on the list</error></errors>",
    )];
    let (ended, _) = run("callback", xml, &["auth", "user", "--port", "0"]);
    let ended = ended.exits(2).says(&["code 415", "That address is not on the list"]);
    ended.says(&["add exactly http://127.0.0.1:", "/callback to the callback URLs"]);
    let pin = [rule("POST /oauth/request_token", 403, "<errors><error code=\"417\">Desktop only</error></errors>")];
    let (ended, _) = run("pin", pin, &["auth", "user", "--port", "0"]);
    ended.exits(2).says(&["code 417", "`birdhook auth user --pin`"]);
}

#[test]
fn a_missing_scope_and_a_revoked_token_name_the_login_to_run_again() {
    let forbidden = [rule("POST /2/activity/", 403, r#"{"title":"Forbidden","type":"about:blank"}"#)];
    let (ended, _) = run("scope", forbidden, &["activity", "add", "broadcast.chat", "--user", "3141"]);
    let fix = "run `birdhook auth user2`, which requests broadcast.read, tweet.read, and have user 3141 authorise the app again";
    ended.exits(2).says(&["it needs the scopes broadcast.read, tweet.read", fix]);
    let revoked = [rule("POST /", 401, r#"{"title":"Unauthorized","type":"about:blank","status":401}"#)];
    for (args, login) in [
        (&["activity", "add", "like.create", "--user", "3141"][..], "`birdhook auth user2`"),
        (&["subscriptions", "add", "27", "3141"], "`birdhook auth user`"),
    ] {
        let (ended, _) = run("revoked", revoked.clone(), args);
        ended.exits(2).says(&[login, "user 3141"]);
    }
}
