//! Several apps, several secrets, two headers: who signed a delivery.

use crate::support::{Headers, apps, changed, deliver, fixture, post, post_signed, secret};
use birdhook_core::{App, Delivery, Endpoint, Reason, Settings, signature};

const CONSUMER: &str = signature::HEADER;
const OAUTH2: &str = "X-Twitter-Webhooks-Signature-OAuth2";

fn endpoint(all: impl IntoIterator<Item = App>) -> Endpoint {
    Endpoint::new(apps(all), Settings::default())
}

fn signed(key: &str) -> String {
    signature::sign(&secret(key), fixture("follow").as_bytes())
}

/// The app that the follow was accepted for, or why it was not.
fn accepted_for(endpoint: &Endpoint, headers: Headers<'_>) -> Result<String, Reason> {
    let delivered = post(endpoint, headers, [fixture("follow").as_bytes()]);
    delivered.map(|delivery: Delivery| delivery.app().to_owned()).map_err(|reply| reply.reason())
}

#[test]
fn the_app_whose_secret_signed_is_the_deliverys() {
    let endpoint = endpoint(["a", "b", "c"].map(|name| App::new(name, secret(&format!("secret of {name}")))));
    for name in ["a", "b", "c"] {
        let delivery = post_signed(&endpoint, &format!("secret of {name}"), fixture("several").as_bytes()).unwrap();
        assert_eq!(delivery.app(), name);
        assert!(delivery.events().len() == 4 && delivery.events().iter().all(|event| event.app() == name));
    }
    assert_eq!(accepted_for(&endpoint, &[(CONSUMER, &signed("secret of d"))]), Err(Reason::SignatureWrong));
}

#[test]
fn of_two_apps_with_one_secret_the_first_is_the_deliverys() {
    let endpoint = endpoint(["a", "b"].map(|name| App::new(name, secret("shared"))));
    assert_eq!(accepted_for(&endpoint, &[(CONSUMER, &signed("shared"))]).unwrap(), "a");
}

#[test]
fn an_old_secret_is_accepted_for_as_long_as_it_is_listed() {
    let rotating = |app: App| endpoint([App::new("first", secret("unrelated")), app]);
    let during = rotating(App::new("b", secret("new")).also_accept(secret("old")).also_accept(secret("oldest")));
    for key in ["new", "old", "oldest"] {
        assert_eq!(accepted_for(&during, &[(CONSUMER, &signed(key))]).unwrap(), "b", "{key}");
    }
    let after = during.with_apps(App::new("b", secret("new")));
    assert_eq!(accepted_for(&after, &[(CONSUMER, &signed("new"))]).unwrap(), "b");
    assert_eq!(accepted_for(&after, &[(CONSUMER, &signed("old"))]), Err(Reason::SignatureWrong));
}

#[test]
fn new_apps_keep_the_settings() {
    let mut settings = Settings::default();
    settings.body_limit = 10;
    let endpoint = Endpoint::new(secret("old"), settings).with_apps(secret("new"));
    assert_eq!(accepted_for(&endpoint, &[(CONSUMER, &signed("new"))]), Err(Reason::BodyTooLarge));
}

#[test]
fn without_a_client_secret_the_second_header_is_ignored() {
    let endpoint = endpoint([App::new("a", secret("consumer"))]);
    let good = signed("consumer");
    let nonsense: [Headers<'_>; 4] =
        [&[(OAUTH2, "nonsense")], &[(OAUTH2, "")], &[(OAUTH2, &good)], &[(OAUTH2, &good), (OAUTH2, &good)]];
    for oauth2 in nonsense {
        assert_eq!(accepted_for(&endpoint, oauth2), Err(Reason::SignatureMissing), "{oauth2:?}");
        let both = [oauth2, &[(CONSUMER, good.as_str())]].concat();
        assert_eq!(accepted_for(&endpoint, &both).unwrap(), "a", "{oauth2:?}");
    }
}

#[test]
fn with_a_client_secret_the_second_header_decides_alone() {
    let app = App::new("a", secret("consumer"))
        .also_accept(secret("old consumer"))
        .oauth2_client_secret(secret("client"))
        .oauth2_client_secret(secret("old client"));
    let endpoint = endpoint([app]);
    let [consumer, old_consumer, client, old_client, stranger] =
        ["consumer", "old consumer", "client", "old client", "stranger"].map(signed);

    // The second header is there: it alone counts, whatever the first one holds.
    for good in [&client, &old_client] {
        for first in [&consumer, &stranger, "nonsense"] {
            assert_eq!(accepted_for(&endpoint, &[(OAUTH2, good), (CONSUMER, first)]).unwrap(), "a", "{first}");
        }
        assert_eq!(accepted_for(&endpoint, &[(OAUTH2, good)]).unwrap(), "a");
    }
    for (second, reason) in [
        (stranger.as_str(), Reason::SignatureWrong),
        (&consumer, Reason::SignatureWrong),
        ("nonsense", Reason::SignatureMalformed),
        ("", Reason::SignatureMalformed),
    ] {
        let both = [(CONSUMER, consumer.as_str()), (OAUTH2, second)];
        assert_eq!(accepted_for(&endpoint, &both), Err(reason), "fell back from {second}");
    }
    let twice = [(OAUTH2, client.as_str()), (OAUTH2, &client), (CONSUMER, &consumer)];
    assert_eq!(accepted_for(&endpoint, &twice), Err(Reason::SignatureRepeated));

    // It is not there: the first one counts, with consumer secrets only.
    for good in [&consumer, &old_consumer] {
        assert_eq!(accepted_for(&endpoint, &[(CONSUMER, good)]).unwrap(), "a");
    }
    for wrong in [&client, &old_client] {
        assert_eq!(accepted_for(&endpoint, &[(CONSUMER, wrong)]), Err(Reason::SignatureWrong));
    }
}

#[test]
fn each_app_reads_the_header_that_it_can_check() {
    let endpoint = endpoint([
        App::new("with", secret("consumer 1")).oauth2_client_secret(secret("client 1")),
        App::new("without", secret("consumer 2")),
    ]);
    let [consumer_1, consumer_2, client_1, stranger] = ["consumer 1", "consumer 2", "client 1", "stranger"].map(signed);
    let cases: [(&str, &str, Result<&str, Reason>); 5] = [
        (&consumer_1, &client_1, Ok("with")),
        (&consumer_2, &stranger, Ok("without")),
        (&consumer_2, "nonsense", Ok("without")),
        (&consumer_1, &stranger, Err(Reason::SignatureWrong)),
        ("nonsense", &client_1, Ok("with")),
    ];
    for (consumer, oauth2, expected) in cases {
        let accepted = accepted_for(&endpoint, &[(CONSUMER, consumer), (OAUTH2, oauth2)]);
        assert_eq!(accepted.as_deref().map_err(|reason| *reason), expected, "{consumer} {oauth2}");
    }
}

#[test]
fn echoes_of_the_named_app_are_dropped_and_nothing_else() {
    let events = |echo: &str, body: &str| {
        let endpoint = endpoint([App::new("a", secret("s")).drop_echoes_of(echo)]);
        let delivery = post_signed(&endpoint, "s", body.as_bytes()).unwrap();
        assert_eq!(delivery.body().as_str(), body, "the body stays whole");
        delivery.into_events().len()
    };
    assert_eq!(events("55512", fixture("dm_sent")), 0);
    assert_eq!(events("55513", fixture("dm_sent")), 1);
    assert_eq!(events("5551", fixture("dm_sent")), 1);
    assert_eq!(events("55512", fixture("dm_received")), 1, "no app is named");
    assert_eq!(events("4040", fixture("dm_received")), 1, "a user's id is no app's");
    assert_eq!(events("55512", fixture("revoke")), 1, "only messages have a source app");
    let numeric = changed("dm_sent", "/direct_message_events/0/message_create/source_app_id", 55512);
    assert_eq!(events("55512", &numeric), 0, "an id may be a number");
    let to_a_subscriber = changed("dm_sent", "/for_user_id", "3030");
    assert_eq!(events("55512", &to_a_subscriber), 1, "another subscriber received it: no echo");
    assert_eq!(deliver(fixture("dm_sent")).events().len(), 1, "nothing is dropped unasked");
}

#[test]
fn echoes_leave_the_other_events_of_the_delivery() {
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
