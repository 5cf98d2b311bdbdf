//! For any response of X, each call ends, with the content of the response or with an error that
//! contains no credentials.
//!
//! The input is a line with the status, header lines, an empty line, and the body. Each call of
//! each API gets this response.
#![no_main]

use birdhook_client::api::{NewSubscription, ReplaySpan, SubscriptionChange};
use birdhook_client::{
    AccessToken, Client, ConsumerKeys, Credentials, DesiredState, ErrorCause, Filter, ManagementApi, RetryPolicy,
    UserToken, probe,
};
use birdhook_core::Timestamp;
use birdhook_fuzz::now;
use birdhook_fuzz::x::X;
use libfuzzer_sys::{Corpus, fuzz_target};

const SECRET: &str = "hunter2";

fuzz_target!(|data: &[u8]| -> Corpus {
    let Some(x) = X::read(data) else { return Corpus::Reject };
    let echoes = data.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes());
    let secret = |name: &str| format!("{name}-{SECRET}");
    let token = |id: &str| AccessToken::new(secret(id), secret("token"));
    let credentials = Credentials::new(ConsumerKeys::new("key", secret("consumer")))
        .bearer(secret("bearer"))
        .owner(token("1"))
        .user("2", token("2"))
        .user2("2", UserToken::new(secret("access")));
    let client = Client::builder(credentials)
        .transport(x.clone())
        .retries(RetryPolicy::never())
        .clock(|| Timestamp::from_millis(1_795_426_200_000))
        .build()
        .expect("a transport of our own");
    let span = ReplaySpan::around(Timestamp::from_millis(1_795_420_000_000), Timestamp::from_millis(1_795_421_000_000));
    let span = span.expect("one is after the other");
    let (new, change) = (NewSubscription::new("like.create", Filter::user("2")), SubscriptionChange::default());

    let status = x.answer.status();
    // Checks a call that may retry on another path, or accept an error as an answer.
    let lenient = |call: &str, error: Option<birdhook_client::Error>| {
        assert!(x.times_asked() <= 3, "{call}");
        let Some(error) = error else { return };
        let told = format!("{error} {error:?} {} {}", error.fix(), error.call());
        assert!(echoes || !told.contains(SECRET), "{told}");
        if status.is_server_error() {
            assert!(matches!(error.cause(), ErrorCause::Down | ErrorCause::RateLimited { .. }), "{status}: {told}");
        } else if status.as_u16() == 429 {
            let is_limit =
                matches!(error.cause(), ErrorCause::RateLimited { .. } | ErrorCause::UsageCap | ErrorCause::NoCredits);
            assert!(is_limit, "{told}");
        } else {
            assert_ne!(*error.cause(), ErrorCause::Down, "{status}: {told}");
        }
        assert!(status.is_success() || error.status() == Some(status), "{told}");
    };
    macro_rules! each {
        ($($api:ident: $($call:ident($($argument:expr),*)),*;)*) => {$($(
            let (call, result) = (stringify!($api.$call), now($api.$call($($argument),*)));
            // `is_subscribed` accepts some errors as an answer.
            let may = call.ends_with("is_subscribed");
            assert!(status.is_success() || may || result.is_err(), "{call} is taken for done at {status}");
            lenient(call, result.err());
        )*)*};
    }
    let (webhooks, account, activity) = (client.webhooks(), client.account_activity(), client.activity());
    let (premium, enterprise, links) = (client.premium("env"), client.enterprise(), client.stream_links());
    const URL: &str = "https://app.example/hooks";
    let ids = ["5".to_owned(), "6".to_owned()];
    each! {
        webhooks: register(URL), list(), validate("5"), delete("5"), replay("5", span);
        account: subscribe("5", "2"), is_subscribed("5", "2"), subscribers("5"), count(), unsubscribe("5", "2");
        activity: create(&new), page(10, None), list(), update("5", &change), delete("5"), delete_many(&ids);
        premium: register(URL), list(), environments(), challenge("5"), delete("5");
        premium: subscribe("2"), is_subscribed("2"), subscribers(), count(), unsubscribe("2");
        enterprise: register(URL), list(), challenge("5"), delete("5"), replay("5", span);
        enterprise: subscribe("5", "2"), is_subscribed("5", "2"), subscribers("5"), count(), unsubscribe("5", "2");
        links: create("5", &[]), list(), delete("5");
    }

    // The probe must fail, because no fixed response answers a random token.
    assert!(now(probe(&client, URL)).is_err());
    for api in [ManagementApi::V2, ManagementApi::Enterprise] {
        let wanted = DesiredState::new(URL).api(api).account_activity("2");
        let wanted = if api == ManagementApi::V2 { wanted.activity("like.create", Filter::user("2")) } else { wanted };
        x.times_asked();
        if let Ok(plan) = now(client.ensure(&wanted).without_probe().plan()) {
            assert!(status.is_success());
            let _ = plan.to_string();
        }
    }
    Corpus::Keep
});
