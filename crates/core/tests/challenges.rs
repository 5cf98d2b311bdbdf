//! Replies to a GET, row by row of the table of replies.

use crate::support::{Headers, SECRET, apps, endpoint, endpoint_with, get, secret};
use birdhook_core::crc::TokenPolicy;
use birdhook_core::{
    App, AppSelector, Apps, ChallengeSignature, Endpoint, EndpointSettings, HeadResult, Outcome, RequestHead,
    SecretKind, signature,
};

/// Returns the reply to `token`, signed with `key`.
fn answer(key: &str, token: &str) -> String {
    format!(r#"{{"response_token":"{}"}}"#, signature::sign(&secret(key), token.as_bytes()))
}

/// Returns an endpoint of two apps.
fn with(change: impl FnOnce(&mut EndpointSettings)) -> Endpoint {
    endpoint_with(apps([App::new("bees", secret(SECRET)), App::new("clocks", secret("other"))]), change)
}

#[test]
fn a_valid_token_is_answered_with_its_signature() {
    let longest = "a".repeat(512);
    let printable: String = (' '..='~').filter(|c| !"{&".contains(*c)).collect();
    let encoded: String = printable.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for (query, token) in [
        ("crc_token=abc", "abc"),
        ("crc_token=abc&nonce=MTc2OTUxODI5MjkxNA", "abc"),
        ("nonce=MTc2OTUxODI5MjkxNA&crc_token=abc", "abc"),
        ("tenant=x&crc_token=abc&nonce=n", "abc"),
        ("crc_token_old=1&CRC_TOKEN=2&crc_token=abc", "abc"),
        ("crc%5ftoken=abc", "abc"),
        ("crc_token=a%2Bb", "a+b"),
        ("crc_token=a+b", "a b"),
        ("crc_token=a=b=", "a=b="),
        ("crc_token=%257B", "%7B"),
        ("crc_token=[1,2]", "[1,2]"),
        ("&&crc_token=abc&", "abc"),
        (&format!("crc_token={longest}"), &longest),
        (&format!("crc_token={encoded}"), &printable),
    ] {
        let reply = get(&endpoint(), &format!("/twitter?{query}"), &[]);
        assert_eq!((reply.status(), reply.outcome()), (200, Outcome::ChallengeAnswered), "{query}");
        assert_eq!(reply.headers().collect::<Vec<_>>(), [("content-type", "application/json")], "{query}");
        assert_eq!(*reply.body(), answer(SECRET, token), "{query}");
    }
}

#[test]
fn an_invalid_token_is_400_with_the_reason() {
    let (long, long_encoded) = ("a".repeat(513), "%61".repeat(513));
    for (target, reason) in [
        ("/", Outcome::TokenMissing),
        ("/?", Outcome::TokenMissing),
        ("/?nonce=n", Outcome::TokenMissing),
        ("/?xcrc_token=a&crc_tokenx=a", Outcome::TokenMissing),
        ("/?tenant=crc_token%3Da", Outcome::TokenMissing),
        ("/?crc_token=", Outcome::TokenEmpty),
        ("/?crc_token", Outcome::TokenEmpty),
        ("/?crc_token=&nonce=n", Outcome::TokenEmpty),
        ("/?crc_token=a&crc_token=a", Outcome::TokenRepeated),
        ("/?crc_token=a&nonce=n&crc%5Ftoken=b", Outcome::TokenRepeated),
        ("/?crc_token=a&crc_token=", Outcome::TokenRepeated),
        (r#"/?crc_token={"for_user_id":"1"}"#, Outcome::TokenRefused),
        ("/?crc_token=%7B%22for_user_id%22%3A%221%22%7D", Outcome::TokenRefused),
        ("/?crc_token=+%7B%7D", Outcome::TokenRefused),
        ("/?crc_token={", Outcome::TokenRefused),
        ("/?crc_token=abc%7b", Outcome::TokenRefused),
        ("/?crc_token=crc_token%3Da%26nonce%3Db", Outcome::TokenRefused),
        ("/?crc_token=%26", Outcome::TokenRefused),
        ("/?crc_token=a%00", Outcome::TokenRefused),
        ("/?crc_token=a%0A", Outcome::TokenRefused),
        ("/?crc_token=a%09b", Outcome::TokenRefused),
        ("/?crc_token=a%7F", Outcome::TokenRefused),
        ("/?crc_token=caf%C3%A9", Outcome::TokenRefused),
        ("/?crc_token=café", Outcome::TokenRefused),
        ("/?crc_token=a%FF", Outcome::TokenRefused),
        ("/?crc_token=%EF%BD%9B", Outcome::TokenRefused),
        (&format!("/?crc_token={long}"), Outcome::TokenRefused),
        (&format!("/?crc_token={long_encoded}"), Outcome::TokenRefused),
    ] {
        let reply = get(&endpoint(), target, &[]);
        assert_eq!((reply.status(), reply.outcome()), (400, reason), "{target}");
        assert!(!reply.body().is_empty() && !reply.body().starts_with(b"{"), "{target}");
        assert_eq!(reply.headers().collect::<Vec<_>>(), [("content-type", "text/plain; charset=utf-8")], "{target}");
    }
}

#[test]
fn the_token_policy_can_restrict_tokens_to_base64() {
    let strict = with(|settings| settings.token_policy = TokenPolicy::Base64);
    assert_eq!(*get(&strict, "/?crc_token=a%2Bb/c_d-e=", &[]).body(), answer(SECRET, "a+b/c_d-e="));
    for refused in ["/?crc_token=a+b", "/?crc_token=[1,2]", "/?crc_token=a.b"] {
        assert_eq!(get(&strict, refused, &[]).outcome(), Outcome::TokenRefused, "{refused}");
    }
}

#[test]
fn without_apps_every_challenge_is_503() {
    let reply = get(&Endpoint::new(Apps::none(), EndpointSettings::default()), "/?crc_token=abc", &[]);
    assert_eq!((reply.status(), reply.outcome()), (503, Outcome::NoSecret));
    assert!(reply.headers().any(|header| header == ("retry-after", "3")));
}

#[test]
fn a_present_signature_is_checked() {
    let query = "crc_token=abc&nonce=n";
    let good = signature::sign(&secret(SECRET), query.as_bytes());
    let other = signature::sign(&secret("stranger"), query.as_bytes());
    let of_another_query = signature::sign(&secret(SECRET), b"crc_token=abc&nonce=m");
    let hex = "sha256=230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5";
    let name = signature::HEADER;
    for rule in [ChallengeSignature::IfPresent, ChallengeSignature::Demanded] {
        let endpoint = with(|settings| settings.challenge_signature = rule);
        let ask = |headers: Headers<'_>| get(&endpoint, "/hook?crc_token=abc&nonce=n", headers);

        assert_eq!(*ask(&[("X-Twitter-Webhooks-Signature", &good)]).body(), answer(SECRET, "abc"));
        let headers: [Headers<'_>; 6] = [
            &[(name, &other)],
            &[(name, &of_another_query)],
            &[(name, hex)],
            &[(name, "")],
            &[(name, &good), (name, &good)],
            &[(name, &good), (name, &other)],
        ];
        for headers in headers {
            let reply = ask(headers);
            assert_eq!((reply.status(), reply.outcome()), (401, Outcome::ChallengeUnsigned), "{headers:?}");
            assert!(reply.body().is_empty(), "{headers:?}");
        }
        let demanded = rule == ChallengeSignature::Demanded;
        assert_eq!(ask(&[]).status(), if demanded { 401 } else { 200 });
    }
}

#[test]
fn a_signed_challenge_with_an_invalid_token_is_rejected() {
    let query = r#"crc_token={"for_user_id":"1"}"#;
    let signed = signature::sign(&secret(SECRET), query.as_bytes());
    let reply = get(&endpoint(), &format!("/?{query}"), &[(signature::HEADER, &signed)]);
    assert_eq!(reply.outcome(), Outcome::TokenRefused);
}

#[test]
fn a_url_with_its_own_query_may_be_signed_with_or_without_it() {
    let demanding = with(|settings| settings.challenge_signature = ChallengeSignature::Demanded);
    let ask = |signed: &str| {
        let signed = signature::sign(&secret(SECRET), signed.as_bytes());
        get(&demanding, "/?tenant=x&crc_token=abc&nonce=n", &[(signature::HEADER, &signed)]).outcome()
    };
    assert_eq!(ask("tenant=x&crc_token=abc&nonce=n"), Outcome::ChallengeAnswered);
    assert_eq!(ask("crc_token=abc&nonce=n"), Outcome::ChallengeAnswered);
    let documented = signature::sign(&secret(SECRET), b"crc_token=abc&nonce=n");
    for query in ["crc_token=abc&nonce=n&tenant=x", "nonce=n&tenant=x&crc_token=abc", "crc_token=abc&tenant=x&nonce=n"]
    {
        let reply = get(&demanding, &format!("/?{query}"), &[(signature::HEADER, &documented)]);
        assert_eq!((reply.outcome(), reply.is_signed_by_x()), (Outcome::ChallengeAnswered, true), "{query}");
    }
    for query in ["crc_token=abc&nonce=m&tenant=x", "crc_token=abc&nonce=m&nonce=n", "crc_token=abc&xnonce=n"] {
        let reply = get(&demanding, &format!("/?{query}"), &[(signature::HEADER, &documented)]);
        assert_eq!(reply.outcome(), Outcome::ChallengeUnsigned, "{query}");
    }
    for wrong in ["", "tenant=x", "nonce=n", "crc_token=abc", "&crc_token=abc&nonce=n", "crc_token=abd&nonce=n"] {
        assert_eq!(ask(wrong), Outcome::ChallengeUnsigned, "{wrong}");
    }
}

#[test]
fn the_signature_selects_the_app() {
    let query = "app=bees&crc_token=abc&nonce=n";
    let signed = signature::sign(&secret("other"), query.as_bytes());
    for selector in [AppSelector::First, AppSelector::PathSegment, AppSelector::QueryParameter("app".into())] {
        let endpoint = with(|settings| settings.app_selector = selector.clone());
        let reply = get(&endpoint, &format!("/bees?{query}"), &[(signature::HEADER, &signed)]);
        assert_eq!(*reply.body(), answer("other", "abc"), "{selector:?}");
    }
}

#[test]
fn without_a_selector_the_first_app_answers() {
    let reply = get(&with(|_| ()), "/clocks?app=clocks&crc_token=abc", &[]);
    assert_eq!(*reply.body(), answer(SECRET, "abc"));
}

#[test]
fn the_path_names_an_app() {
    let endpoint = with(|settings| settings.app_selector = AppSelector::PathSegment);
    let ask = |target: &str| get(&endpoint, target, &[]);
    assert_eq!(*ask("/hooks/clocks?crc_token=abc").body(), answer("other", "abc"));
    assert_eq!(*ask("/bees?crc_token=abc").body(), answer(SECRET, "abc"));
    for unknown in ["/hooks/wasps", "/", "/clocks/more", "/Clocks", "/hooks/clock", "/hooks/xclocks"] {
        let reply = ask(&format!("{unknown}?crc_token=abc&app=clocks"));
        assert_eq!((reply.status(), reply.outcome()), (503, Outcome::NoSecret), "{unknown}");
    }
}

#[test]
fn the_query_names_an_app() {
    let endpoint = with(|settings| settings.app_selector = AppSelector::QueryParameter("app".into()));
    let ask = |target: &str| get(&endpoint, target, &[]);
    assert_eq!(*ask("/bees?app=clocks&crc_token=abc").body(), answer("other", "abc"));
    assert_eq!(*ask("/?crc_token=abc&app=%63locks").body(), answer("other", "abc"));
    assert_eq!(*ask("/clocks?crc_token=abc").body(), answer(SECRET, "abc"));
    for unknown in ["wasps", "", "clocksx", "clock"] {
        let reply = ask(&format!("/?app={unknown}&crc_token=abc"));
        assert_eq!((reply.status(), reply.outcome()), (503, Outcome::NoSecret), "{unknown}");
    }
}

#[test]
fn signatures_can_be_ignored() {
    let endpoint = with(|settings| {
        settings.challenge_signature = ChallengeSignature::Ignored;
        settings.app_selector = AppSelector::PathSegment;
    });
    let of_the_other = signature::sign(&secret("other"), b"crc_token=abc&nonce=n");
    let name = signature::HEADER;
    let headers: [Headers<'_>; 4] =
        [&[], &[(name, "nonsense")], &[(name, &of_the_other)], &[(name, "sha256="), (name, "sha256=")]];
    for headers in headers {
        let reply = get(&endpoint, "/bees?crc_token=abc&nonce=n", headers);
        assert_eq!(*reply.body(), answer(SECRET, "abc"), "{headers:?}");
    }
    assert_eq!(get(&endpoint, "/bees?crc_token=%7B", &[]).outcome(), Outcome::TokenRefused);
    assert_eq!(get(&endpoint, "/wasps?crc_token=abc", &[]).outcome(), Outcome::NoSecret);
}

/// A text without `&` may be a token that was answered earlier, so its signature does not prove
/// that X sent it.
#[test]
fn a_signed_text_that_could_be_a_token_does_not_prove_that_x_sent_it() {
    let ask = |rule, query: &str| {
        let endpoint = with(|settings| settings.challenge_signature = rule);
        let signed = signature::sign(&secret(SECRET), query.rsplit_once("|").map_or(query, |(_, end)| end).as_bytes());
        get(&endpoint, &format!("/?{}", query.replace('|', "")), &[(signature::HEADER, &signed)]).outcome()
    };
    for bare in ["crc_token=abc", "tenant=x&|crc_token=abc"] {
        assert_eq!(ask(ChallengeSignature::Demanded, bare), Outcome::ChallengeUnsigned, "{bare}");
        assert_eq!(ask(ChallengeSignature::IfPresent, bare), Outcome::ChallengeAnswered, "{bare}");
    }
    for proof in ["crc_token=abc&nonce=n", "tenant=x&crc_token=abc", "tenant=x&|crc_token=abc&nonce=n"] {
        assert_eq!(ask(ChallengeSignature::Demanded, proof), Outcome::ChallengeAnswered, "{proof}");
    }
}

#[test]
fn is_signed_by_x_only_if_the_signature_proves_it() {
    let with_rule = |rule| with(|settings| settings.challenge_signature = rule);
    let ask = |endpoint: &Endpoint, query: &str, key: &str, text: &str| {
        let signed = signature::sign(&secret(key), text.as_bytes());
        get(endpoint, &format!("/?{query}"), &[(signature::HEADER, &signed)])
    };
    let (proof, bare) = ("crc_token=abc&nonce=n", "crc_token=abc");
    for rule in [ChallengeSignature::IfPresent, ChallengeSignature::Demanded] {
        let endpoint = with_rule(rule);
        assert!(ask(&endpoint, proof, SECRET, proof).is_signed_by_x());
        assert!(ask(&endpoint, &format!("tenant=x&{proof}"), SECRET, proof).is_signed_by_x());
        assert!(!ask(&endpoint, bare, SECRET, bare).is_signed_by_x(), "anybody can have had it signed");
        assert!(!ask(&endpoint, &format!("tenant=x&{bare}"), SECRET, bare).is_signed_by_x());
        assert!(!ask(&endpoint, proof, "stranger", proof).is_signed_by_x());
        assert!(!get(&endpoint, &format!("/?{proof}"), &[]).is_signed_by_x());
    }
    let ignoring = ask(&with_rule(ChallengeSignature::Ignored), proof, SECRET, proof);
    assert_eq!((ignoring.outcome(), ignoring.is_signed_by_x()), (Outcome::ChallengeAnswered, false));
    let refused = ask(&endpoint(), "crc_token=%7B&nonce=n", SECRET, "crc_token=%7B&nonce=n");
    assert_eq!((refused.outcome(), refused.is_signed_by_x()), (Outcome::TokenRefused, false));
}

const OAUTH2: &str = signature::HEADER_OAUTH2;

/// Sends a challenge with signatures of its query, each made with the given key, and returns the
/// reply.
fn signed_answer(endpoint: &Endpoint, target: &str, signatures: &[(&str, &str)]) -> birdhook_core::Reply {
    let query = target.split_once('?').unwrap().1;
    let made: Vec<_> =
        (signatures.iter()).map(|(header, key)| (*header, signature::sign(&secret(key), query.as_bytes()))).collect();
    let headers: Vec<_> = made.iter().map(|(header, value)| (*header, value.as_str())).collect();
    get(endpoint, target, &headers)
}

const ASKED: &str = "/?crc_token=abc&nonce=n";

#[test]
fn during_a_rotation_the_secret_that_signed_answers() {
    for (header, app) in [
        (signature::HEADER, App::new("bees", secret("new")).add_consumer_secret(secret("old"))),
        (OAUTH2, App::with_client_secret("bees", secret("new")).add_client_secret(secret("old"))),
    ] {
        let endpoint = Endpoint::new(app, EndpointSettings::default());
        for key in ["new", "old"] {
            assert_eq!(*signed_answer(&endpoint, ASKED, &[(header, key)]).body(), answer(key, "abc"), "{header} {key}");
        }
        let stranger = signed_answer(&endpoint, ASKED, &[(header, "stranger")]);
        assert_eq!(stranger.outcome(), Outcome::ChallengeUnsigned, "{header}");
        assert_eq!(*get(&endpoint, ASKED, &[]).body(), answer("new", "abc"), "{header}");
    }
}

fn app_of_both() -> App {
    App::new("bees", secret("new"))
        .add_consumer_secret(secret("old"))
        .add_client_secret(secret("client"))
        .add_client_secret(secret("old-client"))
}

#[test]
fn an_app_with_both_kinds_answers_with_the_client_secret() {
    for (app, kind, key) in [
        (App::new("bees", secret("consumer")), SecretKind::Consumer, "consumer"),
        (App::with_client_secret("bees", secret("client")), SecretKind::Client, "client"),
        (
            App::with_client_secret("bees", secret("client")).add_consumer_secret(secret("c")),
            SecretKind::Client,
            "client",
        ),
        (app_of_both(), SecretKind::Client, "client"),
        (app_of_both().answer_challenges_with(SecretKind::Consumer), SecretKind::Consumer, "new"),
    ] {
        assert_eq!(app.challenge_kind(), Some(kind));
        assert_eq!(
            *get(&Endpoint::new(app, EndpointSettings::default()), ASKED, &[]).body(),
            answer(key, "abc"),
            "{kind}"
        );
    }
}

#[test]
fn a_missing_kind_and_a_held_challenge_are_503() {
    let consumer = App::new("bees", secret("consumer"));
    for app in [
        consumer.clone().answer_challenges_with(SecretKind::Client),
        App::with_client_secret("bees", secret("client")).answer_challenges_with(SecretKind::Consumer),
        consumer.hold_challenges(),
        app_of_both().hold_challenges(),
    ] {
        let endpoint = Endpoint::new(app, EndpointSettings::default());
        for signatures in [&[][..], &[(signature::HEADER, "consumer")]] {
            let reply = signed_answer(&endpoint, ASKED, signatures);
            assert!(matches!(reply.outcome(), Outcome::NoSecret | Outcome::ChallengeUnsigned), "{signatures:?}");
        }
        assert_eq!(get(&endpoint, ASKED, &[]).status(), 503);
    }
}

/// X may not expect an answer signed with the kind that signed the GET, and a wrong 200 ends the
/// webhook.
#[test]
fn a_signature_does_not_change_the_answering_kind() {
    let by_client = Endpoint::new(app_of_both(), EndpointSettings::default());
    let by_consumer =
        Endpoint::new(app_of_both().answer_challenges_with(SecretKind::Consumer), EndpointSettings::default());
    let rows: [(Headers<'_>, &str, &str); 6] = [
        (&[(signature::HEADER, "new")], "client", "new"),
        (&[(signature::HEADER, "old")], "client", "old"),
        (&[(OAUTH2, "client")], "client", "new"),
        (&[(OAUTH2, "old-client")], "old-client", "new"),
        (&[(signature::HEADER, "old"), (OAUTH2, "client")], "client", "old"),
        (&[(signature::HEADER, "new"), (OAUTH2, "old-client")], "old-client", "new"),
    ];
    for (signatures, client, consumer) in rows {
        assert_eq!(*signed_answer(&by_client, ASKED, signatures).body(), answer(client, "abc"), "{signatures:?}");
        assert_eq!(*signed_answer(&by_consumer, ASKED, signatures).body(), answer(consumer, "abc"), "{signatures:?}");
    }
}

#[test]
fn every_signature_that_the_app_can_check_must_be_correct() {
    let rows: [&[(&str, &str)]; 6] = [
        &[(signature::HEADER, "stranger")],
        &[(OAUTH2, "stranger")],
        &[(signature::HEADER, "new"), (OAUTH2, "stranger")],
        &[(signature::HEADER, "stranger"), (OAUTH2, "client")],
        // A secret of the other kind.
        &[(signature::HEADER, "client")],
        &[(OAUTH2, "new")],
    ];
    for rule in [ChallengeSignature::IfPresent, ChallengeSignature::Demanded] {
        let endpoint = endpoint_with(app_of_both(), |settings| settings.challenge_signature = rule);
        for signatures in rows {
            let reply = signed_answer(&endpoint, ASKED, signatures);
            assert_eq!(reply.outcome(), Outcome::ChallengeUnsigned, "{rule:?} {signatures:?}");
        }
        let good = signature::sign(&secret("client"), b"crc_token=abc&nonce=n");
        for headers in [[(OAUTH2, "nonsense")].as_slice(), &[(OAUTH2, &good), (OAUTH2, &good)]] {
            assert_eq!(get(&endpoint, ASKED, headers).outcome(), Outcome::ChallengeUnsigned, "{rule:?} {headers:?}");
        }
        let both = signed_answer(&endpoint, ASKED, &[(signature::HEADER, "new"), (OAUTH2, "client")]);
        assert!(both.outcome() == Outcome::ChallengeAnswered && both.is_signed_by_x());
    }
}

#[test]
fn a_signature_of_a_kind_for_which_the_app_has_no_secret_counts_as_absent() {
    for (app, ignored, checked, key) in [
        (App::new("bees", secret("consumer")), OAUTH2, signature::HEADER, "consumer"),
        (App::with_client_secret("bees", secret("client")), signature::HEADER, OAUTH2, "client"),
    ] {
        let endpoint = Endpoint::new(app.clone(), EndpointSettings::default());
        for headers in [&[(ignored, "nonsense")][..], &[(ignored, ""), (ignored, "")]] {
            let reply = get(&endpoint, ASKED, headers);
            assert_eq!(
                (&**reply.body(), reply.is_signed_by_x()),
                (answer(key, "abc").as_bytes(), false),
                "{headers:?}"
            );
        }
        let reply = signed_answer(&endpoint, ASKED, &[(ignored, "stranger"), (checked, key)]);
        assert_eq!((&**reply.body(), reply.is_signed_by_x()), (answer(key, "abc").as_bytes(), true));
        let demanding = endpoint_with(app, |settings| settings.challenge_signature = ChallengeSignature::Demanded);
        assert_eq!(signed_answer(&demanding, ASKED, &[(ignored, key)]).outcome(), Outcome::ChallengeUnsigned);
        assert_eq!(signed_answer(&demanding, ASKED, &[(checked, key)]).outcome(), Outcome::ChallengeAnswered);
    }
}

#[test]
fn a_signature_of_either_kind_selects_the_app() {
    let two = [App::new("bees", secret("consumer")), App::with_client_secret("clocks", secret("client"))];
    let by_path = endpoint_with(apps(two.clone()), |settings| settings.app_selector = AppSelector::PathSegment);
    let by_order = Endpoint::new(apps(two), EndpointSettings::default());
    let path = |app: &str| format!("/{app}?crc_token=abc&nonce=n");
    for (signatures, key) in [([(signature::HEADER, "consumer")], "consumer"), ([(OAUTH2, "client")], "client")] {
        for endpoint in [&by_path, &by_order] {
            let reply = signed_answer(endpoint, &path("bees"), &signatures);
            assert_eq!(*reply.body(), answer(key, "abc"), "{signatures:?}");
        }
    }
    // Wrong for the other app, and not checked by the app that the URL names. Without a name, it
    // may be meant for either app.
    let stranger = [(OAUTH2, "stranger")];
    assert_eq!(*signed_answer(&by_path, &path("bees"), &stranger).body(), answer("consumer", "abc"));
    assert_eq!(signed_answer(&by_path, &path("clocks"), &stranger).outcome(), Outcome::ChallengeUnsigned);
    assert_eq!(signed_answer(&by_order, ASKED, &stranger).outcome(), Outcome::ChallengeUnsigned);
}

#[test]
fn other_methods_are_405_with_the_allowed_methods() {
    for method in ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "Post", ""] {
        let head = RequestHead::new(method, "/", Some("crc_token=abc"));
        let HeadResult::Reply(reply) = endpoint().begin(&head) else { panic!("{method} has a body") };
        assert_eq!((reply.status(), reply.outcome()), (405, Outcome::MethodNotAllowed), "{method}");
        assert!(reply.headers().any(|header| header == ("allow", "GET, POST")), "{method}");
    }
}
