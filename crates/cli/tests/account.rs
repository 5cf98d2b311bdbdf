//! The commands that call X, with `birdhook mock-x` as X and `birdhook listen` as the receiver.

use crate::support::{Ended, Folder, Serving, birdhook, end, run};
use serde_json::Value;

/// An account at a mock X, and a receiver.
struct Account {
    folder: Folder,
    listening: Serving,
    x: Serving,
}

impl Account {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let listening = Serving::start(&["listen", "--json", "--cut-over"]);
        let keys = folder.path("keys.toml");
        let x = Serving::start(&["mock-x", "--json", "--credentials", &keys, "--user", "2001", "--user", "2002"]);
        // The keys are written before it says who it is.
        x.json();
        Self { folder, listening, x }
    }

    fn run(&self, args: &[&str]) -> Ended {
        let keys = self.folder.path("keys.toml");
        end(birdhook(args).env("BIRDHOOK_CREDENTIALS", keys).env_remove("BIRDHOOK_CONSUMER_SECRET"))
    }

    /// What a command that succeeds prints as JSON.
    fn json(&self, args: &[&str]) -> Vec<Value> {
        let ended = self.run(&[args, &["--json"]].concat());
        assert_eq!(ended.code, 0, "{args:?}: {}{}", ended.stdout, ended.stderr);
        ended.json()
    }

    fn fire(&self, kind: &str, user: &str) {
        let body = serde_json::json!({"kind": kind, "user_id": user}).to_string();
        crate::support::post_json(&self.x.url, "/_mock/fire", &body);
    }

    fn wanted(&self, rest: &str) -> String {
        self.folder.file("wanted.toml", &format!("url = \"{}\"\n{rest}", self.listening.url))
    }
}

#[test]
fn one_command_takes_an_empty_account_to_delivered_events_and_a_second_changes_nothing() {
    let account = Account::new("ensure");
    let file = account.wanted(
        "account_activity = [\"2001\"]\n[[activity]]\ntypes = [\"like.create\", \"post.create\"]\nusers = [\"2001\", \"2002\"]\ntag = \"bell\"\n",
    );
    let dry = account.run(&["ensure", &file, "--dry-run"]);
    assert_eq!((dry.code, dry.stdout.lines().count()), (0, 6), "{}", dry.stdout);
    assert!(account.json(&["webhooks", "list"]).is_empty());

    let ensured = account.run(&["ensure", &file]);
    assert_eq!(ensured.code, 0, "{}", ensured.stderr);
    assert!(
        ensured.stdout.ends_with(&format!("6 done, 0 there already: webhook {}\n", account.id())),
        "{}",
        ensured.stdout
    );
    account.fire("like.create", "2001");
    let heard = account.listening.json();
    assert_eq!((heard["kind"].as_str(), heard["subscriber"].as_str()), (Some("liked"), Some("2001")));

    let again = account.json(&["ensure", &file]);
    assert_eq!((again[0]["done"].as_array().unwrap().len(), again[0]["kept"].as_u64()), (0, Some(6)));

    let moved = account.run(&["migrate", &account.listening.url, "--yes", "--overlap", "0.1"]);
    assert_eq!(moved.code, 0, "{}", moved.stderr);
    assert!(account.json(&["subscriptions", "list", &account.id()]).is_empty());
    account.fire("dm.received", "2001");
    let heard = account.listening.json();
    assert_eq!((heard["kind"].as_str(), heard["generation"].as_str()), (Some("message_received"), Some("x_activity")));
}

#[test]
fn an_invalid_webhook_is_healed_and_a_missing_one_is_said_to_be() {
    let account = Account::new("watch");
    let url = account.listening.url.clone();
    let missing = account.run(&["watch", &url, "--once"]);
    assert_eq!(missing.code, 1, "{}{}", missing.stdout, missing.stderr);
    assert!(missing.stdout.contains(&url), "{}", missing.stdout);
    account.json(&["webhooks", "register", &url]);
    let well = account.run(&["watch", &url, "--once"]);
    assert_eq!(
        (well.code, well.stdout.as_str()),
        (0, "the webhook is valid, and there is no gap\n"),
        "{}",
        well.stderr
    );
    let down = ["--down-from", "2020-01-01T00:00:00Z", "--down-to", "2020-01-01T01:00:00Z"];
    let lost = account.run(&[&["watch", &url, "--once", "--json"][..], &down].concat());
    assert_eq!(lost.code, 1, "{}", lost.stderr);
    let notices: Vec<Value> = lost.json();
    assert!(notices.iter().any(|notice| notice["notice"] == "lost"), "{}", lost.stdout);
    assert_eq!(account.run(&["watch", &url, "--down-from", "2020-01-01T00:00:00Z"]).code, 2);
}

#[test]
fn a_gap_that_x_does_not_replay_is_not_well() {
    let account = Account::new("refused-replay");
    let url = account.listening.url.clone();
    account.json(&["webhooks", "register", &url, "--api", "enterprise"]);
    let ago = |hours: i64| {
        let time = birdhook_testkit::now().as_millis() - hours * 3_600_000;
        birdhook::Timestamp::from_millis(time).to_string()
    };
    let (from, to) = (ago(3), ago(2));
    // X lets five calls through in 15 minutes, whatever comes of them.
    for _ in 0..5 {
        account.run(&["replay", "--api", "enterprise", "--webhook", &account.id(), "--from", &from, "--to", &to]);
    }
    let down = ["watch", &url, "--enterprise", "--once", "--json", "--down-from", &from, "--down-to", &to];
    let refused = account.run(&down);
    let notices: Vec<Value> = refused.json();
    assert!(notices.iter().any(|notice| notice["notice"] == "refused"), "{}", refused.stdout);
    assert_eq!(refused.code, 1, "{}", refused.stdout);
}

#[test]
fn the_first_like_validates_a_webhook() {
    let validating = Serving::start(&["validate", "--user", "2001", "--limit", "20", "--json"]);
    let trigger = |user: &str| {
        let args = ["trigger", &validating.url, "like.create", "--generation", "xaa", "--user", user, "--json"];
        assert_eq!(run(&args).code, 0);
    };
    trigger("2002");
    trigger("2001");
    let lines: Vec<Value> = std::iter::repeat_with(|| validating.json()).take(3).collect();
    assert_eq!((lines[0]["kind"].as_str(), lines[1]["subscriber"].as_str()), (Some("liked"), Some("2001")));
    assert_eq!(lines[2]["user"].as_str(), Some("2001"), "it ends by itself: {}", lines[2]);
    assert_eq!(lines[2]["like"]["name"].as_str(), Some("like.create"));
}

impl Account {
    fn id(&self) -> String {
        self.json(&["webhooks", "list"])[0]["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn what_is_wrong_in_the_file_is_named_with_its_line() {
    let account = Account::new("broken");
    for (rest, says) in [
        ("api = \"v3\"\n", "v3"),
        ("users = []\n", "unknown field"),
        ("[[activity]]\ntypes = [\"like.create\"]\n", "either users or keywords"),
        ("= 5\n", "wanted.toml"),
        (
            "[[activity]]\ntypes = [\"like.create\"]\nusers = [\"1\"]\ntag = \"a\"\n[[activity]]\ntypes = [\"like.create\", \"post.create\"]\nusers = [\"2\", \"1\"]\ntag = \"b\"\n",
            "like.create of 1",
        ),
    ] {
        let ended = account.run(&["ensure", &account.wanted(rest)]);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{rest}");
        assert!(ended.stderr.contains(says), "{rest}: {}", ended.stderr);
    }
}

#[test]
fn webhooks_are_listed_registered_validated_and_deleted() {
    let account = Account::new("webhooks");
    for api in ["v2", "enterprise", "premium"] {
        let made = account.json(&["webhooks", "register", &account.listening.url, "--api", api]);
        let id = made[0]["id"].as_str().unwrap();
        let listed = account.json(&["webhooks", "list", "--api", api]);
        assert_eq!((listed.len(), listed[0]["id"].as_str()), (1, Some(id)), "{api}");
        assert_eq!(account.json(&["webhooks", "validate", id, "--api", api])[0]["valid"], true);
        let table = account.run(&["webhooks", "list", "--api", api]).stdout;
        let rows: Vec<&str> = table.lines().collect();
        assert!(rows.len() == 2 && rows[0].contains("URL") && rows[1].contains(id), "{table}");

        let asked = account.run(&["webhooks", "delete", id, "--api", api]);
        assert_eq!(asked.code, 2);
        assert!(asked.stderr.contains("say --yes"), "{}", asked.stderr);
        let deleted = account.run(&["webhooks", "delete", id, "--api", api, "--yes"]);
        assert_eq!(deleted.code, 0, "{}", deleted.stderr);
        assert!(account.json(&["webhooks", "list", "--api", api]).is_empty(), "{api}");
    }
}

#[test]
fn subscriptions_of_both_apis_are_managed() {
    let account = Account::new("subscriptions");
    account.json(&["webhooks", "register", &account.listening.url]);
    let id = account.id();
    for api in ["v2", "enterprise"] {
        assert_eq!(account.run(&["subscriptions", "check", &id, "2001", "--api", api]).code, 1);
        assert_eq!(account.run(&["subscriptions", "add", &id, "2001", "2002", "--api", api]).code, 0);
        assert_eq!(account.run(&["subscriptions", "check", &id, "2001", "--api", api]).code, 0);
        assert_eq!(account.json(&["subscriptions", "list", &id, "--api", api]).len(), 2);
        assert_eq!(account.json(&["subscriptions", "count", "--api", api])[0]["subscriptions_count"], 2);
        assert_eq!(account.run(&["subscriptions", "remove", &id, "2001", "--api", api]).code, 2, "it asks first");
        assert_eq!(account.run(&["subscriptions", "remove", &id, "2001", "2002", "--yes", "--api", api]).code, 0);
    }
    let add = ["activity", "add", "follow.follow", "like.create", "--user", "2001", "--direction", "inbound"];
    let made = account.json(&[&add[..], &["--webhook", &id, "--tag", "t"]].concat());
    assert_eq!((made.len(), made[0]["tag"].as_str()), (2, Some("t")));
    let first = made[0]["subscription_id"].as_str().unwrap();
    let second = made[1]["subscription_id"].as_str().unwrap();
    assert_eq!(account.json(&["activity", "update", first, "--tag", "u"])[0]["tag"], "u");
    assert_eq!(account.json(&["activity", "list"]).len(), 2);
    let some = account.run(&["activity", "add", "follow.unfollow", "no.such", "--user", "2001", "--json"]);
    assert_eq!((some.code, some.json().len()), (2, 1), "what was made before is told: {}", some.stderr);
    let third = some.json()[0]["subscription_id"].as_str().unwrap().to_owned();
    assert_eq!(account.run(&["activity", "remove", &third, "--yes"]).code, 0);
    let removed = account.json(&["activity", "remove", first, second, "--yes"]);
    assert_eq!(removed[0]["deleted"].as_array().unwrap().len(), 2);
    assert_eq!(account.run(&["activity", "remove", first, "--yes"]).code, 1, "there is none any more");

    assert_eq!(account.run(&["stream-links", "add", &id, "--tweet-fields", "created_at,lang"]).code, 0);
    assert_eq!(account.json(&["stream-links", "list"])[0]["webhook_id"].as_str(), Some(id.as_str()));
    assert_eq!(account.run(&["stream-links", "remove", &id, "--yes"]).code, 0);
    assert!(account.json(&["stream-links", "list"]).is_empty());
}

#[test]
fn a_refusal_says_why_what_it_was_signed_with_and_what_to_do() {
    let account = Account::new("refusals");
    let private = account.run(&["activity", "add", "like.create", "--user", "999"]);
    assert_eq!(private.code, 2);
    assert!(private.stderr.contains("the user's OAuth 2.0 token"), "{}", private.stderr);
    let wrong = account.run(&["webhooks", "register", &account.listening.url, "--sign-with", "owner"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("[with OAuth 1.0a with the app owner's tokens]"), "{}", wrong.stderr);
    let missing = account.run(&["webhooks", "delete", "5", "--yes"]);
    let lines: Vec<&str> = missing.stderr.lines().collect();
    assert!(lines.len() == 2 && lines[1].starts_with("List the app's webhooks"), "{}", missing.stderr);
    let keys = std::fs::read_to_string(account.folder.path("keys.toml")).unwrap();
    let keys: toml::Table = toml::from_str(&keys).unwrap();
    for name in ["consumer_secret", "bearer_token"] {
        let secret = keys[name].as_str().unwrap();
        for ended in [&private, &wrong, &missing] {
            assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret), "{name}");
        }
    }
    let none =
        end(birdhook(&["webhooks", "list", "--credentials", "nowhere.toml"]).env_remove("BIRDHOOK_CONSUMER_SECRET"));
    assert!(none.code == 2 && none.stderr.contains("cannot read nowhere.toml"), "{}", none.stderr);
    let empty = account.folder.file("empty.toml", "");
    let none = run(&["webhooks", "list", "--credentials", &empty]);
    assert!(none.code == 2 && none.stderr.contains("there are no keys"), "{}", none.stderr);
}
