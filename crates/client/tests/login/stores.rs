use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use birdhook_client::{
    Client, ClientBuilder, Credentials, ErrorCause, FileTokenStore, HttpsTransport, RetryPolicy, TokenStore, Transport,
    TransportFuture, UserToken,
};
use birdhook_core::Timestamp;
use bytes::Bytes;
use http::Request;
use secrecy::ExposeSecret;

use crate::login::fixture::{Fixture, check_login_again, concurrent_tokens};
use crate::login::pkce::token;
use crate::support::{START, USER};

/// The variable that configures a process which another test starts.
///
/// It holds the store's folder, the mock's URL, the client id and the time.
const ASKED: &str = "BIRDHOOK_TEST_TOKENS";

fn builder(folder: &Path, url: &str, id: &str, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> ClientBuilder {
    let credentials = Credentials::bearer_only("no bearer").oauth2_client(id, None);
    let builder = Client::builder(credentials).base_url(url).clock(now).retries(RetryPolicy::never());
    builder.token_store(FileTokenStore::new(folder))
}

fn client(fixture: &Fixture, folder: &Path) -> Client {
    let clock = fixture.x.clock();
    builder(folder, &fixture.x.url(), &fixture.x.app().client_id, move || clock.now()).build().unwrap()
}

/// Returns the client that another process was asked to create, if this process is one.
fn asked() -> Option<ClientBuilder> {
    let asked = std::env::var(ASKED).ok()?;
    let [folder, url, client_id, now] = asked.split('\n').collect::<Vec<_>>().try_into().unwrap();
    let now = Timestamp::from_millis(now.parse().unwrap());
    Some(builder(Path::new(folder), url, client_id, move || now))
}

/// Starts this test in another process, with the variable set.
fn other_process(fixture: &Fixture, folder: &Path, test: &str) -> Child {
    let now = fixture.x.clock().now().as_millis();
    let asked = format!("{}\n{}\n{}\n{now}", folder.display(), fixture.x.url(), fixture.x.app().client_id);
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args([test, "--nocapture"]).env(ASKED, asked).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

async fn due() -> (Fixture, tempfile::TempDir) {
    let (fixture, folder) = (Fixture::new().await, tempfile::tempdir().unwrap());
    let first = token(&fixture.oauth2()).await;
    FileTokenStore::new(folder.path()).set(USER, Some(first)).await.unwrap();
    fixture.advance(7200).await;
    (fixture, folder)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_share_a_folder_renew_one_at_a_time() {
    let (fixture, folder) = due().await;
    for round in 0..5 {
        let clients: Vec<_> = (0..4).map(|_| client(&fixture, folder.path())).collect();
        let tokens = concurrent_tokens(&clients, 3).await;
        assert_eq!(tokens.len(), 1, "round {round}: the mock refuses a refresh token that was used");
        fixture.advance(7200).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_share_a_folder_renew_one_at_a_time() {
    if let Some(client) = asked() {
        let tokens = concurrent_tokens(&[client.build().unwrap()], 4).await;
        tokens.iter().for_each(|token| println!("token {token}"));
        return;
    }
    let (fixture, folder) = due().await;
    let name = "processes_that_share_a_folder_renew_one_at_a_time";
    let processes: Vec<_> = (0..3).map(|_| other_process(&fixture, folder.path(), name)).collect();
    let mut tokens = std::collections::BTreeSet::new();
    for process in processes {
        let output = tokio::task::spawn_blocking(|| process.wait_with_output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let found: Vec<_> = said.lines().filter_map(|line| line.split("token ").nth(1)).map(str::to_owned).collect();
        assert_eq!(found.len(), 1, "{said}");
        tokens.extend(found);
    }
    assert_eq!(tokens.len(), 1, "the mock refuses a refresh token that was used");
}

/// The transport of a process that is killed once X has responded to a renewal.
struct KilledTransport(HttpsTransport);

#[expect(clippy::print_stdout, reason = "the other process reads it")]
impl Transport for KilledTransport {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        Box::pin(async move {
            let answer = self.0.send(request).await?;
            println!("status {}", answer.status().as_u16());
            std::future::pending::<()>().await;
            Ok(answer)
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_before_the_write_leaves_the_store_intact_and_unlocked() {
    if let Some(builder) = asked() {
        let doomed = KilledTransport(HttpsTransport::new(std::time::Duration::from_secs(10)).unwrap());
        builder.transport(doomed).build().unwrap().access_token(USER).await.unwrap();
        unreachable!("it is killed");
    }
    let (fixture, folder) = due().await;
    FileTokenStore::new(folder.path()).set("3003", Some(UserToken::new("theirs"))).await.unwrap();
    let path = folder.path().join("2001.json");
    let before = std::fs::read(&path).unwrap();
    let name = "a_process_killed_before_the_write_leaves_the_store_intact_and_unlocked";
    let mut other = other_process(&fixture, folder.path(), name);
    let said = tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(other.stdout.take().unwrap()).lines();
        let said = lines.map(Result::unwrap).find(|line| line.contains("status "));
        other.kill().unwrap();
        other.wait().unwrap();
        said
    });
    assert!(said.await.unwrap().unwrap().ends_with("status 200"), "X has accepted the refresh token");
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let client = client(&fixture, folder.path());
    let error = client.access_token(USER).await.unwrap_err();
    assert_eq!(error.cause(), &ErrorCause::NotRenewed, "{error}");
    check_login_again(&error);
    assert_eq!(client.access_token("3003").await.unwrap().expose_secret(), "theirs");
}

#[tokio::test]
async fn a_client_waits_for_the_lock_and_uses_the_stored_token() {
    let (fixture, folder) = due().await;
    let store = FileTokenStore::new(folder.path());
    let mut held = store.lock(USER).await.unwrap();
    let client = client(&fixture, folder.path());
    let mut waiting = Box::pin(client.access_token(USER));
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), &mut waiting).await.is_err(), "it is locked");
    assert!(store.get(USER).await.unwrap().is_some(), "reading does not wait");
    held.set(Some(UserToken::new("of another process"))).await.unwrap();
    drop(held);
    assert_eq!(waiting.await.unwrap().expose_secret(), "of another process");
    // Another user's token has its own lock.
    let _held = store.lock(USER).await.unwrap();
    store.set("3003", Some(UserToken::new("theirs"))).await.unwrap();
}

#[tokio::test]
async fn a_stored_token_is_read_back_and_private() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(folder.path().join("new").join("tokens"));
    assert!(store.get(USER).await.unwrap().is_none());
    let kept = UserToken::new("a").refresh("r").expires_at(Timestamp::from_millis(START)).scope("like.read");
    store.set(USER, Some(kept)).await.unwrap();
    let read = store.get(USER).await.unwrap().unwrap();
    assert_eq!((read.access.expose_secret(), read.refresh.unwrap().expose_secret()), ("a", "r"));
    assert_eq!((read.expires_at.unwrap().as_millis(), read.scope.as_deref()), (START, Some("like.read")));
    let path = folder.path().join("new/tokens/2001.json");
    #[cfg(unix)]
    for (path, expected) in
        [(&path, 0o600), (&path.with_extension("lock"), 0o600), (&path.parent().unwrap().to_owned(), 0o700)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, expected, "{}", path.display());
    }
    store.set(USER, None).await.unwrap();
    store.set(USER, None).await.unwrap();
    assert!(store.get(USER).await.unwrap().is_none());
    assert!(path.with_extension("lock").exists(), "a lock that is deleted excludes nobody");

    for unreadable in ["", r#"{"access_token": 5secret"#] {
        std::fs::write(&path, unreadable).unwrap();
        let error = store.get(USER).await.unwrap_err().to_string();
        assert!(error.ends_with("2001.json does not hold a token") && !error.contains("5secret"), "{error}");
    }
    let client = builder(path.parent().unwrap(), "http://127.0.0.1:1", "id", || Timestamp::from_millis(0));
    let client = client.build().unwrap();
    assert_eq!(client.access_token(USER).await.unwrap_err().cause(), &ErrorCause::TokenStore);
    for id in ["", "..", "../2001", "a/b", "2001.json", "C:", "ü"] {
        assert!(store.get(id).await.is_err() && store.lock(id).await.is_err(), "{id:?}");
    }
}

const GOLDEN: [(&str, &str); 2] = [
    ("2001", include_str!("../golden/tokens-0.1/2001.json")),
    ("3003", include_str!("../golden/tokens-0.1/3003.json")),
];

#[tokio::test]
async fn token_files_of_version_0_1_are_read_and_written_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(folder.path());
    for (user, text) in GOLDEN {
        let path = folder.path().join(format!("{user}.json"));
        for text in [text.to_owned(), text.replacen('{', r#"{"version":1,"#, 1)] {
            std::fs::write(&path, text).unwrap();
            let read = store.get(user).await.unwrap().unwrap();
            assert_eq!(read.access.expose_secret(), format!("access-{user}"));
            let (refresh, scope) = (read.refresh.as_ref().map(ExposeSecret::expose_secret), read.scope.as_deref());
            let expires_at = read.expires_at.map(Timestamp::as_millis);
            let expected = match user {
                "2001" => (Some("refresh-2001"), Some("like.read users.read offline.access"), Some(1_795_433_400_000)),
                _ => (None, None, None),
            };
            assert_eq!((refresh, scope, expires_at), expected);
            store.set(user, Some(read)).await.unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn token_files_of_later_versions_are_refused_and_stay() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileTokenStore::new(folder.path());
    let path = folder.path().join("2001.json");
    // A later version may have members of another form.
    let later = [GOLDEN[0].1.replacen('{', r#"{"version":2,"#, 1), r#"{"version":2,"tokens":["5secret"]}"#.to_owned()];
    for text in later {
        std::fs::write(&path, &text).unwrap();
        let known = "this version of birdhook reads versions up to 1";
        let expected = format!("{} has version 2, but {known}: upgrade birdhook", path.display());
        let mut locked = store.lock(USER).await.unwrap();
        for refused in [
            store.get(USER).await.map(drop),
            locked.get().await.map(drop),
            locked.set(Some(UserToken::new("new"))).await,
            locked.set(None).await,
        ] {
            assert_eq!(refused.unwrap_err().to_string(), expected);
        }
        drop(locked);
        assert_eq!(store.set(USER, Some(UserToken::new("new"))).await.unwrap_err().to_string(), expected);
        let client = builder(folder.path(), "http://127.0.0.1:1", "id", || Timestamp::from_millis(0)).build().unwrap();
        assert_eq!(client.access_token(USER).await.unwrap_err().cause(), &ErrorCause::TokenStore);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
