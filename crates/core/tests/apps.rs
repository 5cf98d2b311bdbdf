//! Several apps, secrets and headers: which app a delivery is accepted for.

use crate::support::{Headers, apps, changed, deliver, fixture, post, post_signed, secret};
use birdhook_core::{App, Delivery, Endpoint, EndpointSettings, Outcome, signature};

const CONSUMER: &str = signature::HEADER;
const OAUTH2: &str = "X-Twitter-Webhooks-Signature-OAuth2";

fn endpoint(all: impl IntoIterator<Item = App>) -> Endpoint {
    Endpoint::new(apps(all), EndpointSettings::default())
}

fn signed(key: &str) -> String {
    signature::sign(&secret(key), fixture("follow").as_bytes())
}

/// Returns the app for which the follow was accepted, or the reason for its rejection.
fn accepted_for(endpoint: &Endpoint, headers: Headers<'_>) -> Result<String, Outcome> {
    let delivered = post(endpoint, headers, [fixture("follow").as_bytes()]);
    delivered.map(|delivery: Delivery| delivery.app().to_owned()).map_err(|reply| reply.outcome())
}

#[test]
fn the_delivery_belongs_to_the_app_whose_secret_signed() {
    let endpoint = endpoint(["a", "b", "c"].map(|name| App::new(name, secret(&format!("secret-of-{name}")))));
    for name in ["a", "b", "c"] {
        let delivery = post_signed(&endpoint, &format!("secret-of-{name}"), fixture("several").as_bytes()).unwrap();
        assert_eq!(delivery.app(), name);
        assert!(delivery.events().len() == 4 && delivery.events().iter().all(|event| event.app() == name));
    }
    assert_eq!(accepted_for(&endpoint, &[(CONSUMER, &signed("secret-of-d"))]), Err(Outcome::SignatureWrong));
}

#[test]
fn the_first_of_two_apps_with_one_secret_gets_the_delivery() {
    let endpoint = endpoint(["a", "b"].map(|name| App::new(name, secret("shared"))));
    assert_eq!(accepted_for(&endpoint, &[(CONSUMER, &signed("shared"))]).unwrap(), "a");
}

#[test]
fn an_old_secret_is_accepted_while_it_is_listed() {
    let rotating = |app: App| endpoint([App::new("first", secret("unrelated")), app]);
    let during =
        rotating(App::new("b", secret("new")).add_consumer_secret(secret("old")).add_consumer_secret(secret("oldest")));
    for key in ["new", "old", "oldest"] {
        assert_eq!(accepted_for(&during, &[(CONSUMER, &signed(key))]).unwrap(), "b", "{key}");
    }
    let after = during.with_apps(App::new("b", secret("new")));
    assert_eq!(accepted_for(&after, &[(CONSUMER, &signed("new"))]).unwrap(), "b");
    assert_eq!(accepted_for(&after, &[(CONSUMER, &signed("old"))]), Err(Outcome::SignatureWrong));
}

#[test]
fn new_apps_keep_the_settings() {
    let mut settings = EndpointSettings::default();
    settings.body_limit = 10;
    let endpoint = Endpoint::new(secret("old"), settings).with_apps(secret("new"));
    assert_eq!(accepted_for(&endpoint, &[(CONSUMER, &signed("new"))]), Err(Outcome::BodyTooLarge));
}

#[test]
fn without_a_client_secret_the_second_header_is_ignored() {
    let endpoint = endpoint([App::new("a", secret("consumer"))]);
    let good = signed("consumer");
    let nonsense: [Headers<'_>; 4] =
        [&[(OAUTH2, "nonsense")], &[(OAUTH2, "")], &[(OAUTH2, &good)], &[(OAUTH2, &good), (OAUTH2, &good)]];
    for oauth2 in nonsense {
        assert_eq!(accepted_for(&endpoint, oauth2), Err(Outcome::SignatureMissing), "{oauth2:?}");
        let both = [oauth2, &[(CONSUMER, good.as_str())]].concat();
        assert_eq!(accepted_for(&endpoint, &both).unwrap(), "a", "{oauth2:?}");
    }
}

fn app_of_both() -> App {
    App::new("a", secret("consumer"))
        .add_consumer_secret(secret("old-consumer"))
        .add_client_secret(secret("client"))
        .add_client_secret(secret("old-client"))
}

#[test]
fn with_both_secrets_every_present_header_must_be_correct() {
    let endpoint = endpoint([app_of_both()]);
    let [consumer, old_consumer, client, old_client, stranger] =
        ["consumer", "old-consumer", "client", "old-client", "stranger"].map(signed);

    for first in [&consumer, &old_consumer] {
        assert_eq!(accepted_for(&endpoint, &[(CONSUMER, first)]).unwrap(), "a");
        for second in [&client, &old_client] {
            assert_eq!(accepted_for(&endpoint, &[(OAUTH2, second)]).unwrap(), "a");
            assert_eq!(accepted_for(&endpoint, &[(OAUTH2, second), (CONSUMER, first)]).unwrap(), "a");
        }
    }
    let wrong: [(&str, Outcome); 4] = [
        (&stranger, Outcome::SignatureWrong),
        ("nonsense", Outcome::SignatureMalformed),
        ("", Outcome::SignatureMalformed),
        ("sha256=", Outcome::SignatureMalformed),
    ];
    for (bad, reason) in wrong {
        for headers in [
            [(CONSUMER, consumer.as_str()), (OAUTH2, bad)].as_slice(),
            &[(CONSUMER, bad), (OAUTH2, &client)],
            &[(CONSUMER, bad)],
            &[(OAUTH2, bad)],
        ] {
            assert_eq!(accepted_for(&endpoint, headers), Err(reason), "{headers:?}");
        }
    }
    // A secret of the other kind does not match either header.
    for headers in [[(CONSUMER, client.as_str())].as_slice(), &[(OAUTH2, &consumer)]] {
        assert_eq!(accepted_for(&endpoint, headers), Err(Outcome::SignatureWrong), "{headers:?}");
    }
    for twice in [
        [(OAUTH2, client.as_str()), (OAUTH2, &client), (CONSUMER, &consumer)],
        [(OAUTH2, client.as_str()), (CONSUMER, &consumer), (CONSUMER, &consumer)],
    ] {
        assert_eq!(accepted_for(&endpoint, &twice), Err(Outcome::SignatureRepeated), "{twice:?}");
    }
    assert_eq!(accepted_for(&endpoint, &[]), Err(Outcome::SignatureMissing));
}

/// Tests the only protection against a downgrade to the old header.
#[test]
fn without_a_consumer_secret_the_old_header_is_ignored() {
    let app = App::with_client_secret("a", secret("client")).add_client_secret(secret("old-client"));
    let endpoint = endpoint([app]);
    let [client, old_client, stranger] = ["client", "old-client", "stranger"].map(signed);
    for good in [&client, &old_client] {
        for first in [&client, &stranger, "nonsense", ""] {
            assert_eq!(accepted_for(&endpoint, &[(CONSUMER, first), (OAUTH2, good)]).unwrap(), "a", "{first}");
        }
        assert_eq!(accepted_for(&endpoint, &[(OAUTH2, good)]).unwrap(), "a");
        assert_eq!(accepted_for(&endpoint, &[(CONSUMER, good)]), Err(Outcome::SignatureMissing), "ignored, so missing");
    }
    assert_eq!(accepted_for(&endpoint, &[(OAUTH2, &stranger)]), Err(Outcome::SignatureWrong));
}

#[test]
fn each_app_reads_the_headers_that_it_can_check() {
    let endpoint = endpoint([
        App::new("both", secret("consumer-1")).add_client_secret(secret("client-1")),
        App::new("consumer", secret("consumer-2")),
        App::with_client_secret("client", secret("client-3")),
    ]);
    let [consumer_1, consumer_2, client_1, client_3, stranger] =
        ["consumer-1", "consumer-2", "client-1", "client-3", "stranger"].map(signed);
    let cases: [(&str, &str, Result<&str, Outcome>); 10] = [
        (&consumer_1, &client_1, Ok("both")),
        (&consumer_2, &stranger, Ok("consumer")),
        (&consumer_2, "nonsense", Ok("consumer")),
        (&stranger, &client_3, Ok("client")),
        ("nonsense", &client_3, Ok("client")),
        (&consumer_1, &stranger, Err(Outcome::SignatureWrong)),
        ("nonsense", &client_1, Err(Outcome::SignatureWrong)),
        ("nonsense", "nonsense", Err(Outcome::SignatureMalformed)),
        // Correct for two apps, each of which can check only one of the headers.
        (&consumer_2, &client_3, Ok("consumer")),
        // One header is correct for one app, the other for another app. They are never combined.
        (&consumer_2, &client_1, Ok("consumer")),
    ];
    for (consumer, oauth2, expected) in cases {
        let accepted = accepted_for(&endpoint, &[(CONSUMER, consumer), (OAUTH2, oauth2)]);
        assert_eq!(accepted.as_deref().map_err(|reason| *reason), expected, "{consumer} {oauth2}");
    }
}

#[test]
fn correct_signatures_of_different_apps_are_not_combined() {
    let both = |name: &str| {
        App::new(name, secret(&format!("consumer-{name}"))).add_client_secret(secret(&format!("client-{name}")))
    };
    let endpoint = endpoint([both("a"), both("b")]);
    for (consumer, client, expected) in [
        ("consumer-a", "client-a", Ok("a")),
        ("consumer-b", "client-b", Ok("b")),
        ("consumer-a", "client-b", Err(Outcome::SignatureWrong)),
        ("consumer-b", "client-a", Err(Outcome::SignatureWrong)),
    ] {
        let accepted = accepted_for(&endpoint, &[(CONSUMER, &signed(consumer)), (OAUTH2, &signed(client))]);
        assert_eq!(accepted.as_deref().map_err(|reason| *reason), expected, "{consumer}, {client}");
    }
}

#[test]
fn a_delivery_reports_when_the_answering_kind_did_not_sign() {
    use birdhook_core::SecretKind::{Client, Consumer};
    let another = |app: &App, keys: &[(&str, &str)]| {
        let values: Vec<_> = keys.iter().map(|(name, key)| (*name, signed(key))).collect();
        let headers: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let delivery = post(&endpoint([app.clone()]), &headers, [fixture("follow").as_bytes()]);
        delivery.unwrap().signed_with_other_kind()
    };
    let by_consumer = app_of_both().answer_challenges_with(Consumer);
    for (keys, with_client, with_consumer) in [
        ([(CONSUMER, "old-consumer")].as_slice(), Some(Consumer), None),
        (&[(OAUTH2, "client")], None, Some(Client)),
        (&[(OAUTH2, "client"), (CONSUMER, "consumer")], None, None),
    ] {
        assert_eq!(another(&app_of_both(), keys), with_client, "{keys:?}");
        assert_eq!(another(&by_consumer, keys), with_consumer, "{keys:?}");
    }
    let (alone, ignored) = (App::new("a", secret("consumer")), (OAUTH2, "stranger"));
    assert_eq!(another(&alone, &[(CONSUMER, "consumer"), ignored]), None, "the app has only one kind");
    let without = alone.answer_challenges_with(Client);
    assert_eq!(another(&without, &[(CONSUMER, "consumer"), (OAUTH2, "stranger")]), Some(Consumer));
    assert_eq!(another(&app_of_both().hold_challenges(), &[(CONSUMER, "consumer")]), None, "nothing answers");
}

#[test]
fn an_app_signs_with_every_kind_that_it_has() {
    let body = fixture("follow").as_bytes();
    for (app, names) in [
        (App::new("a", secret("consumer")), [CONSUMER].as_slice()),
        (App::with_client_secret("a", secret("client")), &[signature::HEADER_OAUTH2]),
        (app_of_both(), &[CONSUMER, signature::HEADER_OAUTH2]),
    ] {
        let headers = app.sign(body);
        assert_eq!(birdhook_core::SecretKind::ALL.iter().filter(|kind| app.has(**kind)).count(), names.len());
        assert_eq!(headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(accepted_for(&endpoint([app]), &headers).unwrap(), "a");
    }
}

#[test]
fn both_kinds_of_secrets_are_joined_by_app_name() {
    let apps = birdhook_core::Apps::none().add_client_secrets(" shop=client, blog=c2,shop=old-client ").unwrap();
    let apps = apps.add_consumer_secrets("blog=consumer,news=c3").unwrap();
    let names: Vec<_> = apps.iter().map(|app| app.name().to_owned()).collect();
    assert_eq!(names, ["shop", "blog", "news"]);
    let endpoint = Endpoint::new(apps, EndpointSettings::default());
    for (header, key, expected) in [
        (OAUTH2, "client", Ok("shop")),
        (OAUTH2, "old-client", Ok("shop")),
        (OAUTH2, "c2", Ok("blog")),
        (CONSUMER, "consumer", Ok("blog")),
        (CONSUMER, "c3", Ok("news")),
        (CONSUMER, "client", Err(Outcome::SignatureWrong)),
        (OAUTH2, "c3", Err(Outcome::SignatureWrong)),
    ] {
        let accepted = accepted_for(&endpoint, &[(header, &signed(key))]);
        assert_eq!(accepted.as_deref().map_err(|reason| *reason), expected, "{header} {key}");
    }
    let bare = birdhook_core::Apps::none().add_consumer_secrets("a").unwrap().add_client_secrets("b").unwrap();
    assert_eq!(bare.iter().map(App::name).collect::<Vec<_>>(), ["default"], "one app with both");
}

#[test]
fn only_echoes_of_the_named_app_are_dropped() {
    let events = |echo: &str, body: &str| {
        let endpoint = endpoint([App::new("a", secret("s")).drop_echoes_of(echo)]);
        let delivery = post_signed(&endpoint, "s", body.as_bytes()).unwrap();
        assert_eq!(delivery.body().as_str(), body, "the body is unchanged");
        delivery.into_events().len()
    };
    assert_eq!(events("55512", fixture("dm_sent")), 0);
    assert_eq!(events("55513", fixture("dm_sent")), 1);
    assert_eq!(events("5551", fixture("dm_sent")), 1);
    assert_eq!(events("55512", fixture("dm_received")), 1, "no app is named");
    assert_eq!(events("4040", fixture("dm_received")), 1, "a user id is not an app id");
    assert_eq!(events("55512", fixture("revoke")), 1, "only messages have a source app");
    let numeric = changed("dm_sent", "/direct_message_events/0/message_create/source_app_id", 55512);
    assert_eq!(events("55512", &numeric), 0, "an id may be a number");
    let to_a_subscriber = changed("dm_sent", "/for_user_id", "3030");
    assert_eq!(events("55512", &to_a_subscriber), 1, "another subscriber received it: no echo");
    assert_eq!(deliver(fixture("dm_sent")).events().len(), 1, "nothing is dropped unasked");
}

#[test]
fn dropping_echoes_keeps_the_other_events() {
    let (sent, received) = (fixture("dm_sent"), fixture("dm_received"));
    let element = |body: &str| crate::support::value(body)["direct_message_events"][0].to_string();
    let body = format!(
        r#"{{"for_user_id":"4040","direct_message_events":[{},{},{}]}}"#,
        element(sent),
        element(received),
        element(sent)
    );
    let endpoint = endpoint([App::new("a", secret("s")).drop_echoes_of("55512")]);
    let events = post_signed(&endpoint, "s", body.as_bytes()).unwrap().into_events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].raw().as_str(), element(received));
}
