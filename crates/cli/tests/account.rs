//! Tests of the commands that call X, against `birdhook mock-x` and `birdhook listen`.

use std::process::Command;

use crate::support::fake_x::{FakeX, rule};
use crate::support::{Ended, Folder, Serving, birdhook, call, end, like, run, with_keys};
use serde_json::Value;

/// An account at a mock X, and a receiver.
pub(crate) struct Account {
    pub(crate) folder: Folder,
    pub(crate) listening: Serving,
    x: Serving,
}

impl Account {
    pub(crate) fn new(name: &str) -> Self {
        Self::with(name, &[], |_| ())
    }

    /// Starts both programs, with more arguments for the mock and a changed environment.
    fn with(name: &str, mock: &[&str], change: impl Fn(&mut Command)) -> Self {
        let folder = Folder::new(name);
        let start = |args: &[&str]| {
            let mut command = birdhook(args);
            change(&mut command);
            Serving::start_command(&mut command)
        };
        let listening = start(&["listen", "--quiet", "--json", "--dual-mode"]);
        let keys = folder.path("keys.toml");
        let own = ["mock-x", "--json", "--secret", "BIRDHOOK_CONSUMER_SECRET", "--credentials", &keys];
        let x = start(&[&own, &["--user", "2001", "--user", "2002"][..], mock].concat());
        // The mock writes the keys before it prints its credentials.
        x.json();
        Self { folder, listening, x }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        let keys = self.folder.path("keys.toml");
        end(&mut with_keys(args, &keys))
    }

    /// Runs a command that must succeed, and returns its JSON output.
    pub(crate) fn json(&self, args: &[&str]) -> Vec<Value> {
        let ended = self.run(&[args, &["--json"]].concat()).exits(0);
        ended.json()
    }

    fn fire(&self, kind: &str, user: &str) {
        let body = serde_json::json!({"kind": kind, "user_id": user}).to_string();
        call(&self.x.url, "POST", "/_mock/fire", &[("content-type", "application/json")], &body);
    }

    fn id(&self) -> String {
        self.json(&["webhooks", "list"])[0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn desired(&self, rest: &str) -> String {
        self.folder.file("desired.toml", &format!("url = \"{}\"\n{rest}", self.listening.url))
    }
}

#[test]
fn ensure_sets_up_an_empty_account_and_a_second_run_changes_nothing() {
    let account = Account::new("ensure");
    let file = account.desired(
        "account_activity = [\"2001\"]\n[[activity]]\ntypes = [\"like.create\", \"post.create\"]\nusers = [\"2001\", \"2002\"]\ntag = \"bell\"\n",
    );
    let dry = account.run(&["ensure", &file, "--dry-run"]).exits(0);
    assert_eq!(dry.stdout.lines().count(), 6, "{dry}");
    assert!(account.json(&["webhooks", "list"]).is_empty());

    let answers = "the receiver answers challenges with the consumer secret\n";
    let ensured = account.run(&["ensure", &file]).exits(0).prints(&[answers]);
    let summary = format!("6 added, 0 already there: webhook {}\n", account.id());
    assert!(ensured.stdout.ends_with(&summary), "{ensured}");
    account.fire("like.create", "2001");
    let event = account.listening.json();
    assert_eq!((event["kind"].as_str(), event["subscriber"].as_str()), (Some("liked"), Some("2001")));

    let again = account.json(&["ensure", &file]);
    assert_eq!((again[0]["done"].as_array().unwrap().len(), again[0]["kept"].as_u64()), (0, Some(6)));

    account.run(&["migrate", &account.listening.url, "--yes", "--overlap", "0.1"]).exits(0);
    assert!(account.json(&["subscriptions", "list", &account.id()]).is_empty());
    account.fire("dm.received", "2001");
    let event = account.listening.json();
    assert_eq!((event["kind"].as_str(), event["generation"].as_str()), (Some("message_received"), Some("x_activity")));
}

/// Returns an account with two users of the Account Activity API. One of them is also subscribed to
/// one type of the X Activity API.
pub(crate) fn before_the_migration(name: &str) -> Account {
    let account = Account::new(name);
    let file = account.desired(
        "account_activity = [\"2001\", \"2002\"]\n[[activity]]\ntypes = [\"like.create\"]\nusers = [\"2001\"]\n",
    );
    account.json(&["ensure", &file]);
    account
}

#[test]
fn a_dry_migration_prints_the_subscriptions_limits_and_dated_prices() {
    let account = before_the_migration("migrate-cost");
    let migrate = ["migrate", &account.listening.url, "--dry-run"];
    let dated = "in US dollars of 2026-08 (X's documentation: getting-started/pricing,";
    let dry = account.run(&migrate).exits(0).prints(&[dated]);
    for line in [
        "subscriptions: 17 types x 2 users = 34; the app has 1 now + 33 new = 34 afterwards",
        "  limit of self-serve: 1500 / 17 types = 88 users",
        "  limit of partner: 150000 / 17 types = 8823 users",
        "  0.005: post.create",
        "  0.01: dm.received, follow.follow, follow.unfollow",
        "  not billed: dm.indicate_typing, dm.read, dm.sent, post.delete",
        "  not in the table: like.create, post.mention.create, post.quote.create, post.reply.create, post.repost.create",
        "one event of each billed type for each user: 4 x 0.001 + 1 x 0.005 + 3 x 0.01 = 0.039; x 2 users = 0.078 US dollars (5 types not in the table)",
    ] {
        assert!(dry.stdout.lines().any(|printed| printed == line), "{line}:\n{dry}");
    }
    let guide = include_str!("../../../docs/guide/migration.md");
    let (_, cost) = dry.stdout.split_once("subscriptions: ").unwrap();
    assert!(guide.contains(cost), "the guide shows this output: {cost}");
    assert!(guide.contains(include_str!("../src/commands/migrate/prices.toml")), "the guide shows the built-in table");

    let json = account.json(&[&migrate[..], &["--type", "post.create", "--type", "like.create"]].concat()).remove(0);
    assert_eq!((json["users"].as_u64(), json["existing"].as_u64()), (Some(2), Some(1)), "{json}");
    let cost = &json["cost"];
    assert_eq!((cost["needed"].as_u64(), cost["afterwards"].as_u64()), (Some(4), Some(4)), "{json}");
    assert_eq!(cost["prices"], serde_json::json!({"post.create": 0.005, "like.create": null}));
    assert_eq!(
        cost["limits"][0],
        serde_json::json!({"plan": "self-serve", "subscriptions": 1500, "users": 750, "is_enough": true})
    );
    assert_eq!(account.json(&["activity", "list"]).len(), 1, "a dry run changes nothing");
}

#[test]
fn a_file_replaces_the_prices_and_limits_of_a_dry_migration() {
    let account = before_the_migration("migrate-prices");
    let table = |name: &str, price: &str| {
        let table = format!(
            "date = \"2027-02\"\nsource = \"an invoice\"\n[prices]\n\"like.*\" = {price}\n[limits]\nown = 20\n"
        );
        account.folder.file(name, &table)
    };
    let migrate = |file: &str| account.run(&["migrate", &account.listening.url, "--dry-run", "--prices", file]);
    let own = table("own.toml", "0.02");
    migrate(&own).hides(&["self-serve"]).prints(&[
        "  limit of own: 20 / 17 types = 1 user: 14 too few\n",
        "in US dollars of 2027-02 (an invoice):\n",
        "  0.02: like.create\n",
        "  not in the table: block.block, ",
    ]);

    for price in ["-0.02", "nan"] {
        let error = format!("invalid price {}: expected US dollars, 0 or more", price.replace("nan", "NaN"));
        migrate(&table("wrong.toml", price)).refused(&error);
    }
    migrate(&account.folder.file("undated.toml", "source = \"x\"\n[prices]\n[limits]\n")).refused("date");
    // Prices are for a dry run.
    account.run(&["migrate", &account.listening.url, "--yes", "--prices", &own]).exits(2);
}

#[test]
fn watch_reports_missing_webhooks_and_lost_gaps() {
    let account = Account::new("watch");
    let url = account.listening.url.clone();
    account.run(&["watch", &url, "--once"]).exits(1).prints(&[&url]);
    account.json(&["webhooks", "register", &url]);
    account.run(&["watch", &url, "--once"]).exits(0).prints_only("the webhook is valid, and no gap was found\n");
    let down = ["--down-from", "2020-01-01T00:00:00Z", "--down-to", "2020-01-01T01:00:00Z"];
    let lost = account.run(&[&["watch", &url, "--once", "--json"][..], &down].concat()).exits(1);
    assert!(lost.json().iter().any(|event| event["notice"] == "lost"), "{lost}");
    account.run(&["watch", &url, "--down-from", "2020-01-01T00:00:00Z"]).exits(2);
}

#[test]
fn watch_fails_if_x_refuses_to_replay_a_gap() {
    let account = Account::new("refused-replay");
    let url = account.listening.url.clone();
    account.json(&["webhooks", "register", &url, "--api", "enterprise"]);
    let ago = |hours: i64| {
        let time = birdhook_testkit::now().as_millis() - hours * 3_600_000;
        birdhook::event::Timestamp::from_millis(time).to_string()
    };
    let (from, to) = (ago(3), ago(2));
    // X allows five calls in 15 minutes, including calls that fail.
    for _ in 0..5 {
        account.run(&["replay", "--api", "enterprise", "--webhook", &account.id(), "--from", &from, "--to", &to]);
    }
    let down = ["watch", &url, "--api", "enterprise", "--once", "--json", "--down-from", &from, "--down-to", &to];
    let refused = account.run(&down).exits(1);
    assert!(refused.json().iter().any(|event| event["notice"] == "refused"), "{refused}");
}

#[test]
fn validate_neither_prints_nor_counts_deliveries_of_the_doctor() {
    let validating = Serving::start(&["validate", "--user", "2001", "--limit", "60", "--json"]);
    run(&["doctor", "--local", "--quiet", &validating.url]).exits(0);
    like(&validating.url, &["--user", "2001"]).exits(0);
    let first = validating.json();
    assert_eq!(first["kind"], "liked", "{first}");
    let validated = validating.json();
    assert_eq!(validated["arrived"].as_array().map(Vec::len), Some(1), "{validated}");
}

#[test]
fn the_first_like_validates_a_webhook() {
    let validating = Serving::start(&["validate", "--user", "2001", "--limit", "20", "--json"]);
    for user in ["2002", "2001"] {
        like(&validating.url, &["--user", user]).exits(0);
    }
    let lines: Vec<Value> = std::iter::repeat_with(|| validating.json()).take(3).collect();
    assert_eq!((lines[0]["kind"].as_str(), lines[1]["subscriber"].as_str()), (Some("liked"), Some("2001")));
    assert_eq!(lines[2]["user"].as_str(), Some("2001"), "it ends by itself: {}", lines[2]);
    assert_eq!(lines[2]["like"]["name"].as_str(), Some("like.create"));
}

#[test]
fn ensure_names_the_fault_in_a_configuration_file() {
    let account = Account::new("broken");
    for (rest, says) in [
        ("api = \"v3\"\n", "v3"),
        ("users = []\n", "unknown field"),
        ("[[activity]]\ntypes = [\"like.create\"]\n", "expected either users or keywords"),
        ("= 5\n", "desired.toml"),
        ("[[activity]]\ntypes = [\"like.created\"]\nusers = [\"1\"]\n", "did you mean \"like.create\"?"),
        (
            "[[activity]]\ntypes = [\"like.create\"]\nusers = [\"1\"]\nexpires_at = \"soon\"\n",
            "invalid expires_at \"soon\"",
        ),
        ("[[activity]]\ntypes = [\"like.create\"]\nusers = [\"1\"]\ndirection = \"up\"\n", "up"),
        (
            "[[activity]]\ntypes = [\"like.create\"]\nusers = [\"1\"]\ntag = \"a\"\n[[activity]]\ntypes = [\"like.create\", \"post.create\"]\nusers = [\"2\", \"1\"]\ntag = \"b\"\n",
            "like.create of 1",
        ),
    ] {
        account.run(&["ensure", &account.desired(rest)]).exits(2).prints_only("").says(&[says]);
    }
}

#[test]
fn webhooks_are_registered_listed_validated_and_deleted() {
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

        account.run(&["webhooks", "delete", id, "--api", api]).refused("pass --yes");
        account.run(&["webhooks", "delete", id, "--api", api, "--yes"]).exits(0);
        assert!(account.json(&["webhooks", "list", "--api", api]).is_empty(), "{api}");
    }
}

#[test]
fn a_refused_challenge_names_the_secret_that_answered_and_the_other_one() {
    let account = Account::with(
        "other-secret",
        &["--client-secret", "BIRDHOOK_CLIENT_SECRET", "--answers", "consumer"],
        |command| {
            command.env("BIRDHOOK_CLIENT_SECRET", "cli-test-client-secret");
        },
    );
    let file = account.desired("");
    for args in [&["webhooks", "register", &account.listening.url][..], &["ensure", &file]] {
        let says = ["answers challenges with the client secret", "`birdhook listen --answer-with consumer`"];
        account.run(args).exits(2).says(&says);
    }
}

#[test]
fn subscriptions_of_both_apis_are_managed() {
    let account = Account::new("subscriptions");
    account.json(&["webhooks", "register", &account.listening.url]);
    let id = account.id();
    for api in ["v2", "enterprise"] {
        account.run(&["subscriptions", "check", &id, "2001", "--api", api]).exits(1);
        account.run(&["subscriptions", "add", &id, "2001", "2002", "--api", api]).exits(0);
        account.run(&["subscriptions", "check", &id, "2001", "--api", api]).exits(0);
        assert_eq!(account.json(&["subscriptions", "list", &id, "--api", api]).len(), 2);
        assert_eq!(account.json(&["subscriptions", "count", "--api", api])[0]["subscriptions_count"], 2);
        account.run(&["subscriptions", "remove", &id, "2001", "--api", api]).refused("pass --yes");
        account.run(&["subscriptions", "remove", &id, "2001", "2002", "--yes", "--api", api]).exits(0);
    }
    let add = ["activity", "add", "follow.follow", "like.create", "--user", "2001", "--direction", "inbound"];
    let made = account.json(&[&add[..], &["--webhook", &id, "--tag", "t"]].concat());
    assert_eq!((made.len(), made[0]["tag"].as_str()), (2, Some("t")));
    let first = made[0]["subscription_id"].as_str().unwrap();
    let second = made[1]["subscription_id"].as_str().unwrap();
    assert_eq!(account.json(&["activity", "update", first, "--tag", "u"])[0]["tag"], "u");
    assert_eq!(account.json(&["activity", "list"]).len(), 2);
    let typo = account.run(&["activity", "add", "follow.unfollow", "like.created", "--user", "2001"]);
    typo.refused("did you mean \"like.create\"?");
    assert_eq!(account.json(&["activity", "list"]).len(), 2, "nothing is changed");
    // The mock rejects qualifiers for posts, as X does.
    let add = ["activity", "add", "post.create", "follow.unfollow", "--user", "2001", "--qualifier", "post_id=20"];
    let some = account.run(&[&add[..], &["--json"]].concat()).refused("refused: post.create: ");
    assert_eq!(some.json().len(), 1, "the other one is added: {some}");
    assert_eq!(some.json()[0]["filter"]["qualifiers"]["post_id"], "20");
    account.run(&["activity", "list", "--user", "2001"]).prints(&["of 2001, post_id=\"20\""]);
    assert!(account.json(&["activity", "list", "--user", "2002"]).is_empty());
    let third = some.json()[0]["subscription_id"].as_str().unwrap().to_owned();
    let renewed = account.json(&["activity", "renew", &third, "--expires-at", "2099-01-01T00:00:00Z"]);
    assert_eq!(
        (&renewed[0]["subscription_id"], &renewed[0]["filter"]),
        (&third.as_str().into(), &some.json()[0]["filter"])
    );
    account.run(&["activity", "list"]).prints(&["2099-01-01T00:00:00Z"]);
    assert!(account.json(&["activity", "renew", &third, "--permanent"])[0]["expires_at"].is_null());
    account.run(&["activity", "remove", &third, "--yes"]).exits(0);
    let removed = account.json(&["activity", "remove", first, second, "--yes"]);
    assert_eq!(removed[0]["deleted"].as_array().unwrap().len(), 2);
    account.run(&["activity", "remove", first, "--yes"]).exits(1);

    let fields = [
        ("--tweet-fields", "created_at,lang", "tweet.fields"),
        ("--user-fields", "name", "user.fields"),
        ("--media-fields", "url,alt_text", "media.fields"),
        ("--poll-fields", "options", "poll.fields"),
        ("--place-fields", "full_name", "place.fields"),
        ("--expansions", "author_id", "expansions"),
    ];
    let options = fields.iter().flat_map(|(option, value, _)| [*option, *value]);
    let add: Vec<&str> = ["stream-links", "add", &id].into_iter().chain(options).collect();
    account.run(&add).exits(0);
    let link = &account.json(&["stream-links", "list"])[0];
    assert_eq!(link["webhook_id"].as_str(), Some(id.as_str()));
    let linked = link["fields"].to_string();
    for (_, value, name) in fields {
        let first = value.split(',').next().unwrap();
        assert!(linked.contains(&format!("{name}={first}")), "{name}: {linked}");
    }
    account.run(&["stream-links", "remove", &id, "--yes"]).exits(0);
    assert!(account.json(&["stream-links", "list"]).is_empty());
}

#[test]
fn a_refusal_names_the_cause_the_credentials_and_the_fix() {
    let account = Account::new("refusals");
    let private =
        account.run(&["activity", "add", "like.create", "--user", "999"]).refused("the user's OAuth 2.0 token");
    let wrong = account
        .run(&["webhooks", "register", &account.listening.url, "--sign-with", "owner"])
        .refused("[with OAuth 1.0a with the app owner's tokens]");
    let missing = account.run(&["webhooks", "delete", "5", "--yes"]);
    let lines: Vec<&str> = missing.stderr.lines().collect();
    assert!(lines.len() == 3 && lines[2].starts_with("try: list the app's webhooks"), "{missing}");
    let keys = std::fs::read_to_string(account.folder.path("keys.toml")).unwrap();
    let keys: toml::Table = toml::from_str(&keys).unwrap();
    let secrets = ["consumer_secret", "bearer_token"].map(|name| keys[name].as_str().unwrap());
    for ended in [private, wrong, missing] {
        ended.hides(&secrets);
    }
    account.run(&["webhooks", "list", "--credentials", "nowhere.toml"]).refused("cannot read nowhere.toml");
    let empty = account.folder.file("empty.toml", "# no keys\n");
    run(&["webhooks", "list", "--credentials", &empty]).refused("error: no keys\ntry: set BIRDHOOK_CONSUMER_KEY");
}

#[test]
fn open_outcomes_are_confirmed_by_a_list_and_counted() {
    let folder = Folder::new("leaves-open");
    let keys = folder.file("keys.toml", "bearer_token = \"b\"\n[users.2001]\naccess_token = \"t\"\n");
    let one = |id: &str, name: &str, qualifiers: &str| {
        format!(
            r#"{{"subscription_id":"{id}","event_type":"{name}","filter":{{"user_id":"2001"{qualifiers}}},"webhook_id":"19"}}"#
        )
    };
    let list = |all: &[String]| format!(r#"{{"data":[{}]}}"#, all.join(","));
    let duplicate = r#"{"errors":[{"message":"DuplicateSubscriptionFailed: Subscription already exists"}]}"#;
    let (liked, dm) = (one("7", "like.create", ""), one("6", "dm.received", ""));
    let narrow = one("5", "follow.follow", r#","qualifiers":{"direction":"inbound"}"#);
    let (post, get) = ("POST /2/activity/subscriptions", "GET /2/activity/subscriptions");
    let run = |url: &str, args: &[&str]| end(&mut with_keys(&[args, &["--api-url", url]].concat(), &keys));

    let add = ["activity", "add", "dm.received", "like.create", "--user", "2001", "--webhook", "19"];
    let x = FakeX::start([rule(post, 204, ""), rule(get, 200, list(&[liked.clone(), dm.clone()]))]);
    run(&x.url, &add).exits(0).prints_only("added 6 dm.received\nadded 7 like.create\n");
    let created = rule(post, 200, format!(r#"{{"data":{liked}}}"#));
    let x = FakeX::start([rule(post, 400, duplicate).once(), created, rule(get, 200, list(&[dm]))]);
    run(&x.url, &add).exits(0).prints_only("added 7 like.create\nalready there 6 dm.received\n");
    let x = FakeX::start([rule(post, 400, duplicate), rule(get, 403, "{}")]);
    let ended = run(&x.url, &add).exits(1).prints_only("");
    assert_eq!(ended.stderr.matches("unconfirmed: ").count(), 2, "{}", ended.stderr);

    let file = "url = \"https://app.example/hook\"\n[[activity]]\ntypes = [\"follow.follow\"]\nusers = [\"2001\"]\n";
    let file = folder.file("desired.toml", file);
    let subscribers = r#"{"data":{"subscriptions":[{"user_id":"2001"}]}}"#;
    let x = FakeX::start([
        rule("GET /2/webhooks", 200, r#"{"data":[{"id":"19","url":"https://app.example/hook","valid":true}]}"#),
        rule("GET /2/account_activity/webhooks/19/subscriptions/all/list", 200, subscribers),
        rule(get, 200, list(&[narrow])),
        rule(post, 400, duplicate),
    ]);
    run(&x.url, &["ensure", &file]).exits(2).hides(&["run it again"]).prints(&[
        "refused subscribe to follow.follow of 2001: ",
        "5 is for follow.follow of 2001, direction=\"inbound\"",
        "`birdhook activity remove 5 --yes && birdhook activity add follow.follow --user 2001 --webhook 19`",
        "0 added, 1 already there, 1 refused: webhook 19",
    ]);
    let migrate = ["migrate", "https://app.example/hook", "--type", "follow.follow", "--yes", "--overlap", "0.1"];
    let ended = run(&x.url, &migrate).prints(&["0 added, 1 already there, 1 refused"]);
    ended.refused("2001: keeps the subscription");
    let ported = folder.file("ported.toml", "url = \"https://app.example:8443/hook\"\n");
    run(&x.url, &["ensure", &ported, "--dry-run"]).refused("it has a port");
}

#[test]
fn a_dry_migration_prints_nothing_to_do_after_the_migration() {
    let account = Account::new("migrate-dry");
    let file = account.desired("account_activity = [\"2001\"]\n");
    account.run(&["ensure", &file]).exits(0);
    let url = account.listening.url.clone();
    account.run(&["migrate", &url, "--side-by-side"]).exits(0);
    let steps = || {
        let dry = account.run(&["migrate", &url, "--dry-run"]).stdout;
        dry.lines().take_while(|line| !line.starts_with("subscriptions: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(steps(), ["remove 2001's subscription to the Account Activity API"]);
    account.run(&["migrate", &url, "--yes", "--overlap", "0.1"]).exits(0);
    assert_eq!(steps(), ["nothing to do"]);
}
