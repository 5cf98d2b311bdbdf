//! The client and the mock X against X's OpenAPI 2.173.
//!
//! `fixtures/x-openapi-2.173.json` holds its paths of webhooks and subscriptions with parameters
//! and schemas, without prose. The variable `BIRDHOOK_X_OPENAPI` selects another description.

use std::collections::BTreeSet;
use std::slice;

use birdhook_client::api::{Filter, FilterDirection, NewSubscription, SubscriptionChange};
use birdhook_client::{Client, CredentialKind};
use birdhook_testkit::mock::{ActivityAnswer, StreamLinksList, StreamLinksPath, WebhookAuth};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::Value;

use crate::calls::fixture::Fixture;
use crate::calls::openapi_schema::Description;
use crate::support::transport::authorization;
use crate::support::{USER, at, span};

fn description() -> Description {
    let text = match std::env::var_os("BIRDHOOK_X_OPENAPI") {
        Some(path) => std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        None => include_str!("../fixtures/x-openapi-2.173.json").to_owned(),
    };
    Description(serde_json::from_str(&text).unwrap())
}

/// Makes every v2 call once, some of them with each kind of credentials.
async fn every_call(fixture: &Fixture, client: &Client) {
    let (hooks, aaa, activity) = (client.webhooks(), client.account_activity(), client.activity());
    let webhook = hooks.register(&fixture.receiver.url).await.unwrap();
    let id = webhook.id.as_str();
    let owner = client.only(CredentialKind::Owner);
    assert!(owner.webhooks().validate(id).await.unwrap());
    assert!(hooks.validate(id).await.unwrap());
    assert_eq!(hooks.list().await.unwrap(), slice::from_ref(&webhook));
    let span = span("23T08:00", "23T08:10");
    assert!(hooks.replay(id, span).await.unwrap().id.is_some());

    for kind in [CredentialKind::User, CredentialKind::User2] {
        let only = client.only(kind);
        only.account_activity().subscribe(id, USER).await.unwrap();
        assert!(only.account_activity().is_subscribed(id, USER).await.unwrap());
        assert_eq!(aaa.subscribers(id).await.unwrap(), [USER]);
        assert_eq!(aaa.count().await.unwrap().subscriptions_count, Some(1));
        aaa.unsubscribe(id, USER).await.unwrap();
    }

    let filter = Filter::user(USER).direction(FilterDirection::Outbound).qualifier("post_id", "20");
    let like = NewSubscription::new("like.create", filter).webhook(id).tag("t").expires_at(at("2027-01-01T00:00:00Z"));
    let like = activity.create(&like).await.unwrap();
    let news = activity.create(&NewSubscription::new("news.new", Filter::keyword("tea"))).await.unwrap();
    let bio = activity.create(&NewSubscription::new("profile.update.bio", Filter::user(USER))).await.unwrap();
    let mut change = SubscriptionChange::webhook(id);
    change.tag = Some("tea".to_owned());
    let changed = activity.update(&news.id, &change).await.unwrap();
    let page = activity.page(1, None).await.unwrap();
    assert_eq!(page.subscriptions, slice::from_ref(&like));
    let rest = activity.page(1000, page.next.as_deref()).await.unwrap();
    assert_eq!(rest.subscriptions, [changed, bio.clone()]);
    for kind in [CredentialKind::Bearer, CredentialKind::User, CredentialKind::User2] {
        assert_eq!(client.only(kind).activity().list_of(USER).await.unwrap(), [like.clone(), bio.clone()]);
    }
    activity.delete(&bio.id).await.unwrap();
    let gone = [like.id, news.id, "5".to_owned()];
    assert_eq!(activity.delete_many(&gone).await.unwrap().missing, ["5"]);

    let links = client.stream_links();
    links.create(id, &[]).await.unwrap();
    assert_eq!(links.list().await.unwrap().len(), 1);
    links.delete(id).await.unwrap();
    owner.webhooks().delete(id).await.unwrap();
    // Makes calls that fail, to check the shape of errors.
    for error in [hooks.delete(id).await, aaa.subscribe(id, USER).await, activity.delete("1").await] {
        error.unwrap_err();
    }
}

#[tokio::test]
async fn every_call_and_response_matches_x_s_description() {
    let description = description();
    let fixture = Fixture::of(|all| {
        all.webhook_auth = WebhookAuth::BearerOrOwner;
        all.activity_answer = ActivityAnswer::Nested;
        all.stream_links_path = StreamLinksPath::OpenApi;
        all.stream_links_list = StreamLinksList::Array;
    })
    .await;
    every_call(&fixture, &fixture.client).await;

    let (mut called, mut sent) = (BTreeSet::new(), BTreeSet::new());
    let exchanges = fixture.sent.exchanges();
    for (request, response) in &exchanges {
        let operation = exchange(fixture.x.app().bearer.as_str(), &description, request, response.as_ref().unwrap());
        sent.extend(members(&operation, request));
        called.insert(operation);
    }
    // The stream is unrelated to webhooks.
    let mut not_called = description.operations();
    not_called.retain(|operation| !called.contains(operation) && operation != "GET /2/activity/stream");
    assert!(not_called.is_empty(), "{not_called:?}");
    let not_sent: Vec<String> = description.members().into_iter().filter(|member| !sent.contains(member)).collect();
    assert!(not_sent.is_empty(), "described, and never sent: {not_sent:?}");
    eprintln!("{} exchanges are as X describes them", exchanges.len());
}

/// Returns a request's query parameters and body members, prefixed with the operation.
fn members(operation: &str, request: &Request<Bytes>) -> Vec<String> {
    fn add(value: &Value, at: &str, all: &mut Vec<String>) {
        for (name, member) in value.as_object().into_iter().flatten() {
            all.push(format!("{at}.{name}"));
            add(member, &format!("{at}.{name}"), all);
        }
    }
    let query = request.uri().query().unwrap_or_default();
    let query = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| format!("{operation}?{name}"));
    let mut all: Vec<String> = query.collect();
    add(&serde_json::from_slice(request.body()).unwrap_or_default(), operation, &mut all);
    all
}

#[test]
fn every_described_event_type_can_be_subscribed() {
    let description = description();
    let types =
        description.0.pointer("/components/schemas/CreateActivitySubscriptionRequest/properties/event_type/enum");
    let types: Vec<&str> = types.unwrap().as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(types.len(), 45);
    for name in types {
        NewSubscription::new(name, Filter::user(USER)).check(at("2026-11-23T09:30:00Z")).unwrap();
    }
}

/// Checks a request and its response against the description. Returns the operation.
fn exchange(bearer: &str, description: &Description, request: &Request<Bytes>, answer: &Response<Bytes>) -> String {
    let name = format!("{} {}", request.method(), request.uri());
    let (method, path) = (request.method().as_str(), request.uri().path());
    let found = description.operation(method, path);
    let (template, operation) = found.unwrap_or_else(|| panic!("{name} is not described"));

    let header = authorization(request);
    let is_app = header == format!("Bearer {bearer}");
    let scheme = if is_app { "BearerToken" } else { "OAuth2UserToken" };
    let scheme = if header.starts_with("OAuth ") { "UserToken" } else { scheme };
    let allowed = operation["security"].as_array().unwrap();
    assert!(allowed.iter().any(|one| one.get(scheme).is_some()), "{name} with {scheme}: {allowed:?}");

    for (parameter, part) in template.split('/').zip(path.split('/')) {
        if let Some(parameter) = parameter.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let schema = description.parameter(operation, parameter).unwrap();
            description.check_text(schema, part, &format!("{name}: {parameter}"));
        }
    }
    for (parameter, value) in form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        let schema = description.parameter(operation, &parameter);
        let schema = schema.unwrap_or_else(|| panic!("{name} takes no {parameter}"));
        description.check_text(schema, &value, &format!("{name}: {parameter}"));
    }
    let body = &operation["requestBody"];
    assert_eq!(body["required"] == Value::Bool(true), !request.body().is_empty(), "{name}: {:?}", request.body());
    if body.is_object() {
        assert_eq!(request.headers()["content-type"], "application/json");
        let sent: Value = serde_json::from_slice(request.body()).unwrap();
        description.check(&body["content"]["application/json"]["schema"], &sent, &format!("{name}: body"));
    }

    let body_received: Value = serde_json::from_slice(answer.body()).unwrap();
    let (kind, is_success) = (answer.headers()["content-type"].to_str().unwrap(), answer.status().is_success());
    let status = answer.status().as_u16().to_string();
    let responses = &operation["responses"];
    let described = responses.get(&status).unwrap_or(&responses["default"]);
    assert_eq!(is_success, responses.get(&status).is_some(), "{name}: {status}");
    let kind = kind.split(';').next().unwrap();
    let schema = &described["content"][kind]["schema"];
    assert!(schema.is_object(), "{name}: {kind} is not described");
    description.check(schema, &body_received, &format!("{name}: answer"));
    format!("{method} {template}")
}
