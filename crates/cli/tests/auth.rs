//! Tests of `birdhook auth`, with `birdhook mock-x` as X and a user who agrees at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::{Ended, Folder, Serving, call, end, texts, with_keys};

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
            assert!(notes.read_line(&mut line).unwrap() > 0, "it prints the URL to open");
        }
        Self { process, url: line.trim().to_owned(), notes }
    }

    /// Opens the authorization page with this decision of the user. Returns the head and the body.
    fn open(&self, decision: &str) -> (String, String) {
        get(&format!("{}&{decision}", self.url))
    }

    /// Decides as the user, and follows the redirect to the command.
    fn decide(self, decision: &str) -> Ended {
        follow(&self.open(decision).0);
        self.end()
    }

    fn end(mut self) -> Ended {
        drop(self.process.stdin.take());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.notes.read_to_string(&mut stderr).unwrap();
        self.process.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { command: self.url.clone(), code: self.process.wait().unwrap().code().unwrap(), stdout, stderr }
    }
}

fn follow(head: &str) -> (String, String) {
    get(head.lines().find_map(|line| line.strip_prefix("location: ")).expect("a redirect").trim())
}

fn get(url: &str) -> (String, String) {
    let (address, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    call(address, "GET", &format!("/{path}"), &[], "")
}

struct Fixture {
    folder: Folder,
    x: Serving,
}

impl Fixture {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let x = Serving::start(&["mock-x", "--json", "--credentials", &folder.path("mock.toml")]);
        x.json();
        let mock: toml::Table = toml::from_str(&std::fs::read_to_string(folder.path("mock.toml")).unwrap()).unwrap();
        let fixture = Self { folder, x };
        let text = |name: &str| mock[name].as_str().unwrap().to_owned();
        let mut app = fixture.command(&["auth", "app"]);
        app.env("BIRDHOOK_CONSUMER_KEY", text("consumer_key")).env("BIRDHOOK_CLIENT_ID", text("client_id"));
        end(app.env("BIRDHOOK_CONSUMER_SECRET", text("consumer_secret"))).exits(0);
        fixture
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = with_keys(args, &self.folder.path("keys.toml"));
        command.env("BIRDHOOK_API_URL", self.x.url.trim_end_matches('/'));
        command
    }

    fn begin(&self, method: &str) -> Login {
        Login::begin(&mut self.command(&["auth", method, "--port", "0"]))
    }

    fn keys(&self) -> toml::Table {
        toml::from_str(&std::fs::read_to_string(self.folder.path("keys.toml")).unwrap()).unwrap()
    }

    fn known(&self) -> Vec<serde_json::Value> {
        end(&mut self.command(&["auth", "list", "--json"])).json()
    }
}

#[test]
fn a_user_authorises_the_app_in_the_browser_with_oauth1() {
    let fixture = Fixture::new("auth-user");
    let login = fixture.begin("user");
    let (head, _) = login.open("user_id=2001");
    let (head, page) = follow(&head);
    assert!(head.starts_with("HTTP/1.1 200") && page.contains("close this window"), "{head} {page}");
    let ended = login.end().exits(0).says(&["(2001) has authorised the app"]);
    let known = fixture.known();
    assert_eq!((known[0]["user_id"].as_str(), known[0]["oauth1"].as_bool()), (Some("2001"), Some(true)));

    let keys = fixture.keys();
    let secrets = [&keys["consumer_secret"], &keys["users"]["2001"]["token_secret"]];
    ended.hides(&secrets.map(|secret| secret.as_str().unwrap()));
}

#[test]
fn concurrent_logins_of_two_users_are_both_stored() {
    let fixture = Fixture::new("auth-two");
    for (method, first, second) in [("user", "2001", "2002"), ("user2", "2003", "2004")] {
        let logins = [first, second].map(|user| (user, fixture.begin(method)));
        for (user, login) in logins {
            login.decide(&format!("user_id={user}")).exits(0);
        }
    }
    assert_eq!(texts(&fixture.known(), "user_id"), ["2001", "2002", "2003", "2004"]);
}

#[test]
fn a_user_authorises_the_app_with_a_pin() {
    let fixture = Fixture::new("auth-pin");
    let mut login = Login::begin(&mut fixture.command(&["auth", "user", "--pin"]));
    let (head, page) = login.open("user_id=2002");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let pin: String = page.chars().filter(char::is_ascii_digit).collect();
    writeln!(login.process.stdin.as_mut().unwrap(), "{pin}").unwrap();
    login.end().exits(0);
    assert_eq!(fixture.known()[0]["user_id"].as_str(), Some("2002"));

    let mut login = Login::begin(&mut fixture.command(&["auth", "user", "--pin"]));
    login.open("user_id=2002");
    writeln!(login.process.stdin.as_mut().unwrap(), "0000000").unwrap();
    login.end().exits(2);
}

#[test]
fn a_user_authorises_the_app_with_oauth2_or_refuses() {
    let fixture = Fixture::new("auth-user2");
    fixture.begin("user2").decide("user_id=2001").exits(0);
    let known = fixture.known();
    assert_eq!((known[0]["oauth2"].as_bool(), known[0]["renewable"].as_bool()), (Some(true), Some(true)));

    fixture.begin("user2").decide("denied=1").exits(2);

    end(&mut fixture.command(&["auth", "forget", "2001"])).refused("pass --yes");
    end(&mut fixture.command(&["auth", "forget", "2001", "--yes"])).exits(0);
    assert!(fixture.known().is_empty());
    end(&mut fixture.command(&["auth", "forget", "2001", "--yes"])).exits(2);
}

#[test]
fn a_login_requests_the_scopes_of_the_selected_types() {
    let fixture = Fixture::new("auth-types");
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
        let mut login = Login::begin(&mut fixture.command(&[&["auth", "user2", "--port", "0"], args].concat()));
        assert!(login.url.contains(&format!("&scope={scope}")), "{}", login.url);
        login.process.kill().unwrap();
        login.process.wait().unwrap();
    }
    end(&mut fixture.command(&["auth", "user2", "--type", "likes.create"])).refused("likes.create");
}

#[test]
fn a_login_writes_only_its_token_and_reports_a_lost_one() {
    let fixture = Fixture::new("auth-alone");
    let path = fixture.folder.path("keys.toml");
    let before = fixture.keys();
    let begin = || {
        let mut command = fixture.command(&["auth", "user2", "--port", "0"]);
        let client = before["client_id"].as_str().unwrap();
        command.env("BIRDHOOK_BEARER_TOKEN", "of-the-environment").env("BIRDHOOK_CLIENT_ID", client);
        let owner = command.env("BIRDHOOK_OWNER_TOKEN", "1-o").env("BIRDHOOK_OWNER_TOKEN_SECRET", "o");
        Login::begin(owner.env("BIRDHOOK_CONSUMER_SECRET", "of-the-environment"))
    };
    begin().decide("user_id=2001").exits(0);
    let mut after = fixture.keys();
    let users = after.remove("users").unwrap();
    assert_eq!(after, before, "nothing of the environment is written");
    assert_eq!(users.as_table().unwrap().keys().collect::<Vec<_>>(), ["2001"]);

    // A directory in its place makes the file unwritable.
    let login = begin();
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    login.decide("user_id=2001").refused("the token that X issued for user 2001 is lost\ncause: ");
}

#[test]
fn auth_app_without_keys_names_the_variables_to_set() {
    let folder = Folder::new("auth-none");
    let keys = folder.path("keys.toml");
    end(&mut with_keys(&["auth", "app"], &keys)).refused("set BIRDHOOK_CONSUMER_KEY");
    assert!(!std::path::Path::new(&keys).exists());
}

#[test]
fn concurrent_runs_renew_a_token_once() {
    let fixture = Fixture::new("auth-renew");
    fixture.begin("user2").decide("user_id=2001").exits(0);
    let path = fixture.folder.path("keys.toml");
    let first = fixture.keys();
    let mut due = first.clone();
    due["users"]["2001"]["expires_at"] = "2020-01-01T00:00:00Z".into();
    std::fs::write(&path, toml::to_string(&due).unwrap()).unwrap();
    let check = ["subscriptions", "check", "1", "2001", "--sign-with", "user2"];
    let runs: Vec<_> = (0..6)
        .map(|_| {
            let mut command = fixture.command(&check);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for run in runs {
        let output = run.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        // X accepts the token; only the webhook is missing.
        assert!(stderr.contains("the webhook does not exist"), "{stderr}");
    }
    let after = fixture.keys();
    let token = |keys: &toml::Table, name: &str| keys["users"]["2001"][name].as_str().unwrap().to_owned();
    for name in ["access_token", "refresh_token", "expires_at"] {
        assert_ne!(token(&after, name), token(&due, name), "{name}");
    }
    assert_eq!(after["client_id"], first["client_id"]);
}
