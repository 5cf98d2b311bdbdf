//! Refusals whose code, problem or message says more than their status.

use birdhook_client::api::{EVENT_TYPES, Filter, NewSubscription};
use birdhook_client::{ChallengeFault, CredentialKind, DesiredState, EnsureError, ErrorCause, UrlFault};

use crate::calls::retries::call;
use crate::calls::stated::sound;
use crate::calls::transport::{answer, answer_with, authorization};
use crate::calls::world::{USER, again_by_the_book, at, by_the_book};

/// A call, status and body; then the cause, the text in the error, and the text in the fix.
type Row = (&'static str, u16, &'static str, ErrorCause, &'static str, &'static str);

#[tokio::test]
async fn the_code_and_the_problem_say_more_than_the_status() {
    let unknown = r#"{"title":"Unsupported Authentication","detail":"Authenticating with Unknown is forbidden for this endpoint.  Supported authentication types are [OAuth 2.0 Application-Only].","type":"https://api.twitter.com/2/problems/unsupported-authentication","status":403}"#;
    let table: &[Row] = &[
        (
            "enterprise.subscribe",
            403,
            r#"{"errors":[{"message":"A different access level is needed.","code":453}]}"#,
            ErrorCause::AccessLevel,
            "access level does not include this call (403, code 453): A different",
            "Raise the app's access level",
        ),
        (
            "enterprise.subscribe",
            403,
            r#"{"errors":[{"code":64,"message":"Your account is suspended."}]}"#,
            ErrorCause::Suspended,
            "code 64",
            "appeal",
        ),
        ("enterprise.subscribe", 401, r#"{"errors":[{"code":63}]}"#, ErrorCause::Suspended, "code 63", "appeal"),
        (
            "enterprise.subscribe",
            403,
            r#"{"errors":[{"code":326,"message":"This account is temporarily locked."}]}"#,
            ErrorCause::Locked,
            "temporarily locked",
            "unlock",
        ),
        ("webhooks.list", 402, "{}", ErrorCause::NoCredits, "no credits left (402)", "Buy credits"),
        (
            "webhooks.list",
            403,
            r#"{"title":"Spent","detail":"Nothing is left.","type":"https://api.x.com/2/problems/credits"}"#,
            ErrorCause::NoCredits,
            "Nothing is left.",
            "Buy credits",
        ),
        (
            "webhooks.list",
            429,
            r#"{"title":"UsageCapExceeded","period":"Monthly","detail":"Usage cap exceeded: Monthly product cap","type":"https://api.twitter.com/2/problems/usage-capped"}"#,
            ErrorCause::UsageCap,
            "a usage cap is reached (429, UsageCapExceeded): Usage cap exceeded: Monthly",
            "Raise the cap",
        ),
        (
            "webhooks.list",
            403,
            r#"{"title":"SpendCapReached","detail":"The spend cap of this cycle is reached.","type":"https://api.twitter.com/2/problems/credits"}"#,
            ErrorCause::UsageCap,
            "SpendCapReached",
            "Raise the cap",
        ),
        (
            "webhooks.list",
            429,
            r#"{"title":"Too Many Requests"}"#,
            ErrorCause::RateLimited { until: None },
            "429",
            "Wait until",
        ),
        (
            "webhooks.list",
            403,
            unknown,
            ErrorCause::Unauthenticated,
            "Authenticating with Unknown",
            "birdhook auth app",
        ),
        (
            "webhooks.register",
            400,
            r#"{"title":"Invalid Request","detail":"One or more parameters to your request was invalid.","errors":[{"message":"WebhookLimitExceeded: "}]}"#,
            ErrorCause::LimitReached,
            "there are as many as there may be (400, WebhookLimitExceeded) [with",
            "birdhook webhooks list",
        ),
        (
            "webhooks.replay",
            400,
            r#"{"errors":[{"message":"QueryParamInvalid: from_date is not a date"}]}"#,
            ErrorCause::ReplayDates,
            "QueryParamInvalid",
            "31 minutes",
        ),
        (
            "activity.list",
            400,
            r#"{"errors":[{"message":"QueryParamInvalid: max_results"}]}"#,
            ErrorCause::Invalid,
            "QueryParamInvalid",
            "Correct what X's words name.",
        ),
        (
            "webhooks.list",
            400,
            "<?xml version=\"1.0\"?><errors><error code=\"215\">Bad data</error></errors>",
            ErrorCause::Unauthenticated,
            "(400, code 215): Bad data",
            "birdhook auth app",
        ),
        (
            "webhooks.list",
            403,
            "<html><head><title>No entry</title></head><body><p>Ask the proxy</p></body></html>",
            ErrorCause::NotAllowed,
            "(403): No entry Ask the proxy",
            "X's console",
        ),
        (
            "enterprise.count",
            403,
            r#"{"errors":[{"code":87,"message":"No"}]}"#,
            ErrorCause::NotAllowed,
            "code 87",
            "console",
        ),
        (
            "aaa.subscribe",
            403,
            r#"{"errors":[{"code":93,"message":"No"}]}"#,
            ErrorCause::Permission,
            "code 93",
            "auth user`",
        ),
    ];
    for (name, status, body, cause, shown, fix) in table {
        let (client, _) = by_the_book([answer(*status, body)]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!(error.cause(), cause, "{error}");
        assert!(error.to_string().contains(shown), "{error}");
        assert!(error.fix().contains(fix), "{error}: {}", error.fix());
        sound(&error);
    }
}

#[tokio::test]
async fn an_unfamiliar_code_stays_neutral_and_shows_x_s_words() {
    for (name, status, body) in [
        ("enterprise.subscribe", 403, r#"{"errors":[{"code":9001,"message":"The moon is full."}]}"#),
        ("enterprise.subscribe", 401, r#"{"errors":[{"code":9001,"message":"The moon is full."}]}"#),
        ("enterprise.subscribe", 404, r#"{"errors":[{"code":9001,"message":"The moon is full."}]}"#),
        ("enterprise.subscribe", 409, r#"{"errors":[{"code":9001,"message":"The moon is full."}]}"#),
        ("webhooks.list", 402, r#"{"errors":[{"code":9001,"message":"The moon is full."}]}"#),
        ("aaa.subscribe", 403, r#"{"detail":"The moon is full.","type":"https://api.x.com/2/problems/moon"}"#),
        ("aaa.subscribe", 403, "<errors><error code='9001'>The moon is full.</error></errors>"),
    ] {
        let (client, _) = by_the_book([answer(status, body)]);
        let error = call(&client, name).await.unwrap_err();
        assert_eq!(
            (error.cause(), error.message()),
            (&ErrorCause::Other, Some("The moon is full.")),
            "{status} {body}"
        );
        assert_eq!(error.fix(), "See X's words.");
        sound(&error);
    }
    // Without an unknown code, the status determines the cause.
    let (client, _) = by_the_book([answer(403, r#"{"detail":"Forbidden","type":"about:blank","status":403}"#)]);
    assert_eq!(*call(&client, "aaa.subscribe").await.unwrap_err().cause(), ErrorCause::Permission);
}

#[tokio::test(start_paused = true)]
async fn a_cap_is_not_waited_for() {
    let capped = r#"{"title":"UsageCapExceeded","detail":"Usage cap exceeded: Daily","type":"https://api.x.com/2/problems/usage-capped"}"#;
    let headers = [("x-rate-limit-remaining", "39999"), ("x-rate-limit-reset", "1795426230")];
    let (client, sent) = again_by_the_book([answer_with(429, &headers, capped)]);
    let error = call(&client, "webhooks.list").await.unwrap_err();
    assert_eq!((error.cause(), error.is_retryable(), sent.count()), (&ErrorCause::UsageCap, false, 1));
    let (client, sent) = again_by_the_book([answer_with(429, &headers, "{}"), answer(200, r#"{"data":[]}"#)]);
    call(&client, "webhooks.list").await.unwrap();
    assert_eq!(sent.count(), 2);
}

#[tokio::test]
async fn a_token_that_x_does_not_accept_names_the_login_to_run_again() {
    let expired = r#"{"errors":[{"code":89,"message":"Invalid or expired token."}]}"#;
    let unauthorized = r#"{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}"#;
    let late = r#"{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}"#;
    for (name, kind, body, fix) in [
        ("enterprise.subscribe", CredentialKind::User, expired, "`birdhook auth user` and let user 2001 agree"),
        ("aaa.subscribe", CredentialKind::User, unauthorized, "`birdhook auth user` and let user 2001 agree"),
        ("aaa.subscribe", CredentialKind::User2, unauthorized, "`birdhook auth user2` and let user 2001 agree"),
        ("enterprise.register", CredentialKind::Owner, expired, "`birdhook auth user --owner`"),
        ("webhooks.list", CredentialKind::Bearer, expired, "`birdhook auth app`"),
        ("enterprise.subscribe", CredentialKind::User, late, "Set this machine's clock"),
    ] {
        let (client, _) = by_the_book([answer(401, body)]);
        let error = call(&client.only(kind), name).await.unwrap_err();
        assert_eq!((error.cause(), error.credential()), (&ErrorCause::Unauthenticated, Some(kind)), "{name}");
        assert!(error.fix().contains(fix), "{name}: {}", error.fix());
        sound(&error);
    }
}

#[tokio::test]
async fn a_refused_subscription_names_the_scopes_and_the_command_that_obtains_them() {
    let forbidden = r#"{"title":"Forbidden","type":"about:blank","status":403,"detail":"Forbidden"}"#;
    for known in EVENT_TYPES {
        let (client, _) = by_the_book([answer(403, forbidden)]);
        let new = NewSubscription::new(known.name, Filter::user(USER));
        let error = client.only(CredentialKind::User2).activity().create(&new).await.unwrap_err();
        assert_eq!((error.cause(), error.scopes(), error.user()), (&ErrorCause::Permission, known.scopes, Some(USER)));
        let scopes = known.scopes.join(", ");
        assert!(error.to_string().contains(&format!(": it takes the scopes {scopes} (403)")), "{error}");
        let fix = error.fix();
        let says = format!("Run `birdhook auth user2`, which asks for {scopes}, and let user 2001 agree");
        assert!(fix.starts_with(&says), "{fix}");
        sound(&error);
    }
    let (client, _) = by_the_book([answer(403, forbidden)]);
    let error = client.only(CredentialKind::User2).account_activity().subscribe("1", USER).await.unwrap_err();
    assert!(error.to_string().contains("it takes the scopes dm.read, dm.write, tweet.read, users.read"), "{error}");
    // OAuth 1.0a for a private type. X may follow its introduction and refuse it.
    let (client, _) = by_the_book([answer(403, forbidden)]);
    let new = NewSubscription::new("dm.received", Filter::user(USER));
    let error = client.only(CredentialKind::User).activity().create(&new).await.unwrap_err();
    assert!(error.fix().starts_with("Run `birdhook auth user2`, which asks for dm.read"), "{}", error.fix());
}

#[tokio::test]
async fn follows_go_out_with_the_user_s_token_where_there_is_one() {
    let made = r#"{"data":{"subscription":{"subscription_id":"7","event_type":"follow.follow","filter":{}}}}"#;
    for (user, expected) in [(USER, "Bearer oauth2-token"), ("4004", "Bearer bearer-token")] {
        for name in ["follow.follow", "follow.unfollow"] {
            let (client, sent) = by_the_book([answer(200, made)]);
            client.activity().create(&NewSubscription::new(name, Filter::user(user))).await.unwrap();
            assert_eq!(authorization(&sent.all()[0]), expected, "{name}");
        }
    }
}

#[tokio::test]
async fn missing_credentials_name_the_commands_that_obtain_them() {
    let (client, sent) = by_the_book([]);
    let new = NewSubscription::new("like.create", Filter::user("4004"));
    let error = client.activity().create(&new).await.unwrap_err();
    assert_eq!(*error.cause(), ErrorCause::NoCredential(&[CredentialKind::User2, CredentialKind::User]));
    assert!(error.fix().contains("`birdhook auth user2`") && error.fix().contains("`birdhook auth user`"));
    sound(&error);
    let error = client.only(CredentialKind::User).webhooks().list().await.unwrap_err();
    assert!(error.fix().contains("`birdhook auth user`"), "{}", error.fix());
    assert_eq!(sent.count(), 0);
}

#[tokio::test]
async fn every_cause_that_a_command_cures_names_it() {
    let of = async |name: &str, status: u16, body: &str| {
        let (client, _) = by_the_book([answer(status, body)]);
        call(&client, name).await.unwrap_err()
    };
    let said = |reason: &str| format!(r#"{{"errors":[{{"message":"{reason}: words"}}]}}"#);
    for (name, reason, cause, command) in [
        ("webhooks.register", "DuplicateUrlFailed", ErrorCause::DuplicateUrl, "birdhook webhooks list"),
        ("webhooks.register", "WebhookLimitExceeded", ErrorCause::LimitReached, "birdhook webhooks delete ID"),
        ("activity.create", "SubscriptionLimitExceeded", ErrorCause::LimitReached, "birdhook activity remove ID"),
        ("aaa.subscribe", "SubscriptionLimitExceeded", ErrorCause::LimitReached, "birdhook subscriptions list"),
        ("webhooks.delete", "WebhookIdInvalid", ErrorCause::NoSuchWebhook, "birdhook webhooks list"),
        (
            "webhooks.replay",
            "CrcValidationFailed: marked invalid",
            ErrorCause::WebhookInvalid,
            "birdhook webhooks validate",
        ),
        (
            "webhooks.register",
            "CrcValidationFailed",
            ErrorCause::ChallengeFailed(ChallengeFault::Unknown),
            "birdhook doctor",
        ),
        ("webhooks.register", "UrlValidationFailed", ErrorCause::UrlRefused(UrlFault::Unknown), "birdhook doctor"),
    ] {
        let error = of(name, 400, &said(reason)).await;
        assert_eq!(*error.cause(), cause, "{error}");
        assert!(error.fix().contains(command), "{error}: {}", error.fix());
        sound(&error);
    }
    let until = Some(at("2026-11-23T09:31:00Z"));
    let (client, _) = by_the_book([answer_with(429, &[("x-rate-limit-reset", "1795426260")], "")]);
    assert_eq!(*call(&client, "webhooks.list").await.unwrap_err().cause(), ErrorCause::RateLimited { until });
}

#[tokio::test]
async fn ensure_knows_the_webhook_of_a_url_whose_host_is_written_otherwise() {
    let listed = r#"{"data":[{"id":"27","url":"https://Hooks.Example/x","valid":true}]}"#;
    for (url, is_there) in [("https://hooks.example/x", true), ("https://hooks.example/X", false)] {
        let (client, _) = by_the_book([answer(200, listed)]);
        let wanted = DesiredState::new(url);
        assert_eq!(client.ensure(&wanted).plan().await.unwrap().is_empty(), is_there, "{url}");
    }
}

#[tokio::test]
async fn ensure_does_not_succeed_with_a_webhook_that_x_registers_as_invalid() {
    let none = || answer(200, r#"{"data":[],"meta":{"result_count":0}}"#);
    let made = answer(200, r#"{"data":{"id":"27","url":"https://hooks.example/x","valid":false}}"#);
    let (client, sent) = by_the_book([none(), none(), made]);
    let wanted = DesiredState::new("https://hooks.example/x").account_activity(USER);
    let error = client.ensure(&wanted).without_probe().run().await.unwrap_err();
    assert!(matches!(&error, EnsureError::Invalid(id) if id == "27"), "{error}");
    assert_eq!(sent.count(), 3, "nobody is subscribed to it");
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol.md");

/// Compares the table in `docs/protocol.md` with the one in the code.
#[test]
fn the_documented_table_of_scopes_is_that_of_the_code() {
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
