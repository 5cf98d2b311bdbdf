use std::sync::{Arc, Mutex};

use birdhook_client::{
    Client, ClientBuilder, CredentialKind, Credentials, Error, ErrorCause, LockedToken, RetryPolicy, TokenStore,
    TokenStoreError, TokenStoreFuture, Transport, TransportError, TransportFuture, UserToken,
};
use birdhook_core::Timestamp;
use birdhook_testkit::mock::MockToken;
use bytes::Bytes;
use http::{Request, Response};
use secrecy::ExposeSecret;

use crate::login::fixture::{Fake, Fixture, SECRET, check_login_again, concurrent_tokens};
use crate::login::pkce::token;
use crate::support::USER;

type StoredTokens = Arc<Mutex<Vec<(String, UserToken)>>>;

/// A store of one user's token, as an app may implement it. It can be made to fail.
#[derive(Clone)]
struct RecordingStore {
    token: Arc<Mutex<Option<UserToken>>>,
    lock: Arc<tokio::sync::Mutex<()>>,
    stored: StoredTokens,
    fails: Arc<Mutex<bool>>,
}

struct LockedStore(RecordingStore, String, #[expect(dead_code, reason = "held")] tokio::sync::OwnedMutexGuard<()>);

impl TokenStore for RecordingStore {
    fn get<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Option<UserToken>> {
        Box::pin(async move { Ok(self.token.lock().unwrap().clone().filter(|_| user == USER)) })
    }

    fn lock<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Box<dyn LockedToken>> {
        Box::pin(async move {
            let lock = Arc::clone(&self.lock).lock_owned().await;
            Ok(Box::new(LockedStore(self.clone(), user.to_owned(), lock)) as Box<dyn LockedToken>)
        })
    }
}

impl LockedToken for LockedStore {
    fn get(&mut self) -> TokenStoreFuture<'_, Option<UserToken>> {
        Box::pin(async { self.0.get(&self.1).await })
    }

    fn set(&mut self, token: Option<UserToken>) -> TokenStoreFuture<'_, ()> {
        Box::pin(async move {
            if *self.0.fails.lock().unwrap() {
                return Err(TokenStoreError::new("the disk is full"));
            }
            self.0.stored.lock().unwrap().extend(token.clone().map(|token| (self.1.clone(), token)));
            *self.0.token.lock().unwrap() = token;
            Ok(())
        })
    }
}

fn builder(fixture: &Fixture, store: impl TokenStore) -> ClientBuilder {
    let app = fixture.x.app();
    let credentials = Credentials::bearer_only("no bearer").user2(USER, UserToken::new("not used beside a store"));
    let secret = app.client_secret.as_ref().map(|secret| secret.as_str().into());
    fixture.client(credentials.oauth2_client(&app.client_id, secret)).token_store(store)
}

fn recording(token: UserToken) -> RecordingStore {
    let token = Arc::new(Mutex::new(Some(token)));
    RecordingStore { token, lock: Arc::default(), stored: StoredTokens::default(), fails: Arc::default() }
}

fn client(fixture: &Fixture, token: UserToken) -> (Client, StoredTokens) {
    let store = recording(token);
    (builder(fixture, store.clone()).build().unwrap().only(CredentialKind::User2), store.stored)
}

/// Makes a call as the user. For a known token, X reports that the webhook does not exist.
async fn call(client: &Client) -> Result<(), Error> {
    match client.account_activity().is_subscribed("1", USER).await {
        Err(error) if *error.cause() == ErrorCause::NoSuchWebhook => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("there is no webhook"),
    }
}

async fn calls(client: &Client) {
    let call = |client: Client| tokio::spawn(async move { call(&client).await });
    for one in (0..8).map(|_| call(client.clone())).collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_renewed_once_for_all_calls_a_minute_before_its_expiry() {
    let fixture = Fixture::new().await;
    let first = token(&fixture.oauth2()).await;
    let (client, stored) = client(&fixture, first.clone());
    fixture.advance(7139).await;
    call(&client).await.unwrap();
    assert_eq!(stored.lock().unwrap().len(), 0, "61 s are left");
    fixture.advance(1).await;
    let before = fixture.network.token_requests();
    calls(&client).await;
    assert_eq!((stored.lock().unwrap().len(), fixture.network.token_requests() - before), (1, 1));
    let (user, second) = stored.lock().unwrap()[0].clone();
    assert_eq!(user, USER);
    assert_ne!(second.access.expose_secret(), first.access.expose_secret());
    let sent = fixture.network.sent().last().unwrap().clone();
    assert_eq!(sent.headers()["authorization"], format!("Bearer {}", second.access.expose_secret()));

    // The new token is renewed in its turn, long after the first one expired.
    fixture.advance(7200).await;
    calls(&client).await;
    assert_eq!((stored.lock().unwrap().len(), fixture.network.token_requests() - before), (2, 2));
    // The stored token is the one that works.
    let (_, third) = stored.lock().unwrap()[1].clone();
    assert_eq!(fixture.oauth2().user_id(&third).await.unwrap(), USER);
    fixture.oauth2().refresh(&third).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_token_is_renewed_once_for_all_calls() {
    let fixture = Fixture::confidential().await;
    let first = token(&fixture.oauth2()).await;
    // Without an expiry, the client learns only from X's refusal that the token has expired.
    let kept = UserToken::new(first.access.clone()).refresh(first.refresh.clone().unwrap());
    let (client, stored) = client(&fixture, kept);
    call(&client).await.unwrap();
    fixture.x.expire(&MockToken::new(first.access.expose_secret()));
    let before = fixture.network.token_requests();
    calls(&client).await;
    assert_eq!((stored.lock().unwrap().len(), fixture.network.token_requests() - before), (1, 1));
}

#[tokio::test]
async fn clones_share_the_renewed_token() {
    let fixture = Fixture::new().await;
    let first = token(&fixture.oauth2()).await;
    let (client, stored) = client(&fixture, first);
    let clone = client.clone().only(CredentialKind::User2);
    fixture.advance(8000).await;
    call(&client).await.unwrap();
    call(&clone).await.unwrap();
    assert_eq!(stored.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_unchanged() {
    let fixture = Fixture::new().await;
    let first = token(&fixture.oauth2()).await;
    let expired = UserToken::new(first.access.clone()).expires_at(first.expires_at.unwrap());
    let (no_refresh, _) = client(&fixture, expired);
    let credentials = Credentials::bearer_only("no bearer").user2(USER, first);
    let no_client_id = fixture.client(credentials).build().unwrap();
    let before = fixture.network.token_requests();
    for client in [no_refresh, no_client_id.only(CredentialKind::User2)] {
        call(&client).await.unwrap();
    }
    fixture.advance(7200).await;
    let (no_refresh, _) = client(&fixture, UserToken::new("void"));
    let error = call(&no_refresh).await.unwrap_err();
    assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::Unauthenticated, 401));
    assert_eq!(fixture.network.token_requests(), before);
}

#[tokio::test]
async fn a_refused_renewal_is_an_error_with_a_fix() {
    let fixture = Fixture::new().await;
    let first = token(&fixture.oauth2()).await;
    fixture.oauth2().refresh(&first).await.unwrap();
    let (client, stored) = client(&fixture, first);
    fixture.advance(7200).await;
    let error = call(&client).await.unwrap_err();
    let expected = "POST /2/oauth2/token: X does not renew the user's token (400, invalid_request): Value passed for the token was invalid.";
    assert_eq!((error.cause(), error.to_string().as_str()), (&ErrorCause::NotRenewed, expected));
    assert!(!error.is_retryable());
    check_login_again(&error);
    assert_eq!(stored.lock().unwrap().len(), 0);

    let refused = r#"{"error":"unauthorized_client","error_description":"Missing valid authorization header"}"#;
    fixture.network.fake(Some(("/2/oauth2/token", Ok((401, refused)))));
    let error = call(&client).await.unwrap_err();
    assert!(error.fix().starts_with("run `birdhook auth app`"), "the app is wrong, not the user: {}", error.fix());
}

#[tokio::test]
async fn a_valid_token_is_used_while_x_cannot_renew_it() {
    let fixture = Fixture::new().await;
    let first = token(&fixture.oauth2()).await;
    let (client, stored) = client(&fixture, first);
    fixture.advance(7150).await;
    let unreachable = TransportError::Connect("nobody listens".to_owned());
    let failures: [(Fake, ErrorCause); 3] = [
        (("/2/oauth2/token", Ok((503, "{}"))), ErrorCause::Down),
        (("/2/oauth2/token", Ok((429, "{}"))), ErrorCause::RateLimited { until: None }),
        (("/2/oauth2/token", Err(unreachable.clone())), ErrorCause::NoResponse(unreachable)),
    ];
    for (failure, _) in failures.clone() {
        fixture.network.fake(Some(failure));
        call(&client).await.unwrap();
    }
    fixture.advance(50).await;
    for (failure, cause) in failures {
        fixture.network.fake(Some(failure));
        let before = fixture.network.sent().len();
        let error = call(&client).await.unwrap_err();
        assert_eq!((error.cause(), error.call()), (&cause, "POST /2/oauth2/token"));
        assert!(error.is_retryable());
        assert_eq!(fixture.network.sent().len() - before, 1, "nothing is sent with a token that has ended");
    }
    fixture.network.fake(None);
    call(&client).await.unwrap();
    assert_eq!(stored.lock().unwrap().len(), 1);
}

/// A transport that never responds to a renewal, but to all other requests.
#[derive(Clone, Default)]
struct SilentTransport(Arc<Mutex<Vec<String>>>);

impl Transport for SilentTransport {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        Box::pin(async move {
            self.0.lock().unwrap().push(request.uri().path().to_owned());
            if request.uri().path() == "/2/oauth2/token" {
                std::future::pending::<()>().await;
            }
            Ok(Response::builder().status(404).body(Bytes::new()).unwrap())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_times_out_after_10_s_and_is_not_repeated() {
    let (silent, now) = (SilentTransport::default(), Arc::new(Mutex::new(0)));
    let token = UserToken::new("a").refresh("r").expires_at(Timestamp::from_millis(30_000));
    let store = recording(token.clone());
    let credentials = Credentials::bearer_only("b").oauth2_client("id", None);
    let clock = Arc::clone(&now);
    // The client has retries, which must not repeat a renewal.
    let client = Client::builder(credentials).transport(silent.clone()).token_store(store.clone());
    let client = client.clock(move || Timestamp::from_millis(*clock.lock().unwrap())).build().unwrap();
    let sent = || silent.0.lock().unwrap().iter().filter(|path| *path == "/2/oauth2/token").count();
    let begun = tokio::time::Instant::now();
    assert_eq!(client.access_token(USER).await.unwrap().expose_secret(), "a", "it has 30 s left");
    assert_eq!((begun.elapsed().as_secs(), sent()), (10, 1));
    *now.lock().unwrap() = 60_000;
    for _ in 0..3 {
        let error = client.only(CredentialKind::User2).account_activity().is_subscribed("1", USER).await.unwrap_err();
        let expected = "POST /2/oauth2/token: X does not renew the user's token: no response in time; X may have \
                        accepted the refresh token, which will not be sent again";
        assert_eq!((error.to_string().as_str(), error.cause()), (expected, &ErrorCause::NotRenewed));
        assert!(!error.is_retryable());
        assert!(error.fix().contains("`birdhook auth user2` and have user 2001 authorise the app"), "{}", error.fix());
    }
    assert_eq!((begun.elapsed().as_secs(), sent()), (10, 1));
    // The user has logged in again.
    let next = UserToken::new("next").refresh("r2");
    client.token_store().set(USER, Some(next)).await.unwrap();
    assert_eq!(client.access_token(USER).await.unwrap().expose_secret(), "next");
}

#[tokio::test]
async fn an_aborted_caller_does_not_lose_the_new_token() {
    let fixture = Fixture::confidential().await;
    let first = token(&fixture.oauth2()).await;
    let (client, stored) = client(&fixture, first);
    fixture.advance(7200).await;
    fixture.network.held.send_replace(true);
    fixture.network.waiting.send_replace(0);
    let caller = tokio::spawn({
        let client = client.clone();
        async move { call(&client).await }
    });
    fixture.network.waiting.subscribe().wait_for(|many| *many == 1).await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    fixture.network.held.send_replace(false);
    call(&client).await.unwrap();
    assert_eq!(stored.lock().unwrap().len(), 1, "the refresh token works once, and what it got was kept");
    assert!(!format!("{client:?}").contains(SECRET));
}

#[tokio::test]
async fn a_call_that_fails_after_a_renewal_is_not_repeated() {
    let fixture = Fixture::new().await;
    let first = token(&fixture.oauth2()).await;
    let (client, stored) = client(&fixture, first);
    fixture.network.fake(Some(("/subscriptions/all", Ok((401, "{}")))));
    let before = fixture.network.sent().len();
    assert_eq!(call(&client).await.unwrap_err().cause(), &ErrorCause::Unauthenticated);
    assert_eq!((fixture.network.sent().len() - before, stored.lock().unwrap().len()), (3, 1), "call, renewal, call");
}

#[tokio::test]
async fn a_token_that_the_store_rejects_is_stored_by_the_next_call() {
    let fixture = Fixture::new().await;
    let store = recording(token(&fixture.oauth2()).await);
    let client = builder(&fixture, store.clone()).build().unwrap();
    fixture.advance(7200).await;
    let before = fixture.network.token_requests();
    *store.fails.lock().unwrap() = true;
    for _ in 0..2 {
        let error = client.access_token(USER).await.unwrap_err();
        let expected = "the disk is full; the renewed token of user 2001 is lost if this process ends before it is \
                        stored; then run `birdhook auth user2`";
        assert_eq!((error.cause(), error.message()), (&ErrorCause::TokenStore, Some(expected)));
        assert!(!error.is_retryable(), "{error}");
    }
    *store.fails.lock().unwrap() = false;
    let token = client.access_token(USER).await.unwrap();
    assert_eq!(fixture.network.token_requests() - before, 1, "the refresh token works once");
    let stored = store.stored.lock().unwrap().clone();
    let [(_, kept)] = stored.as_slice() else { panic!("{}", stored.len()) };
    assert_eq!(kept.access.expose_secret(), token.expose_secret());
    assert_eq!(fixture.oauth2().user_id(kept).await.unwrap(), USER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_in_memory_are_renewed_once_for_all_clones() {
    let fixture = Fixture::new().await;
    let credentials = Credentials::bearer_only("b").user2(USER, token(&fixture.oauth2()).await);
    let credentials = credentials.oauth2_client(&fixture.x.app().client_id, None);
    let client = fixture.client(credentials).retries(RetryPolicy::default()).build().unwrap();
    fixture.advance(7200).await;
    let before = fixture.network.token_requests();
    let tokens = concurrent_tokens(std::slice::from_ref(&client), 8).await;
    assert_eq!((tokens.len(), fixture.network.token_requests() - before), (1, 1));
    let error = client.access_token("3003").await.unwrap_err();
    assert_eq!(error.cause(), &ErrorCause::NoCredential(&[CredentialKind::User2]));
    // A user who logs in later.
    let theirs = UserToken::new("theirs");
    client.token_store().set("3003", Some(theirs)).await.unwrap();
    assert_eq!(client.access_token("3003").await.unwrap().expose_secret(), "theirs");
}

#[tokio::test]
async fn revoked_tokens_stop_working_and_leave_the_store() {
    for fixture in [Fixture::new().await, Fixture::confidential().await] {
        let first = token(&fixture.oauth2()).await;
        let store = recording(first.clone());
        let client = builder(&fixture, store.clone()).build().unwrap();
        fixture.network.fake(Some(("/2/oauth2/revoke", Ok((503, "")))));
        let error = client.revoke(USER).await.unwrap_err();
        assert_eq!((error.cause(), error.call()), (&ErrorCause::Down, "POST /2/oauth2/revoke"));
        assert!(store.token.lock().unwrap().is_some(), "what may still work is kept");
        fixture.network.fake(None);
        client.revoke(USER).await.unwrap();
        assert!(store.token.lock().unwrap().is_none());
        fixture.oauth2().user_id(&first).await.unwrap_err();
        fixture.oauth2().refresh(&first).await.unwrap_err();
        let error = client.revoke(USER).await.unwrap_err();
        assert_eq!(error.cause(), &ErrorCause::NoCredential(&[CredentialKind::User2]));
        for request in fixture.network.sent().iter() {
            let shown = format!("{request:?}");
            assert!(!shown.contains("Basic ") || request.headers()["authorization"].is_sensitive(), "{shown}");
        }
    }
}
