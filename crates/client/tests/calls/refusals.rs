//! Refusals whose code, problem or message says more than their status.

use birdhook_client::api::{EVENT_TYPES, Filter, NewSubscription};
use birdhook_client::{ChallengeFault, CredentialKind, DesiredState, EnsureError, ErrorCause, UrlFault};

use crate::calls::every_call::call;
use crate::calls::expected::check_general;
use crate::calls::fixture::{scripted, scripted_with_retries};
use crate::support::transport::{answer, answer_with, authorization};
use crate::support::{USER, at};

use ErrorCause::{
    AccessLevel, ChallengeFailed, DuplicateUrl, Invalid, LimitReached, Locked, NoCredits, NoSuchWebhook, NotAllowed,
    Permission, ReplayDates, Suspended, Unauthenticated, UrlRefused, UsageCap, WebhookInvalid,
};

/// Returns a body of 1.1.
fn v1(code: i64, message: &str) -> String {
    format!(r#"{{"errors":[{{"code":{code},"message":"{message}"}}]}}"#)
}

/// Returns a problem of v2.
fn problem(title: &str, detail: &str, kind: &str) -> String {
    format!(r#"{{"title":"{title}","detail":"{detail}","type":"https://api.x.com/2/problems/{kind}"}}"#)
}

/// Returns a body of v2 with one error.
fn v2(message: &str) -> String {
    format!(
        r#"{{"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","errors":[{{"message":"{message}"}}]}}"#
    )
}

/// A response to a call, and the cause, the text in the error, and the text in the fix.
type Row = (&'static str, u16, String, ErrorCause, &'static str, &'static str);

#[tokio::test]
async fn the_code_and_the_problem_determine_the_cause_before_the_status() {
    let unknown = "Authenticating with Unknown is forbidden for this endpoint.  Supported authentication types are [OAuth 2.0 Application-Only].";
    let monthly = problem("UsageCapExceeded", "Usage cap exceeded: Monthly product cap", "usage-capped");
    let spend_cap = problem("SpendCapReached", "The spend cap of this cycle is reached.", "credits");
    let xml = "<?xml version=\"1.0\"?><errors><error code=\"215\">Bad data</error></errors>".to_owned();
    let page = "<html><head><title>No entry</title></head><body><p>Ask the proxy</p></body></html>".to_owned();
    let level = "access level does not include this call (403, code 453): A different";
    let capped = "a usage cap is reached (429, UsageCapExceeded): Usage cap exceeded: Monthly";
    let limited = ErrorCause::RateLimited { until: None };
    let unsupported = problem("Unsupported Authentication", unknown, "unsupported-authentication");
    let full = "the limit is reached (400, WebhookLimitExceeded) [with";
    let (subscribe, list) = ("enterprise.subscribe", "webhooks.list");
    let table: Vec<Row> = vec![
        (subscribe, 403, v1(453, "A different access level."), AccessLevel, level, "raise the app's access level"),
        (subscribe, 403, v1(64, "Your account is suspended."), Suspended, "code 64", "appeal"),
        (subscribe, 401, r#"{"errors":[{"code":63}]}"#.to_owned(), Suspended, "code 63", "appeal"),
        (subscribe, 403, v1(326, "This account is temporarily locked."), Locked, "temporarily locked", "unlock"),
        (list, 402, "{}".to_owned(), NoCredits, "no credits left (402)", "buy credits"),
        (list, 403, problem("Spent", "Nothing is left.", "credits"), NoCredits, "Nothing is left.", "buy credits"),
        (list, 429, monthly, UsageCap, capped, "raise the cap"),
        (list, 403, spend_cap, UsageCap, "SpendCapReached", "raise the cap"),
        (list, 429, r#"{"title":"Too Many Requests"}"#.to_owned(), limited, "429", "wait until"),
        (list, 403, unsupported, Unauthenticated, "Authenticating with Unknown", "birdhook auth app"),
        ("webhooks.register", 400, v2("WebhookLimitExceeded: "), LimitReached, full, "birdhook webhooks list"),
        ("webhooks.replay", 400, v2("QueryParamInvalid: from_date"), ReplayDates, "QueryParamInvalid", "31 minutes"),
        ("activity.list", 400, v2("QueryParamInvalid: max_results"), Invalid, "QueryParamInvalid", "correct the field"),
        (list, 400, xml, Unauthenticated, "(400, code 215): Bad data", "birdhook auth app"),
        (list, 403, page, NotAllowed, "(403): No entry Ask the proxy", "X's console"),
        ("enterprise.count", 403, v1(87, "No"), NotAllowed, "code 87", "console"),
        ("aaa.subscribe", 403, v1(93, "No"), Permission, "code 93", "auth user`"),
    ];
    for (name, status, body, cause, shown, fix) in table {
        let (client, _) = scripted([answer(status, &body)]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!(*error.cause(), cause, "{error}");
        assert!(error.to_string().contains(shown), "{error}");
        assert!(error.fix().contains(fix), "{error}: {}", error.fix());
        check_general(&error);
    }
}

#[tokio::test]
async fn an_unknown_code_has_a_neutral_cause_and_shows_x_s_message() {
    let unknown = v1(9001, "The moon is full.");
    for (name, status, body) in [
        ("enterprise.subscribe", 403, &*unknown),
        ("enterprise.subscribe", 401, &unknown),
        ("enterprise.subscribe", 404, &unknown),
        ("enterprise.subscribe", 409, &unknown),
        ("webhooks.list", 402, &unknown),
        ("aaa.subscribe", 403, &problem("", "The moon is full.", "moon")),
        ("aaa.subscribe", 403, "<errors><error code='9001'>The moon is full.</error></errors>"),
    ] {
        let (client, _) = scripted([answer(status, body)]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!(
            (error.cause(), error.message()),
            (&ErrorCause::Other, Some("The moon is full.")),
            "{status} {body}"
        );
        assert_eq!(error.fix(), "see X's message");
        check_general(&error);
    }
    // Without an unknown code, the status determines the cause.
    let (client, _) = scripted([answer(403, r#"{"detail":"Forbidden","type":"about:blank","status":403}"#)]);
    assert_eq!(*call(&client, "aaa.subscribe").await.unwrap_err().cause(), Permission);
}

#[tokio::test(start_paused = true)]
async fn a_cap_is_not_retried() {
    let capped = r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Daily","type":"https://api.x.com/2/problems/usage-capped"}"#;
    let headers = [("x-rate-limit-remaining", "39999"), ("x-rate-limit-reset", "1795426230")];
    let (client, sent) = scripted_with_retries([answer_with(429, &headers, capped)]);
    let error = call(&client, "webhooks.list").await.unwrap_err();
    assert_eq!((error.cause(), error.is_retryable(), sent.count()), (&UsageCap, false, 1));
    let (client, sent) = scripted_with_retries([answer_with(429, &headers, "{}"), answer(200, r#"{"data":[]}"#)]);
    call(&client, "webhooks.list").await.unwrap();
    assert_eq!(sent.count(), 2);
}

#[tokio::test]
async fn a_rejected_token_names_the_login_to_run_again() {
    let expired = r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#;
    let unauthorized = r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;
    let late = r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#;
    for (name, kind, body, fix) in [
        ("enterprise.subscribe", CredentialKind::User, expired, "`birdhook auth user` and have user 2001 authorise"),
        ("aaa.subscribe", CredentialKind::User, unauthorized, "`birdhook auth user` and have user 2001 authorise"),
        ("aaa.subscribe", CredentialKind::User2, unauthorized, "`birdhook auth user2` and have user 2001 authorise"),
        ("enterprise.register", CredentialKind::Owner, expired, "`birdhook auth user --owner`"),
        ("webhooks.list", CredentialKind::Bearer, expired, "`birdhook auth app`"),
        ("enterprise.subscribe", CredentialKind::User, late, "set this machine's clock"),
    ] {
        let (client, _) = scripted([answer(401, body)]);
        let error = call(&client.only(kind), name).await.unwrap_err();
        assert_eq!((error.cause(), error.credential()), (&Unauthenticated, Some(kind)), "{name}");
        assert!(error.fix().contains(fix), "{name}: {}", error.fix());
        check_general(&error);
    }
}

#[tokio::test]
async fn a_refused_subscription_names_the_scopes_and_the_command_that_obtains_them() {
    let forbidden = r#"{"title":"Forbidden","type":"about:blank","status":403,"detail":"Forbidden"}"#;
    for known in EVENT_TYPES {
        let (client, _) = scripted([answer(403, forbidden)]);
        let new = NewSubscription::new(known.name, Filter::user(USER));
        let error = client.only(CredentialKind::User2).activity().create(&new).await.unwrap_err();
        assert_eq!((error.cause(), error.scopes(), error.user()), (&Permission, known.scopes, Some(USER)));
        let scopes = known.scopes.join(", ");
        assert!(error.to_string().contains(&format!(": it needs the scopes {scopes} (403)")), "{error}");
        let fix = error.fix();
        let says = format!("run `birdhook auth user2`, which requests {scopes}, and have user 2001 authorise");
        assert!(fix.starts_with(&says), "{fix}");
        check_general(&error);
    }
    let (client, _) = scripted([answer(403, forbidden)]);
    let error = client.only(CredentialKind::User2).account_activity().subscribe("1", USER).await.unwrap_err();
    assert!(error.to_string().contains("it needs the scopes dm.read, dm.write, tweet.read, users.read"), "{error}");
    // OAuth 1.0a for a private type. X may follow its introduction and refuse it.
    let (client, _) = scripted([answer(403, forbidden)]);
    let new = NewSubscription::new("dm.received", Filter::user(USER));
    let error = client.only(CredentialKind::User).activity().create(&new).await.unwrap_err();
    assert!(error.fix().starts_with("run `birdhook auth user2`, which requests dm.read"), "{}", error.fix());
}

#[tokio::test]
async fn follows_are_signed_with_the_user_s_token_if_there_is_one() {
    let made = r#"{"data":{"subscription":{"subscription_id":"7","event_type":"follow.follow","filter":{}}}}"#;
    for (user, expected) in [(USER, "Bearer oauth2-token"), ("4004", "Bearer bearer-token")] {
        for name in ["follow.follow", "follow.unfollow"] {
            let (client, sent) = scripted([answer(200, made)]);
            client.activity().create(&NewSubscription::new(name, Filter::user(user))).await.unwrap();
            assert_eq!(authorization(&sent.all()[0]), expected, "{name}");
        }
    }
}

#[tokio::test]
async fn missing_credentials_name_the_commands_that_obtain_them() {
    let (client, sent) = scripted([]);
    let new = NewSubscription::new("like.create", Filter::user("4004"));
    let error = client.activity().create(&new).await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::NoCredential(&[CredentialKind::User2, CredentialKind::User]));
    assert!(error.fix().contains("`birdhook auth user2`") && error.fix().contains("`birdhook auth user`"));
    check_general(&error);
    let error = client.only(CredentialKind::User).webhooks().list().await.unwrap_err();
    assert!(error.fix().contains("`birdhook auth user`"), "{}", error.fix());
    assert_eq!(sent.count(), 0);
}

#[tokio::test]
async fn causes_with_a_command_as_fix_name_it() {
    let of = async |name: &str, status: u16, body: &str| {
        let (client, _) = scripted([answer(status, body)]);
        call(&client, name).await.unwrap_err()
    };
    let body = |reason: &str| format!(r#"{{"errors":[{{"message":"{reason}: words"}}]}}"#);
    for (name, reason, cause, command) in [
        ("webhooks.register", "DuplicateUrlFailed", DuplicateUrl, "birdhook webhooks list"),
        ("webhooks.register", "WebhookLimitExceeded", LimitReached, "birdhook webhooks delete ID"),
        ("activity.create", "SubscriptionLimitExceeded", LimitReached, "birdhook activity remove ID"),
        ("aaa.subscribe", "SubscriptionLimitExceeded", LimitReached, "birdhook subscriptions list"),
        ("webhooks.delete", "WebhookIdInvalid", NoSuchWebhook, "birdhook webhooks list"),
        ("webhooks.replay", "CrcValidationFailed: marked invalid", WebhookInvalid, "birdhook webhooks validate"),
        ("webhooks.register", "CrcValidationFailed", ChallengeFailed(ChallengeFault::Unknown), "birdhook doctor"),
        ("webhooks.register", "UrlValidationFailed", UrlRefused(UrlFault::Unknown), "birdhook doctor"),
    ] {
        let error = of(name, 400, &body(reason)).await;
        assert_eq!(*error.cause(), cause, "{error}");
        assert!(error.fix().contains(command), "{error}: {}", error.fix());
        check_general(&error);
    }
    let until = Some(at("2026-11-23T09:31:00Z"));
    let (client, _) = scripted([answer_with(429, &[("x-rate-limit-reset", "1795426260")], "")]);
    assert_eq!(*call(&client, "webhooks.list").await.unwrap_err().cause(), ErrorCause::RateLimited { until });
}

#[tokio::test]
async fn ensure_finds_a_webhook_whatever_the_case_of_its_host() {
    let listed = r#"{"data":[{"id":"27","url":"https://Hooks.Example/x","valid":true}]}"#;
    for (url, is_there) in [("https://hooks.example/x", true), ("https://hooks.example/X", false)] {
        let (client, _) = scripted([answer(200, listed)]);
        let desired = DesiredState::new(url);
        assert_eq!(client.ensure(&desired).plan().await.unwrap().is_empty(), is_there, "{url}");
    }
}

#[tokio::test]
async fn ensure_fails_if_x_registers_the_webhook_as_invalid() {
    let none = || answer(200, r#"{"data":[],"meta":{"result_count":0}}"#);
    let made = answer(200, r#"{"data":{"id":"27","url":"https://hooks.example/x","valid":false}}"#);
    let (client, sent) = scripted([none(), none(), made]);
    let desired = DesiredState::new("https://hooks.example/x").account_activity(USER);
    let error = client.ensure(&desired).without_probe().run().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Invalid(id) if id == "27"), "{error}");
    assert_eq!(sent.count(), 3, "no user is subscribed");
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");

/// Compares the table in `docs/protocol.md` with the one in the code.
#[test]
fn the_documented_scopes_match_the_code() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (_, section) = page.split_once("### What a subscription to each type takes").unwrap();
    let rows = section.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let mut documented = Vec::new();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let list = |cell: &str| cell.split(", ").map(|one| one.trim_matches('`').to_owned()).collect::<Vec<_>>();
        for name in list(cells[0]) {
            documented.push((name, list(cells[1]), list(cells[2])));
        }
    }
    let short = |kind: &CredentialKind| match kind {
        CredentialKind::Bearer => "B",
        CredentialKind::User2 => "user2",
        _ => "user",
    };
    let owned = |text: &&str| (*text).to_owned();
    let mut known: Vec<_> = EVENT_TYPES
        .iter()
        .map(|known| {
            let takes = known.takes.iter().map(|kind| short(kind).to_owned()).collect();
            (known.name.to_owned(), known.scopes.iter().map(owned).collect(), takes)
        })
        .collect();
    documented.sort();
    known.sort();
    assert_eq!(documented, known);
}
