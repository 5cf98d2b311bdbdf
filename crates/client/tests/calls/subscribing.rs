//! Subscribing to the X Activity API, with open outcomes confirmed by X's list.

use std::slice;

use birdhook_client::api::{
    ActivitySubscription, Filter, FilterDirection, NewSubscription, Subscribed, SubscriptionChange, SubscriptionFault,
};
use birdhook_client::{CredentialKind, ErrorCause};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{ActivityAnswer, MockApi};
use http::Method;
use serde_json::{Value, json};

use crate::calls::fixture::{Fixture, scripted};
use crate::support::transport::{Outcome, answer};
use crate::support::{USER, at};

const DUPLICATE: &str =
    r#"{"title":"Invalid Request","errors":[{"message":"DuplicateSubscriptionFailed: Subscription already exists"}]}"#;

fn duplicate() -> Outcome {
    answer(400, DUPLICATE)
}

/// Returns a listed subscription to the user's follows.
fn listed(id: &str, filter: &Value, webhook: &str) -> Value {
    json!({"subscription_id": id, "event_type": "follow.follow", "filter": filter, "webhook_id": webhook})
}

fn list(all: &[Value]) -> Outcome {
    answer(200, &json!({"data": all, "meta": {"result_count": all.len()}}).to_string())
}

fn new() -> NewSubscription {
    NewSubscription::new("follow.follow", Filter::user(USER)).webhook("77")
}

/// Returns the outcome in a word, with the ids of the subscriptions.
fn word(outcome: &Subscribed) -> String {
    match outcome {
        Subscribed::Added(one) => format!("added {}", one.id),
        Subscribed::AlreadyThere(one) => format!("there {}", one.id),
        Subscribed::InTheWay { others, .. } => {
            let ids: Vec<&str> = others.iter().map(|one| one.id.as_str()).collect();
            format!("in the way {}", ids.join(" "))
        }
        Subscribed::Unconfirmed(why) => format!("unconfirmed: {why}"),
        Subscribed::Refused(error) => format!("refused: {:?}", error.cause()),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn open_outcomes_are_confirmed_by_the_list() {
    let plain = json!({"user_id": USER});
    let equal = listed("1", &plain, "77");
    let narrower = listed("2", &json!({"user_id": USER, "qualifiers": {"direction": "inbound"}}), "77");
    let unfamiliar = listed("3", &json!({"user_id": USER, "direction": "sideways"}), "77");
    let unknown = listed("4", &json!({"user_id": USER, "language": "en"}), "77");
    let elsewhere = listed("5", &plain, "66");
    let of_other = listed("6", &json!({"user_id": "3003"}), "77");
    let mut expired = listed("7", &plain, "77");
    expired["expires_at"] = json!("2026-11-23T09:29:59Z");
    let forbidden = || answer(403, r#"{"title":"Forbidden","detail":"Forbidden"}"#);
    let made = |one: &Value| answer(200, &json!({"data": {"subscription": one}}).to_string());
    let other_made = "unconfirmed: X accepted the call, but created 2 for";
    let cases: Vec<(&str, Vec<Outcome>, &str)> = vec![
        ("named", vec![made(&equal)], "added 1"),
        ("empty", vec![answer(204, ""), list(&[narrower.clone(), equal.clone()])], "added 1"),
        ("a page", vec![answer(200, "<html>"), list(slice::from_ref(&equal))], "added 1"),
        ("without data", vec![answer(201, r#"{"meta":{}}"#), list(slice::from_ref(&equal))], "added 1"),
        ("narrower", vec![made(&narrower), list(slice::from_ref(&narrower))], other_made),
        ("empty, not listed", vec![answer(204, ""), list(slice::from_ref(&of_other))], "unconfirmed: X accepted"),
        ("empty, unreadable", vec![answer(204, ""), forbidden()], "unconfirmed: X accepted"),
        ("duplicate", vec![duplicate(), list(&[of_other.clone(), equal.clone()])], "there 1"),
        ("409", vec![answer(409, ""), list(slice::from_ref(&equal))], "there 1"),
        ("only in errors", vec![answer(200, DUPLICATE), list(slice::from_ref(&equal))], "there 1"),
        ("a qualifier", vec![duplicate(), list(slice::from_ref(&narrower))], "in the way 2"),
        ("a direction", vec![duplicate(), list(&[unfamiliar])], "in the way 3"),
        ("a member", vec![duplicate(), list(&[unknown])], "in the way 4"),
        ("another webhook", vec![duplicate(), list(&[narrower, elsewhere])], "in the way 5"),
        ("expired", vec![duplicate(), list(&[expired])], "in the way 7"),
        ("not listed", vec![duplicate(), list(&[of_other])], "unconfirmed: X responds"),
        ("not readable", vec![duplicate(), forbidden()], "unconfirmed: X responds"),
        ("down, and made", vec![answer(503, ""), list(&[equal])], "added 1"),
        ("down", vec![answer(503, ""), list(&[])], "refused: Down"),
        ("refused", vec![answer(403, "{}")], "refused: Permission"),
    ];
    for (name, answers, expected) in cases {
        let count = answers.len();
        let (client, sent) = scripted(answers);
        let outcome = word(&client.activity().subscribe(&new()).await);
        assert!(outcome.starts_with(expected), "{name}: {outcome}");
        assert_eq!(sent.count(), count, "{name}");
    }
}

#[tokio::test]
async fn create_confirms_an_empty_success() {
    let equal = listed("1", &json!({"user_id": USER}), "77");
    let (client, _) = scripted([answer(204, ""), list(&[equal])]);
    assert_eq!(client.activity().create(&new()).await.unwrap().id, "1");
    let (client, _) = scripted([answer(204, ""), list(&[])]);
    assert_eq!(*client.activity().create(&new()).await.unwrap_err().cause(), ErrorCause::Unreadable);
    let (client, _) = scripted([duplicate()]);
    assert_eq!(*client.activity().create(&new()).await.unwrap_err().cause(), ErrorCause::AlreadySubscribed);
}

#[tokio::test]
async fn an_empty_success_of_a_change_or_a_deletion_is_confirmed() {
    let mut tagged = listed("1", &json!({"user_id": USER}), "77");
    tagged["tag"] = json!("bell");
    let (client, _) = scripted([answer(204, ""), list(slice::from_ref(&tagged))]);
    assert_eq!(client.activity().update("1", &SubscriptionChange::tag("bell")).await.unwrap().id, "1");
    let (client, _) = scripted([answer(204, ""), list(slice::from_ref(&tagged))]);
    client.activity().update("1", &SubscriptionChange::tag("other")).await.unwrap_err();
    let ids = ["1".to_owned(), "2".to_owned()];
    let (client, _) = scripted([answer(204, ""), list(&[])]);
    assert_eq!(client.activity().delete_many(&ids).await.unwrap().deleted, ids);
    let (client, _) = scripted([answer(204, ""), list(&[tagged])]);
    let error = client.activity().delete_many(&ids).await.unwrap_err();
    assert!(error.to_string().contains("still lists 1"), "{error}");
}

#[tokio::test]
async fn subscriptions_with_unknown_filters_are_listed() {
    let all = [
        listed("1", &json!({"user_id": USER, "direction": "sideways"}), "77"),
        listed("2", &json!({"user_id": USER, "qualifiers": {"depth": 3}}), "77"),
        listed("3", &json!({"keyword": ["tea", "salt"]}), "77"),
        listed("4", &json!("everything"), "77"),
        json!({"subscription_id": 5, "event_type": "follow.follow", "tag": {"x": 1}, "webhook_id": 77}),
    ];
    let (client, _) = scripted([list(&all)]);
    let read: Vec<ActivitySubscription> = client.activity().list().await.unwrap();
    let ids: Vec<&str> = read.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5"]);
    let shown: Value = serde_json::to_value(&read).unwrap();
    assert_eq!(shown[0]["filter"], json!({"user_id": USER, "direction": "sideways"}));
    assert_eq!(read[4].webhook_id.as_deref(), Some("77"));
}

#[tokio::test]
async fn unknown_filter_members_are_never_sent() {
    let one = listed("1", &json!({"user_id": USER, "language": "en"}), "77");
    let (client, sent) = scripted([list(&[one])]);
    let one = client.activity().list().await.unwrap().remove(0);
    let again = NewSubscription::again(&one, Some(at("2027-01-01T00:00:00Z")));
    let error = client.activity().renew(&again).await.unwrap_err();
    assert!(error.to_string().contains("language: \"en\""), "{error}");
    assert!(matches!(client.activity().subscribe(&again).await, Subscribed::Refused(_)));
    client.activity().create(&again).await.unwrap_err();
    assert_eq!(sent.count(), 1, "only the list is requested");
}

#[tokio::test]
async fn qualifiers_and_expiries_are_sent_and_listed() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let filter = Filter::user(USER).qualifier("direction", "inbound").qualifier("mood", "calm");
    let end = at("2026-12-01T00:00:00Z");
    let new = NewSubscription::new("follow.follow", filter.clone()).webhook(&webhook.id).expires_at(end);
    let made = fixture.client.activity().create(&new).await.unwrap();
    let body: Value = serde_json::from_slice(fixture.sent.all()[0].body()).unwrap();
    let expected = json!({"event_type": "follow.follow", "webhook_id": webhook.id, "expires_at": "2026-12-01T00:00:00Z",
        "filter": {"user_id": USER, "qualifiers": {"direction": "inbound", "mood": "calm"}}});
    assert_eq!(body, expected);
    assert_eq!((&made.filter, made.expires_at), (&filter, Some(end)));
    assert_eq!(fixture.client.activity().list().await.unwrap(), [made]);
    let refused = NewSubscription::new("news.new", Filter::keyword("tea").qualifier("post_id", "1"));
    assert_eq!(*fixture.client.activity().create(&refused).await.unwrap_err().cause(), ErrorCause::Invalid);
}

#[tokio::test]
async fn renewing_sets_the_expiry_and_an_update_keeps_it() {
    let fixture = Fixture::of(|all| all.activity_answer = ActivityAnswer::Empty).await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let activity = fixture.client.activity();
    let filter = Filter::user(USER).direction(FilterDirection::Inbound);
    let new = NewSubscription::new("like.create", filter).webhook(&webhook.id).tag("bell");
    let expiry = at("2026-12-01T00:00:00Z");
    let one = activity.create(&new.clone().expires_at(expiry)).await.unwrap();
    let changed = activity.update(&one.id, &SubscriptionChange::tag("other")).await.unwrap();
    assert_eq!(changed.expires_at, Some(expiry));
    let later = at("2026-12-31T00:00:00.250Z");
    let renewed = activity.renew(&NewSubscription::again(&changed, Some(later))).await.unwrap();
    assert_eq!((&renewed.id, &renewed.filter), (&one.id, &new.filter));
    assert_eq!(renewed.expires_at.unwrap().to_string(), later.to_string());
    let permanent = activity.renew(&NewSubscription::again(&renewed, None)).await.unwrap();
    assert_eq!((permanent.id, permanent.expires_at), (one.id, None));
}

#[tokio::test]
async fn a_user_s_subscriptions_are_listed_with_the_app_s_or_the_user_s_token() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::V2).await;
    let mine = fixture.x.subscribe_to(&webhook, USER, MockEventKind::Follow).unwrap();
    fixture.x.subscribe_to(&webhook, "4004", MockEventKind::Follow).unwrap();
    for kind in [CredentialKind::Bearer, CredentialKind::User2, CredentialKind::User] {
        let read = fixture.client.only(kind).activity().list_of(USER).await.unwrap();
        assert_eq!(read.iter().map(|one| &one.id).collect::<Vec<_>>(), [&mine.id], "{kind}");
    }
    let sent = fixture.sent.all();
    assert!(sent.iter().all(|request| request.method() == Method::GET));
    let expected = format!("/2/activity/subscriptions?user_id={USER}&max_results=1000");
    assert!(sent.iter().any(|request| *request.uri().path_and_query().unwrap() == *expected), "{:?}", sent[0].uri());
}

#[tokio::test]
async fn faults_are_found_before_a_call() {
    let (new, user) = (|name: &str, filter| NewSubscription::new(name, filter), || Filter::user(USER));
    let now = at("2026-11-23T09:30:00Z");
    for (new, says) in [
        (new("like.created", user()), "unknown event type \"like.created\": did you mean \"like.create\"?"),
        (new("like.create", Filter::user("ada")), "invalid user id \"ada\": expected 1 to 19 digits"),
        (new("like.create", Filter::default()), "names neither a user nor a keyword"),
        (new("news.new", Filter::keyword("")), "invalid keyword"),
        (new("mute.mute", user().direction(FilterDirection::Inbound)), "mute.mute accepts no direction"),
        (new("like.create", user()).tag(""), "invalid tag"),
        (new("like.create", user()).expires_at(now), "expected a time in the future"),
    ] {
        let fault = new.check(now).unwrap_err();
        assert!(fault.to_string().contains(says), "{fault}");
    }
    let alias = NewSubscription::new("chat.conversation_join", user().qualifier("any", "value"));
    alias.check(now).unwrap();
    let (client, _) = scripted([]);
    let of_other = NewSubscription::new("like.create", Filter::user("4004"));
    let fault = client.activity().check(&of_other).await.unwrap_err();
    assert!(matches!(fault, SubscriptionFault::Credentials { .. }), "{fault}");
    assert!(fault.to_string().ends_with("; run `birdhook auth user2`"), "{fault}");
}

#[test]
fn the_replace_command_keeps_the_expiry_and_tag() {
    let read = |value: Value| serde_json::from_value::<ActivitySubscription>(value).unwrap();
    let mut narrower = listed("5", &json!({"user_id": USER, "direction": "inbound"}), "77");
    narrower["expires_at"] = json!("2099-01-01T00:00:00Z");
    narrower["tag"] = json!("it's");
    let desired = NewSubscription::new("follow.follow", Filter::user(USER).qualifier("a", "b c")).webhook("77");
    let command = desired.replace_command(&read(narrower));
    let expected = "birdhook activity remove 5 --yes && birdhook activity add follow.follow --user 2001 \
        --qualifier 'a=b c' --webhook 77 --tag 'it'\\''s' --expires-at 2099-01-01T00:00:00Z";
    assert_eq!(command, expected);
    let elsewhere = read(listed("6", &json!({"user_id": USER}), "66"));
    assert_eq!(new().replace_command(&elsewhere), "birdhook activity update 6 --webhook 77");
}
