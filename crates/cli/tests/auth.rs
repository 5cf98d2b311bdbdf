//! Tests of `birdhook auth`, with `birdhook mock-x` as X and a user who agrees at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::{Ended, Folder, Serving, birdhook, call, end};

/// A login that waits for the user.
struct Login {
    process: Child,
    url: String,
    notes: BufReader<std::process::ChildStderr>,
}

impl Login {
    fn begin(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut notes = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("http://") {
            line.clear();
            assert!(notes.read_line(&mut line).unwrap() > 0, "it says what to open");
        }
        Self { process, url: line.trim().to_owned(), notes }
    }

    /// Opens the authorization page with this decision of the user. Returns the head and the body.
    fn visit(&self, answer: &str) -> (String, String) {
        let (place, path) = self.url.trim_start_matches("http://").split_once('/').unwrap();
        call(&format!("http://{place}"), "GET", &format!("/{path}&{answer}"), &[], "")
    }

    fn end(mut self) -> Ended {
        drop(self.process.stdin.take());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.notes.read_to_string(&mut stderr).unwrap();
        self.process.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { code: self.process.wait().unwrap().code().unwrap(), stdout, stderr }
    }
}

/// Follows a redirect to this machine.
fn follow(head: &str) -> (String, String) {
    let to = head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a redirect");
    let (place, path) = to.trim().trim_start_matches("http://").split_once('/').unwrap();
    call(&format!("http://{place}"), "GET", &format!("/{path}"), &[], "")
}

struct Desk {
    folder: Folder,
    x: Serving,
}

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let x = Serving::start(&["mock-x", "--json", "--credentials", &folder.path("mock.toml")]);
        x.json();
        let mock: toml::Table = toml::from_str(&std::fs::read_to_string(folder.path("mock.toml")).unwrap()).unwrap();
        let desk = Self { folder, x };
        let text = |name: &str| mock[name].as_str().unwrap().to_owned();
        let mut app = desk.command(&["auth", "app"]);
        app.env("BIRDHOOK_CONSUMER_KEY", text("consumer_key")).env("BIRDHOOK_CLIENT_ID", text("client_id"));
        let kept = end(app.env("BIRDHOOK_CONSUMER_SECRET", text("consumer_secret")));
        assert_eq!(kept.code, 0, "{}", kept.stderr);
        desk
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = birdhook(args);
        command
            .env("BIRDHOOK_CREDENTIALS", self.folder.path("keys.toml"))
            .env("BIRDHOOK_API_URL", self.x.url.trim_end_matches('/'));
        command.env_remove("BIRDHOOK_CONSUMER_SECRET");
        command
    }

    fn known(&self) -> Vec<serde_json::Value> {
        end(&mut self.command(&["auth", "list", "--json"])).json()
    }
}

#[test]
fn a_user_agrees_in_the_browser_and_is_subscribed_with_the_tokens() {
    let desk = Desk::new("auth-user");
    let listening = Serving::start(&["listen"]);
    let login = Login::begin(&mut desk.command(&["auth", "user", "--port", "0"]));
    let (head, _) = login.visit("user_id=2001");
    let (head, page) = follow(&head);
    assert!(head.starts_with("HTTP/1.1 200") && page.contains("close this window"), "{head} {page}");
    let ended = login.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(ended.stderr.contains("(2001) has authorised the app"), "{}", ended.stderr);
    let known = desk.known();
    assert_eq!((known[0]["user_id"].as_str(), known[0]["oauth1"].as_bool()), (Some("2001"), Some(true)));

    // The mock's secret is not the receiver's, so this test does not register the webhook.
    let keys = std::fs::read_to_string(desk.folder.path("keys.toml")).unwrap();
    let keys: toml::Table = toml::from_str(&keys).unwrap();
    for secret in [&keys["consumer_secret"], &keys["users"]["2001"]["token_secret"]] {
        assert!(!ended.stdout.contains(secret.as_str().unwrap()) && !ended.stderr.contains(secret.as_str().unwrap()));
    }
    drop(listening);
}

#[test]
fn two_who_log_in_at_the_same_time_are_both_kept() {
    let desk = Desk::new("auth-two");
    for (method, first, second) in [("user", "2001", "2002"), ("user2", "2003", "2004")] {
        let logins =
            [first, second].map(|user| (user, Login::begin(&mut desk.command(&["auth", method, "--port", "0"]))));
        for (user, login) in logins {
            let (head, _) = login.visit(&format!("user_id={user}"));
            follow(&head);
            let ended = login.end();
            assert_eq!(ended.code, 0, "{}", ended.stderr);
        }
    }
    let known: Vec<_> = desk.known().iter().map(|user| user["user_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(known, ["2001", "2002", "2003", "2004"]);
}

#[test]
fn a_user_types_the_pin() {
    let desk = Desk::new("auth-pin");
    let mut login = Login::begin(&mut desk.command(&["auth", "user", "--pin"]));
    let (head, page) = login.visit("user_id=2002");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let pin: String = page.chars().filter(char::is_ascii_digit).collect();
    writeln!(login.process.stdin.as_mut().unwrap(), "{pin}").unwrap();
    let ended = login.end();
    assert_eq!(ended.code, 0, "{} {page}", ended.stderr);
    assert_eq!(desk.known()[0]["user_id"].as_str(), Some("2002"));

    let mut login = Login::begin(&mut desk.command(&["auth", "user", "--pin"]));
    login.visit("user_id=2002");
    writeln!(login.process.stdin.as_mut().unwrap(), "0000000").unwrap();
    let ended = login.end();
    assert_eq!(ended.code, 2, "a wrong PIN");
}

#[test]
fn a_user_agrees_to_oauth2_and_refuses_it() {
    let desk = Desk::new("auth-user2");
    let login = Login::begin(&mut desk.command(&["auth", "user2", "--port", "0"]));
    let (head, _) = login.visit("user_id=2001");
    follow(&head);
    let ended = login.end();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let known = desk.known();
    assert_eq!((known[0]["oauth2"].as_bool(), known[0]["renewable"].as_bool()), (Some(true), Some(true)));

    let login = Login::begin(&mut desk.command(&["auth", "user2", "--port", "0"]));
    let (head, _) = login.visit("denied=1");
    follow(&head);
    let ended = login.end();
    assert_eq!(ended.code, 2, "{}", ended.stdout);

    let forgotten = end(&mut desk.command(&["auth", "forget", "2001"]));
    assert!(forgotten.code == 2 && forgotten.stderr.contains("say --yes"), "{}", forgotten.stderr);
    assert_eq!(end(&mut desk.command(&["auth", "forget", "2001", "--yes"])).code, 0);
    assert!(desk.known().is_empty());
    assert_eq!(end(&mut desk.command(&["auth", "forget", "2001", "--yes"])).code, 2);
}

#[test]
fn a_login_asks_for_what_the_wanted_types_take() {
    let desk = Desk::new("auth-types");
    for (args, scope) in [
        (
            &["--type", "like.create", "--type", "broadcast.end"][..],
            "broadcast.read+like.read+offline.access+tweet.read+users.read",
        ),
        (&["--scope", "users.read"], "users.read"),
        (
            &[],
            "dm.read+dm.write+tweet.read+users.read+like.read+mute.read+block.read+follows.read+broadcast.read+offline.access",
        ),
    ] {
        let mut login = Login::begin(&mut desk.command(&[&["auth", "user2", "--port", "0"], args].concat()));
        assert!(login.url.contains(&format!("&scope={scope}")), "{}", login.url);
        login.process.kill().unwrap();
        login.process.wait().unwrap();
    }
    let unknown = end(&mut desk.command(&["auth", "user2", "--type", "likes.create"]));
    assert!(unknown.code == 2 && unknown.stderr.contains("likes.create"), "{}", unknown.stderr);
}

#[test]
fn a_login_writes_its_token_alone_and_says_which_is_lost() {
    let desk = Desk::new("auth-alone");
    let path = desk.folder.path("keys.toml");
    let read = || -> toml::Table { toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap() };
    let before = read();
    let begin = || {
        let mut command = desk.command(&["auth", "user2", "--port", "0"]);
        let client = before["client_id"].as_str().unwrap();
        command.env("BIRDHOOK_BEARER_TOKEN", "of-the-environment").env("BIRDHOOK_CLIENT_ID", client);
        let owner = command.env("BIRDHOOK_OWNER_TOKEN", "1-o").env("BIRDHOOK_OWNER_TOKEN_SECRET", "o");
        Login::begin(owner.env("BIRDHOOK_CONSUMER_SECRET", "of-the-environment"))
    };
    let login = begin();
    follow(&login.visit("user_id=2001").0);
    assert_eq!(login.end().code, 0);
    let mut after = read();
    let users = after.remove("users").unwrap();
    assert_eq!(after, before, "and nothing of the environment");
    assert_eq!(users.as_table().unwrap().keys().collect::<Vec<_>>(), ["2001"]);

    // A directory in its place makes the file unwritable.
    let login = begin();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    follow(&login.visit("user_id=2001").0);
    let ended = login.end();
    let lost = "the token of user 2001 that X has issued is lost: run `birdhook auth user2` again";
    assert!(ended.code == 2 && ended.stderr.contains(lost), "{}", ended.stderr);
}

#[test]
fn without_keys_it_says_what_to_set() {
    let folder = Folder::new("auth-none");
    let mut command = birdhook(&["auth", "app", "--credentials", &folder.path("keys.toml")]);
    let none = end(command.env_remove("BIRDHOOK_CONSUMER_SECRET"));
    assert!(none.code == 2 && none.stderr.contains("set BIRDHOOK_CONSUMER_KEY"), "{}", none.stderr);
    assert!(!std::path::Path::new(&folder.path("keys.toml")).exists());
}

#[test]
fn runs_at_the_same_time_renew_a_token_once() {
    let desk = Desk::new("auth-renew");
    let login = Login::begin(&mut desk.command(&["auth", "user2", "--port", "0"]));
    let (head, _) = login.visit("user_id=2001");
    follow(&head);
    assert_eq!(login.end().code, 0);
    let path = desk.folder.path("keys.toml");
    let first: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let mut due = first.clone();
    due["users"]["2001"]["expires_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&path, toml::to_string(&due).unwrap()).unwrap();
    let check = ["subscriptions", "check", "1", "2001", "--sign-with", "user2"];
    let runs: Vec<_> = (0..6)
        .map(|_| {
            let mut command = desk.command(&check);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        // X accepts the token; only the webhook is missing.
        assert!(said.contains("there is no such webhook"), "{said}");
    }
    let after: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let token = |keys: &toml::Table, name: &str| keys["users"]["2001"][name].as_str().unwrap().to_owned();
    for name in ["access_token", "refresh_token", "expires_at"] {
        assert_ne!(token(&after, name), token(&due, name), "{name}");
    }
    assert_eq!(after["client_id"], first["client_id"]);
}
